"""Take in the lists that partners sent: accept a good one, hold a doubtful one, keep the last good one in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from config.sources import kind
from connectors.files import quarantine
from connectors.files.cleaning import Cleaned
from connectors.files.inbox import look, shown
from connectors.files.reading import remembered
from connectors.files.source import ListRead, as_of
from jobs.context import Context
from jobs.erasing import stop_list
from jobs.partners.arrivals import newest_file
from jobs.partners.lists_in_force import Read, hints, read_again
from jobs.partners.terms import require_analysed
from jobs.steps import step
from jobs.stores import list_mappings, lists
from jobs.stores.digest import digest
from jobs.stores.lists import AcceptedList
from overlap.errors import AccessError, BusyError, ConfigError, GuardError, TransientError
from overlap.guards import ListLimits, ListSize, list_guards


@dataclass(frozen=True, slots=True)
class ListReport:
    """What became of one partner's list.

    *state* is ``accepted``, ``unchanged``, ``held`` (*reasons* say why; the last good list stays in force) or
    ``missing``. *quarantine* is the file with the bad rows, if there are any; *notes* say what was read otherwise than
    written.
    """

    partner: str
    state: str
    file: str | None = None
    as_of: datetime | None = None
    rows_in: int = 0
    rows_out: int = 0
    quarantined: int = 0
    duplicates: int = 0
    quarantine: str | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that *partner* sent: its day and the sha256 of its bytes. *imported*: a person named it.

    *notes* tell what was done to it before it was read.
    """

    partner: str
    file: Path
    as_of: datetime
    sha256: str
    imported: bool = False
    notes: tuple[str, ...] = ()


def take_in(context: Context, partner: str, approve: bool, read: Read) -> ListReport:
    """Look for a newer list of *partner* and put it in force if the guards let it through or a person did.

    What was read on the way is put into *read*, for `land`.
    """
    workspace, settings = context.workspace, context.workspace.settings.partners[partner]
    last, _ = lists.in_force(context.ledger, partner, workspace.zone)
    try:
        require_analysed(context, partner)
    except GuardError as error:
        return ListReport(partner, "unchanged" if last else "missing", reasons=(str(error),))
    try:
        file = newest_file(context, partner)
    except BusyError as error:
        return ListReport(partner, "unchanged" if last else "missing", reasons=(str(error),), notes=(str(error),))
    except (AccessError, TransientError, GuardError, ConfigError) as error:
        if kind(settings.files) is None and not isinstance(error, GuardError):
            raise
        return ListReport(partner, "held", reasons=(str(error),))
    if file is None:
        return ListReport(partner, "unchanged" if last else "missing", reasons=(f"no file fits '{settings.files}'",))
    day = as_of(file, workspace.settings.workspace.time_zone)
    try:
        look(file, workspace.settings.lists.file_mb)  # before its bytes are: they may be many
        sent = Sent(partner, file, day, digest(file))
        clean = without_erased(context, partner, file, read)
        if clean is not None:
            stop_list.replace(file, sent.sha256, clean.content)
            sent = replace(sent, sha256=digest(file), notes=(stop_list.told(clean),))
    except (ConfigError, GuardError) as error:
        return ListReport(partner, "held", shown(file.name), day, reasons=(str(error),))
    return offer(context, sent, approve, read)


def without_erased(context: Context, partner: str, file: Path, read: Read) -> Cleaned | None:
    """Return a list of *partner* without persons who were erased; None if it names none of them.

    Raises what reading it does.
    """
    erased = stop_list.erased(context)
    if not erased.marks:
        return None
    settings, known = context.workspace.settings.partners[partner], hints(context, partner, file.name)
    return read.reader.clean(file, partner, settings, known, erased)


def offer(context: Context, sent: Sent, approve: bool, read: Read, dry: bool = False) -> ListReport:
    """Put a file that is newer than the list in force in its place, if the guards or a person let it through.

    *dry* says what would come of it, and keeps nothing.
    """
    last, _ = lists.in_force(context.ledger, sent.partner, context.workspace.zone)
    # The same bytes under the same name are the same list, whatever the clock of the file or our time zone says.
    if last and (last.came_of(sent.file.name, sent.sha256) or _is_outdated(context, sent, last)):
        day = sent.as_of.astimezone(context.workspace.zone).date()
        older = f"{sent.file.name} is of {day}, older than the list in force; it was not taken"
        notes = (older,) if _is_outdated(context, sent, last) else ()
        taken = (last.file_name, last.as_of, last.rows_in, last.rows_out)
        return ListReport(sent.partner, "unchanged", *taken, notes=notes)
    if last and sent.as_of < last.as_of:  # of the same day, and the newest has the last word
        sent = replace(sent, as_of=last.as_of)
    try:
        settings = context.workspace.settings.partners[sent.partner]
        known = hints(context, sent.partner, sent.file.name)
        found = read.reader.read_list(sent.file, sent.partner, settings, known)
        read[sent.sha256] = replace(found, notes=(*sent.notes, *found.notes))
        return _consider(context, sent, last, approve, read, dry)
    except (ConfigError, GuardError) as error:
        return ListReport(sent.partner, "held", sent.file.name, sent.as_of, reasons=(str(error),))


