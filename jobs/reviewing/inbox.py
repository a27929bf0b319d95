"""Find the review workbooks that colleagues put into the inbox, take their verdicts, and move them out of the way.

It comes before the lists: a workbook of ours is never taken for a partner's. Light, since every pull looks here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG
from typing import Final

from connectors.files.answers import NAMED, REVIEWED
from connectors.files.guarded import Reader
from connectors.files.inbox import shown
from connectors.files.source import is_being_written
from jobs.context import Context
from jobs.partners.arrivals import wait_for
from jobs.reviewing.reports import WorkbookReport
from jobs.steps import step
from overlap.errors import BusyError, ConfigError, GuardError

_SEEN: Final = "looked for answers"
_LARGEST_BYTES: Final = 20_000_000
#: What spreadsheet programs save a workbook of ours as, if one lets them.
_OTHER_KINDS: Final = frozenset({".xls", ".xlsm", ".xlsb", ".ods", ".fods", ".numbers", ".csv", ".tsv", ".pdf", ".zip"})


def take_workbooks(context: Context) -> tuple[WorkbookReport, ...]:
    """Take the verdicts of every review workbook in the inbox, and move it to ``inbox/reviewed``.

    Whatever else lies there is looked at once, and again when it has changed.
    """
    inbox = context.workspace.folder / "inbox"
    seen: dict[str, list[int]] = json.loads(context.ledger.pinned(_SEEN) or "{}")
    known: dict[str, list[int]] = {}
    reports = []
    with Reader(context.workspace.settings.lists) as reader:
        for path, stamp in _workbooks(inbox):
            mark = _mark(path, inbox)
            if seen.get(mark) == stamp:
                known[mark] = stamp
                continue
            try:
                wait_for(context, path)
                found = reader.read_answers(path)
            except (BusyError, GuardError, ConfigError) as error:
                if "review" in path.name.lower():  # what may be a list, the reading of lists speaks of
                    reports.append(WorkbookReport(shown(path.name), "", unread=str(error)))
                continue
            if found is None:
                known[mark] = stamp
                continue
            from jobs.reviewing.answers import taken  # it reads names, which takes long to load

            reports.append(_moved(taken(context, path, found), path, inbox / REVIEWED))
    reports += [WorkbookReport(shown(path.name), "", unread=_as_xlsx(path)) for path in _saved_otherwise(inbox)]
    if known != seen:
        context.ledger.pin(_SEEN, json.dumps(known))
    return tuple(reports)


def _workbooks(inbox: Path) -> list[tuple[Path, list[int]]]:
    """Return the files that may be review workbooks, each with its size and time."""
    found = []
    for path in _files(inbox):
        with suppress(OSError):  # it has gone meanwhile
            stat = path.lstat()
            if path.suffix.lower() == ".xlsx" and S_ISREG(stat.st_mode) and stat.st_size <= _LARGEST_BYTES:
                found.append((path, [stat.st_size, stat.st_mtime_ns]))
    return found


def _saved_otherwise(inbox: Path) -> list[Path]:
    """Return files that are called as our workbooks are, and are of another kind: nobody else would speak of them."""
    return [path for path in _files(inbox) if NAMED in path.name.lower() and path.suffix.lower() in _OTHER_KINDS]


def _as_xlsx(path: Path) -> str:
    return f"{shown(path.name)}: a review workbook is read as .xlsx only; save it as that, and take this one away"


def _files(inbox: Path) -> Iterator[Path]:
    """Yield what lies in *inbox*, but for workbooks that were taken, and what programs lay beside those at work."""
    for path in sorted(inbox.rglob("*")):
        parts = path.relative_to(inbox).parts
        if parts[0] != REVIEWED and not any(map(is_being_written, parts)):
            yield path


def _mark(path: Path, inbox: Path) -> str:
    """Return what stands for a file that was looked at: its name may say more than the ledger need keep."""
    return hashlib.sha256(str(path.relative_to(inbox)).encode()).hexdigest()[:16]


def _moved(report: WorkbookReport, path: Path, reviewed: Path) -> WorkbookReport:
    """Move the workbook at *path* to where those of its partner are kept: it is forgotten with it."""
    place = reviewed / (report.partner or "")
    place.mkdir(parents=True, exist_ok=True)
    target = place / path.name
    if target.exists():
        target = place / f"{path.stem} {hashlib.sha256(path.read_bytes()).hexdigest()[:8]}{path.suffix}"
    step("review: move workbook")
    try:
        path.replace(target)
    except OSError:  # open in a program that lets nobody else move it; whoever reads it again changes nothing
        return report
    step("review: workbook moved")
    return replace(report, kept=shown(str(target.relative_to(reviewed.parents[1]))))
