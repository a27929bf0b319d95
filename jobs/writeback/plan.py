"""Plan: compare what the published run says with what the CRM says, and keep the difference for a person to see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from connectors.base import Connection, Sink
from jobs.context import Context, connected, recorded
from jobs.fresh import require_fresh
from jobs.partners.lists import is_late
from jobs.partners.partner_names import former_names, removed_names
from jobs.partners.partner_notes import notes_of
from jobs.partners.terms import not_written, terms_of
from jobs.steps import step
from jobs.stores import lists, outbox, plans, snapshot
from jobs.upkeep import reconciling
from jobs.writeback import mirror
from jobs.writeback.budget import Budget
from overlap import drift
from overlap.confirmed import confirmed_by_records
from overlap.errors import ConfigError, OverlapError
from overlap.exclusions import Excluded
from overlap.fields import INFLUENCE, OBJECTS, OPPORTUNITY, OVERLAP, PARTNER
from overlap.guards import PlanLimits, plan_guards
from overlap.keys import external_key
from overlap.labels import confirmed_by_labels
from overlap.plan import Change, Drift, Outcome, SyncPlan
from overlap.planning import Intent, Reasons, intent, live_records
from overlap.records import Findings, labelled_partners
from overlap.stand_ins import confirmed_by_ticks
from overlap.terms import writable_influences, writable_overlaps

Drifts = tuple[Drift, ...]

_FRAMES = (
    *("accounts", "partner_accounts", "opportunities", "opportunity_partners", "users"),
    *("matches", "overlaps", "influences"),
)


def plan(context: Context, crm: str) -> SyncPlan:
    """Make, keep and return the plan that takes *crm* to what the published run found. Writes nothing to it.

    Raises:
        ConfigError: nothing has been matched yet, or what was matched is not what would be found now.
    """
    published = context.ledger.pinned("published_run")
    if published is None:
        raise ConfigError("nothing has been matched yet; run 'overlap pull' and 'overlap match' first")
    require_fresh(context, published)
    with recorded(context, "plan") as (_, summary), connected(context, crm) as connection:
        found, reasons = read_findings(context, crm, published)
        known = mirror.with_own_writes(context, connection.sink, found, published)
        reconciling.adopt_records(context, connection, known)
        wanted = _decide(context, connection, known, reasons)
        changes, drifts = _without_kept(context, crm, wanted.changes)
        calls = calls_of(connection.sink, changes)
        held = why_held(context, connection, known, changes, calls) + _undone(context, crm, changes)
        if not changes:
            reconciling.settled(context, crm, context.now)
        if context.workspace.settings.crm[crm].on_drift == "hold":
            held += _edited(drifts)
        step("plan: store")
        made = plans.store(
            context.ledger,
            SyncPlan(
                id="",
                run_id=published,
                crm=crm,
                org_id=connection.org_id,
                settings_hash=context.workspace.settings.fingerprint(),
                created_at=context.now,
                changes=changes,
                unchanged=wanted.unchanged,
                held=held,
                notes=(*notes_of(context, published), *wanted.notes, *budget_notes(context, connection, calls)),
                calls=calls,
                drift=drifts,
            ),
        )
        step("plan: stored")
        summary |= {"plan": made.id, "changes": len(made.changes), "held": held, "drift": len(drifts)}
    return made


def read_findings(context: Context, crm: str, run_id: str) -> tuple[Findings, Reasons]:
    """Return what run *run_id* found for *crm* and what its last pull saw there, and what explains retirements."""
    runs = context.workspace.runs
    frames = dict(zip(_FRAMES, snapshot.read(runs, run_id, *_FRAMES), strict=True))
    records = snapshot.read(runs, run_id, *(f"record_{thing.name}" for thing in OBJECTS))
    ours = {
        name: frame.filter(pl.col("crm") == crm) if "crm" in frame.columns else frame for name, frame in frames.items()
    }
    gone = _excluded(context, crm, run_id)
    current = {thing.name: said.filter(pl.col("crm") == crm) for thing, said in zip(OBJECTS, records, strict=True)}
    own = _own_accounts(context, crm, run_id, ours["accounts"], gone)
    terms = terms_of(context)
    found = Findings(
        workspace_id=context.workspace.settings.workspace.id,
        crm=crm,
        partners=_partners(context, own),
        overlaps=writable_overlaps(_writable(ours["overlaps"], ours["accounts"]), terms, context.today),
        influences=writable_influences(ours["influences"], terms, context.today),
        opportunities=ours["opportunities"],
        users=ours["users"],
        confirmed=_confirmed(context, current, ours["opportunity_partners"], own),
        current=current,
        fallback_owner=context.workspace.settings.crm[crm].fallback_owner,
        most_suggestions=context.workspace.settings.influence.most_per_opportunity,
        former_names=former_names(context),
        withheld=not_written(context),
        ever={key: name for name, key in _ever(context).items()},
        removed=removed_names(context),
    )
    reasons = Reasons(
        ours["accounts"], ours["partner_accounts"], ours["matches"], *_changed_since(context, crm, run_id), gone
    )
    return found, reasons


def _writable(overlaps: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return *overlaps* but for those on leads: a lookup to an account cannot point to one."""
    if "is_lead" not in accounts.columns:  # a run of an earlier version
        return overlaps
    return overlaps.join(
        accounts.filter("is_lead").select("crm", account_id="id"), on=["crm", "account_id"], how="anti"
    )


