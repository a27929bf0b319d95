"""A list that a person hands over, from wherever it lies: through the same guards as one that was found, and in force.

It stands beside what the setting ``files`` finds: the newest day wins, whoever brought it. Of one day, the list that
was imported wins over a file that lay there already, and a file that comes later wins over it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from connectors.files.inbox import look
from connectors.files.source import as_of
from jobs.context import Context, recorded
from jobs.erasing import stop_list
from jobs.partners import lists, lists_in_force
from jobs.partners.lists import ListReport, Sent
from jobs.partners.lists_in_force import Read
from jobs.partners.partner_views import require_partner
from jobs.partners.terms import require_analysed
from jobs.stores import lists as accepted_lists
from jobs.stores.digest import digest
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import open_warehouse
from overlap.errors import ConfigError, GuardError

#: Of so many bad rows a rehearsal says what is wrong with them.
_SAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """How to import: *day* in place of the file's own, *approve* whatever the guards say, *dry* to keep nothing."""

    day: date | None = None
    approve: bool = False
    dry: bool = False


def import_list(context: Context, partner: str, file: Path, wish: Wish) -> ListReport:
    """Take *file* in as a list of *partner*, and bring the warehouse to it; the next match finds what it says.

    Raises:
        ConfigError: no such file or partner.
        GuardError: the partner's terms do not allow it, or a list of a later day is in force.
    """
    require_partner(context, partner)
    sent = _sent(context, partner, file, wish)
    if wish.dry:
        with lists_in_force.reading(context) as read, TemporaryDirectory() as folder:
            sent = _without_erased(context, sent, Path(folder), read)
            report = lists.offer(context, sent, wish.approve, read, dry=True)
        found = read.get(sent.sha256)
        bad = () if found is None else found.quarantine.head(_SAMPLES).iter_rows(named=True)
        return replace(report, notes=(*report.notes, *(f"row {row['row_number']}: {row['reason']}" for row in bad)))
    with (
        recorded(context, "import") as (run_id, summary),
        workspace_lock(context.workspace.lock_file),
        open_warehouse(context.workspace.warehouse_file) as warehouse,
        lists_in_force.reading(context) as read,
        TemporaryDirectory() as folder,
    ):
        sent = _without_erased(context, sent, Path(folder), read)
        report = lists.offer(context, sent, wish.approve, read)
        if report.state == "accepted":
            with warehouse.transaction():
                lists_in_force.land(context, warehouse, partner, read)
                context.ledger.landing(run_id)
            what = {"partner": partner, "file": file.name, "sha256": sent.sha256, "as_of": sent.as_of.isoformat()}
            context.ledger.note(context.who, "imported list", what, context.now)
        summary |= asdict(report) | {"as_of": str(report.as_of)}
    return report


def _sent(context: Context, partner: str, file: Path, wish: Wish) -> Sent:
    require_analysed(context, partner)
    if not file.is_file():
        raise ConfigError(f"{file}: {'this is no file' if file.exists() else 'there is no such file'}")
    look(file, context.workspace.settings.lists.file_mb)  # before its bytes are: they may be many
    zone = context.workspace.zone
    own = as_of(file, context.workspace.settings.workspace.time_zone)
    day = own if wish.day is None else datetime.combine(wish.day, datetime.min.time(), zone).astimezone(UTC)
    last, _ = accepted_lists.in_force(context.ledger, partner, zone)
    if last is not None and day.astimezone(zone).date() < last.as_of.astimezone(zone).date():
        raise GuardError(
            f"{file.name} is of {day.astimezone(zone):%Y-%m-%d}, the list in force of "
            f"{last.as_of.astimezone(zone):%Y-%m-%d}: nothing was taken; if it speaks of a later day, say --as-of"
        )
    return Sent(partner, file, day, digest(file), imported=True)


def _without_erased(context: Context, sent: Sent, place: Path, read: Read) -> Sent:
    """Return *sent*, or in *place* a copy that names nobody who was erased: a file of a person's stays as it is."""
    clean = lists.without_erased(context, sent.partner, sent.file, read)
    if clean is None:
        return sent
    target = place / sent.file.name
    target.write_bytes(clean.content)
    return replace(sent, file=target, sha256=digest(target), notes=(stop_list.told(clean),))
