"""Lists of others, read in a process of its own, with limits: what parses them may be made to break by them.

The one thing to know: one `Reader` is for the files of one party. What broke out of a parser could still tell lies
about the next file; what it says of its own is held against a shape, see `connectors.files.replies`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from connectors.files import replies
from connectors.files.accounts import Accounts, read_accounts
from connectors.files.answers import Answers, read_answers
from connectors.files.cleaning import Cleaned, cleaned
from connectors.files.corrections import corrected
from connectors.files.inbox import look, require_same
from connectors.files.process import BrokenOffError, Child
from connectors.files.reading import Reading
from connectors.files.source import NO_HINTS, Hints, ListRead, read_headings, read_list
from overlap.errors import ConfigError, GuardError

if TYPE_CHECKING:
    from config.lists import ListsSettings
    from config.partners import PartnerSettings
    from overlap.erasing import Marks

COMMAND: Final = (sys.executable, "-s", "-P", "-m", "connectors.files.child")
Result = TypeVar("Result")


class Reader:
    """Reads files within *limits*; a context. The process starts with the first file, and anew after one that broke it.

    *command* is what starts it.
    """

    def __init__(self, limits: ListsSettings, command: Sequence[str] = COMMAND) -> None:
        self._limits = limits
        self._command = command
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        """The process at work, None if there is none."""
        return self._child.pid if self._child else None

    def read_list(self, path: Path, partner: str, settings: PartnerSettings, hints: Hints = NO_HINTS) -> ListRead:
        """Do what `connectors.files.source.read_list` does.

        Raises:
            ConfigError: as there.
            GuardError: as there; or *path* is too large, takes more than the limits, or changed while it was read.
        """
        before = look(path, self._limits.file_mb)
        if self._limits.separate_process:
            request = {"read": "list", "partner": partner, **_told(settings, hints)}
            reply, tables = self._ask(path, request, 2)
            found = self._believed(path, lambda: replies.list_read(reply, tables, partner, self._limits.memory_mb))
        else:
            found = read_list(path, partner, settings, hints)
        require_same(path, before, self._limits.file_mb)
        return found

    def read_headings(self, path: Path, partner: str, settings: PartnerSettings, hints: Hints = NO_HINTS) -> Reading:
        """Do what `connectors.files.source.read_headings` does; raises what `read_list` raises."""
        before = look(path, self._limits.file_mb)
        if self._limits.separate_process:
            request = {"read": "headings", "partner": partner, **_told(settings, hints)}
            reply, _ = self._ask(path, request, 0)
            found = self._believed(path, lambda: replies.reading(reply))
        else:
            found = read_headings(path, partner, settings, hints)
        require_same(path, before, self._limits.file_mb)
        return found

    def read_accounts(self, path: Path, id_column: str | None = None) -> Accounts:
        """Do what `connectors.files.accounts.read_accounts` does; raises what `read_list` raises."""
        before = look(path, self._limits.file_mb)
        if self._limits.separate_process:
            reply, tables = self._ask(path, {"read": "accounts", "id_column": id_column}, 1)
            found = self._believed(path, lambda: replies.accounts(reply, tables, self._limits.memory_mb))
        else:
            found = read_accounts(path, id_column)
        require_same(path, before, self._limits.file_mb)
        return found

    def correct(
        self, path: Path, corrections: Path, settings: PartnerSettings, target: Path, hints: Hints = NO_HINTS
    ) -> int:
        """Do what `connectors.files.corrections.corrected` does; raises what `read_list` raises."""
        before = look(path, self._limits.file_mb), look(corrections, self._limits.file_mb)
        if self._limits.separate_process:
            request = {"read": "corrected", "corrections": str(corrections.absolute())}
            reply, tables = self._ask(path, {**request, **_told(settings, hints)}, 1)
            count = self._believed(path, lambda: replies.corrections(reply, tables, target, self._limits.memory_mb))
        else:
            count = corrected(path, corrections, settings, target, hints)
        require_same(path, before[0], self._limits.file_mb)
        require_same(corrections, before[1], self._limits.file_mb)
        return count

    def clean(self, path: Path, partner: str, settings: PartnerSettings, hints: Hints, erased: Marks) -> Cleaned | None:
        """Do what `connectors.files.cleaning.cleaned` does; raises what `read_list` raises."""
        before = look(path, self._limits.file_mb)
        if self._limits.separate_process:
            persons = {"workspace_id": erased.workspace_id, "marks": sorted(erased.marks)}
            request = {"read": "cleaned", "partner": partner, **persons, **_told(settings, hints)}
            reply, tables = self._ask(path, request, 1)
            found = self._believed(path, lambda: replies.cleaning(reply, tables, self._limits.memory_mb))
        else:
            found = cleaned(path, partner, settings, hints, erased)
        require_same(path, before, self._limits.file_mb)
        return found

    def read_answers(self, path: Path) -> Answers | None:
        """Do what `connectors.files.answers.read_answers` does; raises what `read_list` raises."""
        before = look(path, self._limits.file_mb)
        if self._limits.separate_process:
            reply, tables = self._ask(path, {"read": "answers"}, 1)
            found = self._believed(path, lambda: replies.answers(reply, tables, self._limits.memory_mb))
        else:
            found = read_answers(path)
        require_same(path, before, self._limits.file_mb)
        return found

    def _ask(self, path: Path, request: dict[str, Any], tables: int) -> tuple[Any, list[Path]]:
        """Return the reply to *request* on the file at *path*, and where its tables lie.

        Raises:
            ConfigError: a setting is wrong.
            GuardError: the file is held.
        """
        limits = self._limits
        if self._child is None:
            self._child = Child(self._command, {"memory_mb": limits.memory_mb, "cpu_s": limits.cpu_s})
        names = [f"{at}.parquet" for at in range(tables)]
        try:
            reply = self._child.ask({**request, "path": str(path.absolute()), "tables": names}, limits.wall_s)
        except BrokenOffError as error:
            self._end()
            raise GuardError(self._why(path, error.kind)) from error
        refusal = self._believed(path, lambda: replies.refusal(reply))
        if refusal is None:
            return reply, [self._child.folder / name for name in names]
        if refusal.refused is not None:
            raise ConfigError(refusal.refused)
        if refusal.memory:
            self._end()
        raise GuardError(self._why(path, "memory") if refusal.memory else refusal.held or "held")

    def _believed(self, path: Path, read: Callable[[], Result]) -> Result:
        try:
            return read()
        except replies.NonsenseError as error:
            self._end()
            raise GuardError(self._why(path, "nonsense")) from error

    def _why(self, path: Path, kind: str) -> str:
        limits = self._limits
        more = "send the list in parts or as .parquet, or raise"
        known = {
            "memory": f"reading it takes more than {limits.memory_mb:,} MB of memory; {more} memory_mb in [lists]",
            "cpu": f"reading it takes more than {limits.cpu_s:,} s of CPU; {more} cpu_s in [lists]",
            "wall": f"it was not read within {limits.wall_s:,g} s; {more} wall_s in [lists]",
            "nonsense": "what was read of it cannot be true, it may mean harm; ask the partner for a new export",
        }
        broke = f"the program that parses it broke ({kind}); save it again as .csv, or ask the partner for a new export"
        return f"{path.name}: {known.get(kind, broke)}"

    def _end(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            child.end()


def _told(settings: PartnerSettings, hints: Hints) -> dict[str, Any]:
    return {"settings": settings.model_dump(mode="json"), "hints": asdict(hints)}
