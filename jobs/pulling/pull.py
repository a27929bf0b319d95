"""Pull: land what changed in the CRMs since the last read, and the partners' lists. A pull is complete or absent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from connectors.base import Page
from jobs.context import Context, connected, recorded
from jobs.partners import lists, lists_in_force
from jobs.partners.lists import ListReport
from jobs.partners.partner_names import remember as remember_names
from jobs.partners.partner_names import remember_files
from jobs.past import inputs
from jobs.pulling import sweep
from jobs.pulling.drift import drift, remember
from jobs.pulling.merges import follow, outdated
from jobs.pulling.pulled import mark_read, removed
from jobs.reviewing.inbox import take_workbooks
from jobs.reviewing.reports import WorkbookReport
from jobs.steps import step
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import LANDING_MB, Warehouse, open_warehouse
from jobs.unfinished import UnfinishedError, keeping
from overlap.errors import ConfigError, GuardError, OverlapError
from overlap.exclusions import counts


@dataclass(frozen=True, slots=True)
class CrmReport:
    """What was read from one CRM: rows and deletions by stream. *since* None means that everything was read.

    *unreadable* fields (``Object.Field``) were left empty. *merged* accounts have a survivor; *overlooked* rows were
    found by the sweep alone; *drift* says in words what is read otherwise than last time.
    """

    crm: str
    since: datetime | None
    until: datetime
    rows: dict[str, int]
    deleted: dict[str, int]
    swept: bool
    unreadable: tuple[str, ...]
    merged: int = 0
    overlooked: int = 0
    drift: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullReport:
    """What one pull brought.

    *excluded* counts the accounts that each rule of the settings takes; *uncounted* says why it could not be asked.
    *reviews* are the review workbooks that came back.
    """

    crms: tuple[CrmReport, ...]
    lists: tuple[ListReport, ...]
    excluded: dict[str, int] = field(default_factory=dict)
    uncounted: str | None = None
    reviews: tuple[WorkbookReport, ...] = ()

    @property
    def held(self) -> tuple[ListReport, ...]:
        """Lists that a person must look at."""
        return tuple(report for report in self.lists if report.state == "held")


class UnfinishedPullError(UnfinishedError[PullReport]):
    """A CRM could not be read, and nothing of it was landed; *report* is what was landed of all others."""


def pull(context: Context, full: bool = False, approve: Collection[str] = ()) -> PullReport:
    """Read every CRM and every partner's list.

    *full* reads everything again; *approve* names partners whose held list a person has looked at.

    Raises:
        UnfinishedPullError: a CRM cannot be read; the others and the lists were landed.
        ConfigError: a partner's key was changed, or the settings do not fit a CRM.
    """
    _require_known_keys(context)
    with (
        recorded(context, "pull") as (run_id, summary),
        workspace_lock(context.workspace.lock_file),
        open_warehouse(context.workspace.warehouse_file, LANDING_MB) as warehouse,
    ):
        read_by = inputs.mark(context)  # before: what comes meanwhile is for the next pull
        _forget_removed(context, warehouse)
        stopped: dict[str, OverlapError] = {}
        crms: list[CrmReport] = []
        for crm in context.crms():
            with keeping(stopped, crm):
                crms.append(_pull_crm(context, warehouse, crm, full, run_id))
            if crm in stopped:
                mark_read(warehouse, crm, could=False)
        reviews = take_workbooks(context)  # before the lists: none of them is taken for one
        reports = tuple(
            _pull_list(context, warehouse, key, key in approve, run_id) for key in context.workspace.settings.partners
        )
        report = PullReport(tuple(crms), reports, *_excluded(context, warehouse), reviews)
        summary |= {"crms": [asdict(one) | {"since": str(one.since), "until": str(one.until)} for one in crms]}
        summary |= {"lists": [asdict(found) | {"as_of": str(found.as_of)} for found in reports]}
        taken = [{"file": one.file, "taken": one.taken, "not_taken": len(one.bad)} for one in reviews]
        summary |= {"excluded": report.excluded, "read_by": read_by | inputs.mappings(context)}
        summary |= {"reviews": taken} if taken else {}
        if stopped:
            raise UnfinishedPullError(stopped, report)
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
    before = {name: key for key, name in known.items()}
    remember_names(context.ledger, before | {settings.name: key for key, settings in partners.items()})
    remember_files(context.ledger, {key: settings.files for key, settings in partners.items()})


def _pull_crm(context: Context, warehouse: Warehouse, crm: str, full: bool, run_id: int) -> CrmReport:
    context.report(f"{crm}: signing in")
    with connected(context, crm) as connection:
        source = connection.source
        outline = source.outline()
        unreadable = source.unreadable()
        moved = drift(warehouse, crm, outline, unreadable, full)
        since = None if full or moved.read_again else warehouse.watermark(crm)
        known = sweep.known_until(context, warehouse, crm)
        until = source.now()
        # One transaction: half an account list would look like a mass of overlaps that are gone.
        with warehouse.transaction():
            for stream in moved.cleared:
                warehouse.clear(stream, crm)
            landed = _land(context, warehouse, crm, source.pages(since, until, known))
            survivors = follow(context, warehouse, crm, landed.merged)
            swept = sweep.is_due(context, warehouse, crm, since, until)
            overlooked = sweep.sweep(context, warehouse, connection, until, landed.deleted) if swept else 0
            remember(warehouse, crm, outline, unreadable, context.workspace.settings.crm[crm].reading())
            warehouse.set_mark(f"watermark:{crm}", until.isoformat())
            mark_read(warehouse, crm)
            context.ledger.landing(run_id)  # before: a plan that is refused for nothing costs one match
            step("pull: commit")
        step("pull: committed")
        source.landed()
    return CrmReport(
        crm=crm,
        since=since,
        until=until,
        rows=landed.rows,
        deleted={stream: len(ids) for stream, ids in landed.deleted.items() if ids},
        swept=swept,
        unreadable=unreadable,
        merged=len(survivors),
        overlooked=overlooked,
        drift=(*moved.notes, *outdated(context, survivors)),
    )


@dataclass(slots=True)
class _Landed:
    """What pages brought: rows and ids that are gone by stream, and merged accounts, loser to survivor."""

    rows: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, set[str]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)


def _land(context: Context, warehouse: Warehouse, crm: str, pages: Iterable[Page]) -> _Landed:
    landed = _Landed()
    for page in pages:
        warehouse.land(page)
        warehouse.forget(page.stream, crm, page.deleted)
        landed.rows[page.stream] = landed.rows.get(page.stream, 0) + page.rows.height
        landed.deleted.setdefault(page.stream, set()).update(page.deleted)
        if page.stream == "accounts":
            landed.merged |= page.merged
        name = page.stream.removeprefix("record:").replace("_", " ")
        context.report(f"{crm}: {landed.rows[page.stream]:,} {name}")
        step("pull: page landed")
    return landed


def _pull_list(context: Context, warehouse: Warehouse, partner: str, approve: bool, run_id: int) -> ListReport:
    context.report(f"{partner}: looking for a list")
    with lists_in_force.reading(context) as read:
        report = lists.take_in(context, partner, approve, read)
        try:
            with warehouse.transaction():
                if lists_in_force.land(context, warehouse, partner, read) is not None:
                    context.ledger.landing(run_id)
        except (ConfigError, GuardError) as error:
            lists_in_force.give_up(context, warehouse, partner)
            return replace(report, state="held", reasons=(*report.reasons, str(error)))
    return report


def _excluded(context: Context, warehouse: Warehouse) -> tuple[dict[str, int], str | None]:
    """Count whom the settings leave out. What was read stands also where they cannot be asked: match stops at that."""
    rules = tuple(context.workspace.settings.exclusions)
    if not rules:
        return {}, None
    from jobs.finding import profiles  # it can read names, which takes long to load

    asked = ("accounts", "opportunities") if profiles.exclusions_ask_deals(context) else ("accounts",)
    accounts, *deals = (profiles.with_currencies(context, warehouse.frame(stream)) for stream in asked)
    try:
        rows = profiles.rows_of(context, accounts, deals[0] if deals else None)
        return counts(profiles.left_out(context, rows), rules), None
    except ConfigError as error:
        return {}, str(error)


def _forget_removed(context: Context, warehouse: Warehouse) -> None:
    """Drop what came from partners and CRM connections that the settings do not have any more."""
    with warehouse.transaction():
        for stream, side in removed(context, warehouse):
            warehouse.drop_side(stream, side)
