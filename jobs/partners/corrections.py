"""Put rows back into a list that a person corrected in the file of its bad rows.

The one thing to know: what comes of it is a new list of the same day, read and judged as any. What its partner sent
is known as its origin, so that the next pull does not take that again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.files.source import as_of
from jobs.context import Context, recorded
from jobs.partners import lists, lists_in_force
from jobs.partners.arrivals import arrived
from jobs.partners.lists import ListReport, Sent
from jobs.partners.lists_in_force import Read
from jobs.partners.terms import require_analysed
from jobs.stores import lists as store
from jobs.stores.digest import digest
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import open_warehouse
from overlap.errors import ConfigError, GuardError


@dataclass(frozen=True, slots=True)
class Correction:
    """What came of correcting a list: *corrected* rows are other ones now, *report* says what became of the list."""

    corrected: int
    report: ListReport


@dataclass(frozen=True, slots=True)
class _Origin:
    """The list that is corrected: where it lies, what its corrected one is called, its day, and how it came."""

    path: Path
    name: str
    as_of: datetime
    imported: bool = False


def correct(context: Context, partner: str, file: Path, approve: bool = False) -> Correction:
    """Take the newest list of *partner*, held or in force, with the rows as they were corrected in *file*.

    *file* is the one of that list's bad rows, as `pull` has written it, edited and saved as CSV or workbook. Guards
    look at what comes of it; *approve* lets it through all the same.

    Raises:
        ConfigError: there is no list, or *file* is not of it, or nothing was corrected.
        GuardError: one of the two cannot be read, or rows would get lost.
    """
    settings = context.workspace.settings.partners[partner]
    require_analysed(context, partner)
    with (
        recorded(context, "correct") as (run_id, summary),
        workspace_lock(context.workspace.lock_file),
        TemporaryDirectory() as folder,
        lists_in_force.reading(context) as read,
    ):
        origin = _origin(context, partner)
        target = Path(folder) / origin.name
        known = lists_in_force.hints(context, partner, origin.name)
        count = read.reader.correct(origin.path, file, settings, target, known)
        clean = lists.without_erased(context, partner, target, read)
        if clean is not None:
            target.write_bytes(clean.content)
        sent = Sent(partner, target, origin.as_of, digest(target), origin.imported)
        found = read[sent.sha256] = read.reader.read_list(target, partner, settings, known)
        before = read.reader.read_list(origin.path, partner, settings, known)
        if found.rows_in != before.rows_in:
            raise GuardError(f"{file.name}: {before.rows_in} rows would be {found.rows_in}; correct the list itself")
        report = lists.put_corrected(context, sent, approve, read)
        if report.state == "accepted":
            _land(context, partner, read, run_id)
        what = {"partner": partner, "file": report.file, "rows": count, "state": report.state}
        context.ledger.note(context.who, "corrected list", what, context.now)
        summary |= what
    return Correction(count, report)


def _land(context: Context, partner: str, read: Read, run_id: int) -> None:
    """Bring the warehouse to the corrected list, so that the next match finds what it says."""
    with open_warehouse(context.workspace.warehouse_file) as warehouse, warehouse.transaction():
        lists_in_force.land(context, warehouse, partner, read)
        context.ledger.landing(run_id)


def _origin(context: Context, partner: str) -> _Origin:
    workspace, settings = context.workspace, context.workspace.settings.partners[partner]
    last, _ = store.in_force(context.ledger, partner, workspace.zone)
    file = arrived(context, partner)
    if file is not None:
        sent = Sent(partner, file, as_of(file, workspace.settings.workspace.time_zone), digest(file))
        if last is None or (sent.as_of >= last.as_of and not last.came_of(file.name, sent.sha256)):
            return _Origin(file, store.corrected_name(file.name, sent.sha256), sent.as_of)
    if last is None:
        raise ConfigError(f"{partner} has no list to correct: no file fits '{settings.files}'")
    return _Origin(last.path(workspace.lists), last.corrected_name, last.as_of, last.imported)