def put_corrected(context: Context, sent: Sent, approve: bool, read: Read) -> ListReport:
    """Put what came of corrections in the place of the list that it came of, if the guards or a person let it through.

    It was read already. What is held leaves no trace: the file of bad rows still numbers the rows as the list has them.
    """
    last, _ = lists.in_force(context.ledger, sent.partner, context.workspace.zone)
    found = read[sent.sha256]
    held = _guards(context, sent, last, read)
    if held and not approve:
        counts = (found.rows_in, found.rows.height, found.quarantine.height, found.duplicates)
        return ListReport(sent.partner, "held", sent.file.name, sent.as_of, *counts, reasons=held, notes=found.notes)
    return _consider(context, sent, last, approve, read)


def _is_outdated(context: Context, sent: Sent, last: AcceptedList) -> bool:
    """Whether *last* speaks of a later day; or a person took it in for the same day, and *sent* lay there already."""
    day, last_day = (one.as_of.astimezone(context.workspace.zone).date() for one in (sent, last))
    if day != last_day or sent.imported:
        return day < last_day
    if last.imported:
        return sent.file.stat().st_mtime <= last.accepted_at.timestamp()
    return sent.as_of < last.as_of


def _consider(
    context: Context, sent: Sent, last: AcceptedList | None, approve: bool, read: Read, dry: bool = False
) -> ListReport:
    """Ask the guards about a list that was read, and accept it if they or a person let it through."""
    found = read[sent.sha256]
    held = _guards(context, sent, last, read)
    report = ListReport(
        partner=sent.partner,
        state="held" if held and not approve else "accepted",
        file=sent.file.name,
        as_of=sent.as_of,
        rows_in=found.rows_in,
        rows_out=found.rows.height,
        quarantined=found.quarantine.height,
        duplicates=found.duplicates,
        quarantine=None if dry else _save_quarantine(context, sent.partner, sent.as_of, found),
        reasons=held,
        notes=found.notes,
    )
    if report.state == "accepted" and not dry:
        _accept(context, report, sent, found, context.who if held else None)
    return report


def is_late(context: Context, partner: str, as_of: datetime) -> bool:
    """Whether a list of that day is older than *partner* usually lets pass."""
    return context.now - as_of > timedelta(days=context.workspace.settings.partners[partner].expected_every_days)


def _guards(context: Context, sent: Sent, last: AcceptedList | None, read: Read) -> tuple[str, ...]:
    workspace = context.workspace
    guards = workspace.settings.guards
    limits = ListLimits(
        rows_lost=guards.list_rows_lost,
        rows_lost_percent=guards.list_rows_lost_percent,
        keys_lost_percent=guards.list_keys_lost_percent,
        rejects=guards.list_rejects,
        rejects_percent=guards.list_rejects_percent,
    )
    before = _size(read_again(context, last, read)) if last else None
    held = list_guards(_size(read[sent.sha256]), before, limits)
    if differences := read[sent.sha256].reading.differences:
        held = (*held, misfit(sent.partner, differences))
    day = sent.as_of.astimezone(workspace.zone).date()
    if day > context.today:
        # An accepted list of a later day would make every one until that day an old one.
        held = (*held, f"its date, {day}, lies in the future")
    return held


def misfit(partner: str, differences: Sequence[str]) -> str:
    """Return why a list is held that does not fit what is remembered of its partner, and what to do."""
    remedy = f"look with 'overlap partner mapping {partner}', correct with its --set"
    return f"its headings do not fit those of the last list: {'; '.join(differences)}; {remedy}"


def _size(found: ListRead) -> ListSize:
    return ListSize(found.rows_in, found.quarantine.height, frozenset(found.rows["id"]))


def _save_quarantine(context: Context, partner: str, day: datetime, found: ListRead) -> str | None:
    path = context.workspace.quarantine / f"{partner}-{day.astimezone(context.workspace.zone):%Y-%m-%d}.csv"
    if found.quarantine.is_empty():
        step("list: drop quarantine")
        path.unlink(missing_ok=True)  # of a list of the same day that is not in force any more
        step("list: quarantine dropped")
        return None
    context.workspace.quarantine.mkdir(exist_ok=True)
    step("list: write quarantine")
    quarantine.write(found.quarantine, path, found.titles)
    step("list: quarantine written")
    return str(path.relative_to(context.workspace.folder))


def _accept(context: Context, report: ListReport, sent: Sent, found: ListRead, approved_by: str | None) -> None:
    accepted = AcceptedList(
        partner=report.partner,
        as_of=sent.as_of,
        sha256=sent.sha256,
        file_name=sent.file.name,
        rows_in=report.rows_in,
        rows_out=report.rows_out,
        quarantined=report.quarantined,
        duplicates=report.duplicates,
        accepted_at=context.now,
        approved_by=approved_by,
        settings=context.workspace.settings.partners[report.partner].model_dump_json(),
        imported=sent.imported,
    )
    lists.accept(context.ledger, accepted, sent.file, context.workspace.lists)
    _remember(context, sent.partner, found)
    if approved_by:
        what = {"partner": report.partner, "file": sent.file.name, "sha256": sent.sha256, "held": report.reasons}
        context.ledger.note(approved_by, "approved list", what, context.now)


def _remember(context: Context, partner: str, found: ListRead) -> None:
    """Remember how an accepted list was read; what a person corrected stays, unless that heading is gone."""
    before, _ = list_mappings.memory(context.ledger, partner)
    now = remembered(before, found.reading)
    if now != before:
        list_mappings.remember(context.ledger, partner, now, context.who, context.now)
