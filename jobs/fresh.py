"""Whether the published run still says what would be found now: only then is a plan made of it, and written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from jobs.context import Context
from jobs.finding import profiles
from jobs.partners.terms import not_analysed, terms_of
from jobs.stores import judgements, list_mappings, plans, snapshot
from jobs.upkeep.reconciling import restored_at
from overlap.errors import ConfigError, OverlapError
from overlap.plan import SyncPlan

#: How long a run, and a plan, may be taken for what is so now.
LIFETIME: Final = timedelta(hours=24)
_MATCH: Final = ("overlap match",)
_PULL_AND_MATCH: Final = ("overlap pull", "overlap match")


def facts(context: Context, judged: str) -> dict[str, Any]:
    """Return the facts of a run by which `require_fresh` knows it again; *judged*: of the verdicts that it heeds.

    The last ones tell another run what is different here, see `overlap.change_causes`.
    """
    settings = context.workspace.settings
    return {
        "settings_hash": settings.fingerprint(),
        "found_by": settings.run_fingerprints(),
        "judged": judged,
        "made_at": context.now.isoformat(),
        **settings.each_fingerprint(),
        "not_analysed": not_analysed(context),
        "asks": profiles.asked(context),
    }


def require_fresh(context: Context, run_id: str) -> None:
    """Refuse run *run_id* where it may hold what the settings or people do not allow any more, or is not so any more.

    Raises:
        ConfigError: settings, model or verdicts changed since; or something was read since, or it is too old.
    """
    stale = outdated(context, run_id)
    if stale is not None:
        why, commands = stale
        remedy = "' and '".join(commands)
        raise ConfigError(f"{why}; run '{remedy}' first")


def outdated(context: Context, run_id: str) -> tuple[str, tuple[str, ...]] | None:
    """Return why no plan is made of run *run_id*, and the commands that help; None if one is.

    Raises:
        ConfigError: the run is missing, or the model that the settings name.
    """
    then = snapshot.manifest(context.workspace.runs, run_id)
    changed = _changed(context, then) or _model(context, then)
    if changed:
        return (
            f"{context.workspace.settings_files}: {', '.join(changed)} changed since run {run_id} was matched",
            _MATCH,
        )
    if _is_judged(context, then):
        return f"pairs were judged since run {run_id} was matched", _MATCH
    corrected = _corrected(context, then)
    if corrected:
        return f"{corrected} since run {run_id} was matched", _PULL_AND_MATCH
    made_at, restored = datetime.fromisoformat(then["made_at"]), restored_at(context)
    if restored is not None and made_at < restored:
        return f"run {run_id} came back from a backup, and the CRM may have moved on", _PULL_AND_MATCH
    if context.ledger.pulled_since(int(run_id)):
        return f"what was pulled since run {run_id} is not matched yet", _MATCH
    if context.now - made_at > LIFETIME:
        return f"run {run_id} is older than 24 hours", _PULL_AND_MATCH
    return None


def why_stale(context: Context, planned: SyncPlan) -> list[str]:
    """Return why *planned* must not be written any more; nothing if it may.

    A newer pull is no reason, though no plan is made before it is matched: hourly pulls would outdate every plan that a
    person looks at. What people did in the CRM meanwhile is a conflict, or stays.
    """
    newest, restored = plans.last_applied(context.ledger, planned.crm), restored_at(context)
    reasons = {
        "another run was published since": context.ledger.pinned("published_run") != planned.run_id,
        "the settings changed since": context.workspace.settings.fingerprint() != planned.settings_hash,
        "it is older than 24 hours": context.now - planned.created_at > LIFETIME,
        "a newer plan was applied": newest is not None and newest.id > int(planned.id),
        "the workspace was restored from a backup since": restored is not None and planned.created_at < restored,
        "the terms of a partner expired since": _terms_ended(context, planned.created_at),
    }
    return [*(reason for reason, holds in reasons.items() if holds), *overruled(context, planned)]


def _terms_ended(context: Context, since: datetime) -> bool:
    """Whether a partner's terms held on the day of *since* and do not any more."""
    then = since.astimezone(context.workspace.zone).date()
    return any(not one.are_over(then) and one.are_over(context.today) for one in terms_of(context).values())


def overruled(context: Context, planned: SyncPlan) -> list[str]:
    """Return what people decided otherwise since the run of *planned*, if none is newer: only a new run heeds it.

    What takes back a plan was not found by matching: no verdict speaks of it.
    """
    if planned.undoes or context.ledger.pinned("published_run") != planned.run_id:
        return []
    try:
        then = snapshot.manifest(context.workspace.runs, planned.run_id)
        reasons = [f"{what} changed since" for what in _model(context, then)]
    except OverlapError as error:  # a plan that was begun must come to its end whatever is missing
        return [str(error)]
    corrected = _corrected(context, then)
    reasons += [f"{corrected} since"] if corrected else []
    return [*reasons, *(["pairs were judged since"] if _is_judged(context, then) else [])]


def _corrected(context: Context, then: dict[str, Any]) -> str:
    """Say of which partners a person corrected how their lists are read; empty if of none."""
    heeded = then.get("mappings", {})  # a run of an earlier version has none
    now = list_mappings.fingerprints(context.ledger, heeded.keys() & context.workspace.settings.partners.keys())
    moved = sorted(partner for partner, said in now.items() if said != heeded[partner])
    return f"how lists of {' and '.join(map(repr, moved))} are read was corrected" if moved else ""


def judged_since(context: Context, run_id: str) -> bool:
    """Return whether people judged pairs since run *run_id* was matched."""
    return _is_judged(context, snapshot.manifest(context.workspace.runs, run_id))


def _is_judged(context: Context, then: dict[str, Any]) -> bool:
    return then.get("judged") not in (None, judgements.fingerprint(context.ledger))


def _changed(context: Context, then: dict[str, Any]) -> list[str]:
    settings = context.workspace.settings
    found_by, now = then.get("found_by"), settings.run_fingerprints()
    if found_by is None:  # a run of an earlier version
        return [] if then["settings_hash"] == settings.fingerprint() else ["settings"]
    return [f"[{name}]" for name in sorted(now.keys() | found_by) if now.get(name) != found_by.get(name)]


def _model(context: Context, then: dict[str, Any]) -> list[str]:
    """Return the workspace's own model if it is not what it was *then*; a shipped one changes with no edit."""
    name = context.workspace.settings.matching.model
    if name is None:
        return []
    from jobs.finding.models import chosen  # it loads the engine

    model = chosen(context)
    is_same = (then.get("model"), then.get("match_at")) == (model.version, model.match_at)
    return [] if is_same else [f"model '{name}'"]
