"""The verbs that forget: a partner with all that it sent, or one person wherever they are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from jobs.cli.options import HERE, Folder, Json, opened

if TYPE_CHECKING:
    from jobs.context import Context
    from jobs.erasing.erasure import PartnerErasure
    from jobs.erasing.person import PersonErasure

Found = TypeVar("Found", "PartnerErasure", "PersonErasure")
Preview = Annotated[bool, typer.Option("--preview", help="Only say what would go.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")]


def erase_partner(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The partner's key, once its table is out of the settings.")
    ],
    preview: Preview = False,
    yes: Yes = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Erase a partner that you took out of the settings: its lists, files and verdicts, and what records say of it."""
    from jobs.erasing.erasure import erase_partner as erase

    def tell(found: PartnerErasure, stage: _Stage) -> None:
        if stage is _Stage.DONE:
            _erased(found)
        else:
            would = "would" if stage is _Stage.PREVIEW else "will"
            _told(found, f"{would} change", f"{would} go")

    _dialogue(f"Erase '{key}' for good?", _Wish(folder, preview, yes, as_json), partial(erase, key=key), tell)


def erase_removed(key: str, folder: Path, as_json: bool) -> None:
    """Erase a partner whose table was taken out just now."""
    from jobs.cli import console
    from jobs.erasing.erasure import erase_partner as erase

    with opened(folder) as context:
        found = erase(context, key)
        elsewhere = _elsewhere(context)
    if as_json:
        console.print_json({**asdict(found), "backups": elsewhere})
    else:
        _erased(found)
        _told_of_backups(elsewhere)


def _erased(found: PartnerErasure) -> None:
    from jobs.cli import show

    _told(found, "changed", "are gone")
    show.next_steps(f"'{found.partner}' is erased. The audit keeps {found.mark} in its place.", ["overlap run"])


def erase_person(
    address: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address, as lists have it.")],
    preview: Preview = False,
    yes: Yes = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Erase a person: find the address and the name beside it wherever we hold them, and keep later lists from it."""
    from jobs.cli import show
    from jobs.erasing.person import erase_person as erase

    def tell(found: PersonErasure, stage: _Stage) -> None:
        _told_of_person(found)
        if stage is _Stage.DONE:
            said = f"Erased. The audit says {found.mark} instead, and a later list that names the address is cleaned."
            show.next_steps(said, ["overlap run"])

    _dialogue(
        f"Erase '{address}' for good?", _Wish(folder, preview, yes, as_json), partial(erase, address=address), tell
    )


class _Stage(Enum):
    """When something is told: it was only asked for, it is about to happen, or it has."""

    PREVIEW = auto()
    BEFORE = auto()
    DONE = auto()


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for at the terminal."""

    folder: Path
    preview: bool
    yes: bool
    as_json: bool


def _dialogue(question: str, wish: _Wish, erase: Callable[..., Found], tell: Callable[[Found, _Stage], None]) -> None:
    """Show what would go, ask unless that was answered before, erase, and tell what went."""
    from jobs.cli import console, show

    if wish.preview or not wish.yes:
        with opened(wish.folder) as context:
            found, elsewhere = erase(context, preview=True), _elsewhere(context)
        if not wish.as_json:
            tell(found, _Stage.PREVIEW if wish.preview else _Stage.BEFORE)
    if not wish.preview:
        if not wish.yes:
            show.ask(f"{question} Nothing brings it back")
        with opened(wish.folder) as context:
            found, elsewhere = erase(context), _elsewhere(context)
        if not wish.as_json:
            tell(found, _Stage.DONE)
    if wish.as_json:
        console.print_json({**asdict(found), "preview": wish.preview, "backups": elsewhere})
    else:
        _told_of_backups(elsewhere)


def _elsewhere(context: Context) -> list[str]:
    """Return the backups that were made of this workspace, and what restores left: they hold what is erased here."""
    from jobs.stores import backups

    aside = sorted(str(path) for path in context.workspace.folder.glob(".before-restore-*"))
    return [*(str(one.path) for one in backups.known(context.ledger)), *aside]


def _told_of_backups(elsewhere: list[str]) -> None:
    from rich.markup import escape

    from jobs.cli.console import out

    for name in elsewhere:
        out.print(f"a backup that holds it still: {escape(name)}", soft_wrap=True)
    others = "Other backups" if elsewhere else "Backups"
    out.print(f"{others} that 'overlap backup' did not make are not known to overlap: see to them yourself.")


def _told_of_person(found: PersonErasure) -> None:
    from rich.markup import escape

    from jobs.cli.console import out

    if not found.is_known:
        out.print("Nothing here names that address.")
    for crm, count in found.records.items():
        out.print(f"{escape(crm)}: named in {count:,} records of ours")
    for partner, old, new in found.lists:
        out.print(f"{escape(partner)}: list {old[:12]} is {new[:12]} without the person")
    for name in found.files:
        out.print(f"rewritten without the person: {escape(name)}")
    for name in found.quarantine:
        out.print(f"deleted, since a row names the person: {escape(name)}")
    for frame, rows in found.frames.items():
        out.print(f"last run, {frame}: {rows:,} rows")
    if found.users:
        out.print("A CRM has a user with this address, whom the next pull reads again: change that there.")
    for name in found.unread:
        out.print(f"could not be looked into: {escape(name)}")
    for name in found.released:
        out.print(f"went out to a partner with the address, and is yours to look at: {escape(name)}")
    for name in found.named:
        out.print(f"still names the address, and is yours to look at: {escape(name)}")
    unreached(found.unreached)


def unreached(crms: Sequence[str]) -> None:
    """Print which CRMs no erasure looks at, and what to do."""
    from rich.markup import escape

    from jobs.cli.console import out

    for crm in crms:
        out.print(
            f"[yellow]not looked at:[/] '{escape(crm)}', which is not in the settings any more. "
            f"Write \\[crm.{crm}] back before you erase; afterwards, empty by hand what our records say there",
            soft_wrap=True,
        )


def _told(found: PartnerErasure, records: str, files: str) -> None:
    from rich.markup import escape

    from jobs.cli.console import out

    for crm, count in found.records.items():
        out.print(f"{escape(crm)}: {count:,} records {records}")
    out.print(
        f"{len(found.files):,} files {files}, {len(found.lists):,} lists and {found.judgements:,} verdicts with them"
    )
    for name in found.files:
        out.print(f"  {escape(name)}")
    for name in found.kept:
        out.print(f"stays, since another partner's pattern fits it too: {escape(name)}")
    for name in found.models:
        out.print(f"may have been fitted with its verdicts, holds numbers only: models/{escape(name)}.toml")
    for name in found.named:
        out.print(f"still names it, and is yours to look at: {escape(name)}")
    unreached(found.unreached)