def _excluded(context: Context, crm: str, run_id: str) -> Excluded:
    """What the settings left out of the run; nothing where a run is older than exclusions."""
    if "excluded.parquet" not in snapshot.manifest(context.workspace.runs, run_id)["files"]:
        return Excluded()
    frames = snapshot.read(context.workspace.runs, run_id, "excluded", "excluded_opportunities")
    return Excluded(*(frame.filter(pl.col("crm") == crm) for frame in frames))


def _own_accounts(context: Context, crm: str, run_id: str, accounts: pl.DataFrame, gone: Excluded) -> Mapping[str, str]:
    """Return by partner its own account in *crm*, where it has one: a lookup to nothing is refused."""
    known = {*accounts["id"], *gone.accounts["id"]}
    partners = context.workspace.settings.partners.items()
    named = {key: one.account for key, one in partners if one.account and one.account in known}
    if "own_accounts.parquet" not in snapshot.manifest(context.workspace.runs, run_id)["files"]:
        return named
    (own,) = snapshot.read(context.workspace.runs, run_id, "own_accounts")
    elsewhere = own.filter(pl.col("crm") == crm, pl.col("account_id").is_in(known)).sort("account_id", descending=True)
    return dict(elsewhere.select("partner", "account_id").iter_rows()) | named


