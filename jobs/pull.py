"""Pull: land what changed in the CRMs since the last read, and the partners' lists. A pull is complete or absent."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import polars as pl

from connectors.base import Connection, Page
from jobs import lists
from jobs.context import Context, connected, recorded
from jobs.lists import ListReport
from jobs.steps import step
from jobs.stores import snapshot
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import Warehouse, open_warehouse, streams
from overlap.errors import AccessError, ConfigError
from overlap.model import Account, Opportunity, conform

_SWEEPS_UNTIL_GONE = 2
#: A weekly job that starts a little earlier than last week still sweeps weekly.
_EARLY = timedelta(hours=4)
#: Rows that get a second chance when a sweep misses them; what hangs on them would be taken back at once.
_COUNTED = {"accounts": Account, "opportunities": Opportunity}


@dataclass(frozen=True, slots=True)
class CrmReport:
    """What was read from one CRM: rows and deletions by stream. *since* None means that everything was read.

    *unreadable* fields (``Object.Field``) were left empty.
    """

    crm: str
    since: datetime | None
    until: datetime
    rows: dict[str, int]
    deleted: dict[str, int]
    swept: bool
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PullReport:
    """What one pull brought."""

    crms: tuple[CrmReport, ...]
    lists: tuple[ListReport, ...]

    @property
    def held(self) -> tuple[ListReport, ...]:
        """Lists that a person must look at."""
        return tuple(report for report in self.lists if report.state == "held")


def pull(context: Context, full: bool = False, approve: Collection[str] = ()) -> PullReport:
    """Read every CRM and every partner's list.

    *full* reads everything again; *approve* names partners whose held list a person has looked at.

    Raises:
        AccessError: a CRM cannot be read; nothing of it was landed.
        ConfigError: a partner's key was changed.
    """
    _require_known_keys(context)
    with (
        recorded(context, "pull") as (_, summary),
        workspace_lock(context.workspace.lock_file),
        open_warehouse(context.workspace.warehouse_file) as warehouse,
    ):
        _forget_removed(context, warehouse)
        crms = tuple(_pull_crm(context, warehouse, crm, full) for crm in context.crms())
        reports = tuple(
            _pull_list(context, warehouse, key, key in approve) for key in context.workspace.settings.partners
        )
        report = PullReport(crms, reports)
        summary |= {"crms": [asdict(crm) | {"since": str(crm.since), "until": str(crm.until)} for crm in crms]}
        summary |= {"lists": [asdict(found) | {"as_of": str(found.as_of)} for found in reports]}
    return report


def _require_known_keys(context: Context) -> None:
    """Refuse a partner whose key was changed: every record of it would retire and come again under another key.

    A key is known from its first pull on; a partner is the same one if its label is.
    """
    known = context.ledger.pins("partner:")
    partners = context.workspace.settings.partners
    gone = {name: key for key, name in known.items() if key not in partners}
    for key, settings in partners.items():
        if key not in known and settings.name in gone:
            raise ConfigError(
                f"{context.workspace.folder / 'overlap.toml'}: [partners.{key}] was [partners.{gone[settings.name]}] "
                f"before; the key is part of every record: write it back, only the name may change"
            )
        context.ledger.pin(f"partner:{key}", settings.name)


def _pull_crm(context: Context, warehouse: Warehouse, crm: str, full: bool) -> CrmReport:
    context.report(f"{crm}: signing in")
    with connected(context, crm) as connection:
        since = None if full else warehouse.watermark(crm)
        until = connection.source.now()
        rows: dict[str, int] = {}
        deleted: dict[str, set[str]] = {}
        # One transaction: half an account list would look like a mass of overlaps that are gone.
        with warehouse.transaction():
            for page in connection.source.pages(since, until):
                warehouse.land(page)
                warehouse.forget(page.stream, crm, page.deleted)
                rows[page.stream] = rows.get(page.stream, 0) + page.rows.height
                deleted.setdefault(page.stream, set()).update(page.deleted)
                context.report(f"{crm}: {rows[page.stream]:,} {page.stream.removeprefix('record:').replace('_', ' ')}")
            unreadable = connection.source.unreadable()
            shown = _require_same_fields(warehouse, crm, since, unreadable)
            if since is not None and (_came_into_sight(warehouse, crm) or shown):
                for page in connection.source.pages(None, until):
                    warehouse.land(page)
            swept = _sweep_is_due(context, warehouse, crm, since, until)
            if swept:
                _carry_over(context, warehouse, crm, deleted)
                _sweep(context, warehouse, connection, until)
            warehouse.set_mark(f"watermark:{crm}", until.isoformat())
            step("pull: commit")
        step("pull: committed")
    gone = {stream: len(ids) for stream, ids in deleted.items() if ids}
    return CrmReport(crm, since, until, rows, gone, swept, unreadable)


def _require_same_fields(warehouse: Warehouse, crm: str, since: datetime | None, unreadable: tuple[str, ...]) -> bool:
    """Stop when a field that could be read before is hidden now: its companies would look as if they had none.

    Returns whether a field can be read now that could not be before.
    """
    known = warehouse.mark(f"unreadable:{crm}")
    before = set(json.loads(known)) if known else set(unreadable)
    lost = set(unreadable) - before
    if lost and since is not None:
        raise AccessError(
            f"crm '{crm}': {', '.join(sorted(lost))} could be read before and is missing or hidden now; let the "
            f"integration user read it again, or go on without it: overlap pull --full"
        )
    warehouse.set_mark(f"unreadable:{crm}", json.dumps(unreadable))
    return bool(before - set(unreadable))


def _pull_list(context: Context, warehouse: Warehouse, partner: str, approve: bool) -> ListReport:
    context.report(f"{partner}: looking for a list")
    report = lists.take_in(context, partner, approve)
    with warehouse.transaction():
        lists.land(context, warehouse, partner)
    return report


def _sweep_is_due(context: Context, warehouse: Warehouse, crm: str, since: datetime | None, until: datetime) -> bool:
    last = warehouse.mark(f"sweep:{crm}")
    every = timedelta(days=context.workspace.settings.crm[crm].sweep_every_days) - _EARLY
    return since is None or last is None or until - datetime.fromisoformat(last) >= every


def _carry_over(context: Context, warehouse: Warehouse, crm: str, deleted: Mapping[str, set[str]]) -> None:
    """Bring back rows that the published run had and a first read into an empty warehouse did not find.

    Otherwise throwing the warehouse away would take their second chance from them. *deleted* ones had theirs.
    """
    published = context.ledger.pinned("published_run")
    if published is None or warehouse.mark(f"sweep:{crm}") is not None:
        return
    for stream, noun in _COUNTED.items():
        (before,) = snapshot.read(context.workspace.runs, published, stream)
        known = sorted(warehouse.ids(stream, crm) | deleted.get(stream, set()))
        missing = before.filter((pl.col("crm") == crm) & ~pl.col("id").is_in(known))
        warehouse.land(Page(stream, conform(missing, noun)))


def _sweep(context: Context, warehouse: Warehouse, connection: Connection, at: datetime) -> None:
    """Compare every id with what the warehouse has: the only way to find rows that vanished without a deletion.

    An account or deal that vanished stays until two complete reads have missed it: a permission that shrank looks the
    same.
    """
    crm = connection.name
    visible: dict[str, set[str]] = {}
    for stream, ids in connection.source.ids():
        visible.setdefault(stream, set()).update(ids)
    unknown: dict[str, list[str]] = {}
    for stream, seen in visible.items():
        known = warehouse.ids(stream, crm)
        vanished, unknown[stream] = known - seen, sorted(seen - known)
        if stream in _COUNTED:
            counts = context.ledger.count_absences(crm, stream, vanished, at)
            vanished = {record for record, sweeps in counts.items() if sweeps >= _SWEEPS_UNTIL_GONE}
        warehouse.forget(stream, crm, tuple(sorted(vanished)))
    warehouse.set_mark(f"sweep:{crm}", at.isoformat())
    warehouse.set_mark(f"unknown:{crm}", json.dumps(unknown))


def _came_into_sight(warehouse: Warehouse, crm: str) -> bool:
    """Whether the last sweep saw rows that no read has brought since; asked once.

    What was made during that sweep has come by now. The rest nobody changed: a new permission shows it, and only a
    full read brings it.
    """
    unknown: dict[str, list[str]] = json.loads(warehouse.mark(f"unknown:{crm}") or "{}")
    warehouse.set_mark(f"unknown:{crm}", "{}")
    return any(ids and not warehouse.ids(stream, crm).issuperset(ids) for stream, ids in unknown.items())


def _forget_removed(context: Context, warehouse: Warehouse) -> None:
    """Drop what came from partners and CRM connections that the settings do not have any more."""
    settings = context.workspace.settings
    with warehouse.transaction():
        for stream in streams():
            known = settings.partners if stream == "partner_accounts" else settings.crm
            for side in warehouse.sides(stream) - set(known):
                warehouse.drop_side(stream, side)