def _partners(context: Context, own: Mapping[str, str]) -> pl.DataFrame:
    """Partners that sent a list that may be written, with its day and whether the next one is late.

    *own* are their own accounts.
    """
    rows = []
    withheld = not_written(context)
    for key, settings in context.workspace.settings.partners.items():
        if key in withheld:
            continue
        newest, _ = lists.in_force(context.ledger, key, context.workspace.zone)
        if newest is not None:
            rows.append((key, settings.name, own.get(key), newest.as_of, is_late(context, key, newest.as_of)))
    schema: dict[str, Any] = {
        "partner": pl.String,
        "name": pl.String,
        "account": pl.String,
        "as_of": pl.Datetime("us", "UTC"),
        "late": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _confirmed(
    context: Context, current: Mapping[str, pl.DataFrame], labelled: pl.DataFrame, own: Mapping[str, str]
) -> pl.DataFrame:
    """Influence that people confirmed: on its record, by a label on the deal's link to the partner, or by a tick."""
    workspace_id = context.workspace.settings.workspace.id
    by_record = confirmed_by_records(
        current[INFLUENCE.name], current[PARTNER.name], list(_names_ever(context)), workspace_id
    )
    by_label = confirmed_by_labels(labelled, own, workspace_id)
    keys = _ever(context)
    former = {name: keys[now] for name, now in former_names(context).items()}
    by_tick = confirmed_by_ticks(current[OPPORTUNITY.name], former | keys)
    return pl.concat([by_record, by_label, by_tick])


def _names_ever(context: Context) -> dict[str, str]:
    """Return the name of each partner that there ever was, by its key; of one that was removed, what it was then."""
    partners = context.workspace.settings.partners
    return context.ledger.pins("partner:") | {key: one.name for key, one in partners.items()}


def _ever(context: Context) -> dict[str, str]:
    """Return the names of all partners that there ever were, each with the key of its record; today's come first."""
    settings, names = context.workspace.settings, _names_ever(context)
    order = sorted(names, key=settings.partners.__contains__)
    return {names[key]: external_key(settings.workspace.id, key, "", "partner") for key in order}


def _changed_since(context: Context, crm: str, run_id: str) -> tuple[bool, bool]:
    """Whether settings or model, and whether word statistics differ from those of the last plan that was applied."""
    before = plans.last_applied(context.ledger, crm)
    if before is None:
        return False, False
    now = snapshot.manifest(context.workspace.runs, run_id)
    try:
        then = snapshot.manifest(context.workspace.runs, before.run_id)
    except OverlapError:
        return before.settings_hash != now["settings_hash"], False
    rules = any(then.get(fact) != now.get(fact) for fact in ("settings_hash", "model"))
    return rules, then.get("statistics") != now.get("statistics")


def _decide(context: Context, connection: Connection, found: Findings, reasons: Reasons) -> Intent:
    """Compare with what the last pull saw, then look again at just the records that would change.

    An unchanged week costs no call beyond signing in, and what is shown as old is what the CRM says at this moment.
    """
    flat, holds = context.workspace.settings.workspace.flat_fields, connection.holds
    first = intent(found, reasons, context.today, flat, holds)
    if not first.changes:
        return first
    fresh = mirror.with_fresh(context, connection.sink, found, first.changes)
    if fresh is found:
        return first
    return intent(fresh, reasons, context.today, flat, holds)


def _without_kept(context: Context, crm: str, changes: tuple[Change, ...]) -> tuple[tuple[Change, ...], Drifts]:
    """Return *changes* without what people wrote over and may keep, and all that they wrote over."""
    exist = [change for change in changes if change.record_id is not None]
    written = outbox.last_written(context.ledger, crm, exist)
    return drift.settle(changes, written, context.workspace.settings.crm[crm].on_drift)


def _edited(drifts: Drifts) -> tuple[str, ...]:
    restored = sum(one.outcome is Outcome.RESTORED for one in drifts)
    return (f"{restored:,} fields of ours that people changed would be written again",) if restored else ()


def _undone(context: Context, crm: str, changes: tuple[Change, ...]) -> tuple[str, ...]:
    """Hold what would write again what a person has just taken back."""
    last = plans.last_applied(context.ledger, crm)
    if last is None or not last.undoes or not changes:
        return ()
    return (f"plan {last.id} took back plan {', '.join(map(str, last.undoes))}, and this may write it again",)


def why_held(
    context: Context, connection: Connection, found: Findings, changes: tuple[Change, ...], calls: int
) -> tuple[str, ...]:
    """Return why a person must approve *changes*, which take *calls* API calls; empty if nobody must."""
    if not changes:
        return ()
    if not outbox.was_written(context.ledger, connection.name):
        return (f"the first plan for '{connection.name}'",)  # a person looks at all of it: no limit says more
    restored = reconciling.why_held(context, connection.name)
    guards = context.workspace.settings.guards
    limits = PlanLimits(
        retirements=guards.retirements,
        retirements_percent=guards.retirements_percent,
        retirements_partner_percent=guards.retirements_partner_percent,
        creates=guards.creates,
        creates_percent=guards.creates_percent,
        updates=guards.updates,
        updates_percent=guards.updates_percent,
    )
    live = live_records(found)
    of_partners = live[OVERLAP.name].drop_nulls("about_partner")  # null where a person deleted the partner's record
    by_partner: Mapping[str, int] = dict(of_partners.group_by("about_partner").len().iter_rows())
    held = list(restored)
    held += list(plan_guards(changes, sum(frame.height for frame in live.values()), by_partner, limits))
    held += _newer_elsewhere(found)
    allowance = connection.api_calls_left()
    if allowance and calls * 100 > allowance[1] * guards.api_budget_percent:
        held.append(f"about {calls:,} API calls, more than {guards.api_budget_percent} % of the day's {allowance[1]:,}")
    return tuple(held)


def budget_notes(context: Context, connection: Connection, calls: int) -> tuple[str, ...]:
    """Say so if *calls* do not fit into what is left of today's budget."""
    left = Budget(context, connection).left()
    if left is None or calls <= left:
        return ()
    return (f"about {calls:,} API calls, {left:,} are left of today's budget: apply will pause, and go on when called",)


def _newer_elsewhere(found: Findings) -> list[str]:
    """Partners of which the CRM knows a newer list than we do: another copy of this workspace must have written it."""
    ours = labelled_partners(found).select("partner", "partner_key", "as_of")
    said = found.current[PARTNER.name].filter(~pl.col("is_deleted")).join(ours, on="partner_key")
    newer = said.filter(pl.col("list_as_of") > pl.col("as_of"))["partner"].sort()
    return [f"the CRM knows a newer list of '{key}' than this workspace: is there a second one?" for key in newer]


def calls_of(sink: Sink, changes: tuple[Change, ...]) -> int:
    """Return about how many API calls it takes to apply *changes*."""
    by_key = Counter(change.object_name for change in changes if change.record_id is None)
    by_id = Counter(change.object_name for change in changes if change.record_id is not None)
    return sum(sink.calls(name, by_key[name], by_id[name]) for name in by_key.keys() | by_id.keys())
