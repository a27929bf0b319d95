"""Whether the published run still says what would be found now: only then is a plan made of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from jobs.context import Context
from jobs.stores import judgements, snapshot
from overlap.errors import ConfigError

#: How long a run, and a plan, may be taken for what is so now.
LIFETIME: Final = timedelta(hours=24)
_MATCH: Final = ("overlap match",)


def facts(context: Context) -> dict[str, Any]:
    """Return the facts of a run by which `require_fresh` knows it again."""
    settings = context.workspace.settings
    return {
        "settings_hash": settings.fingerprint(),
        "found_by": settings.run_fingerprints(),
        "judged": judgements.fingerprint(context.ledger),
        "made_at": context.now.isoformat(),
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
    """Return why no plan is made of run *run_id*, and the commands that help; None if one is."""
    if not (context.workspace.runs / run_id).is_dir():
        return None  # who reads it says so
    then = snapshot.manifest(context.workspace.runs, run_id)
    changed = _changed(context, then)
    if changed:
        return (
            f"{context.workspace.settings_files}: {', '.join(changed)} changed since run {run_id} was matched",
            _MATCH,
        )
    if then.get("judged") not in (None, judgements.fingerprint(context.ledger)):
        return f"pairs were judged since run {run_id} was matched", _MATCH
    if context.ledger.pulled_since(int(run_id)):
        return f"what was pulled since run {run_id} is not matched yet", _MATCH
    if context.now - datetime.fromisoformat(then["made_at"]) > LIFETIME:
        return f"run {run_id} is older than 24 hours", ("overlap pull", "overlap match")
    return None


def _changed(context: Context, then: dict[str, Any]) -> list[str]:
    settings = context.workspace.settings
    found_by, now = then.get("found_by"), settings.run_fingerprints()
    if found_by is None:  # a run of an earlier version
        return [] if then["settings_hash"] == settings.fingerprint() else ["settings"]
    changed = [f"[{name}]" for name in sorted(now.keys() | found_by) if now.get(name) != found_by.get(name)]
    if not changed and settings.matching.model is not None:
        from jobs.models import chosen  # it loads the engine, and a shipped model changes with no edit

        model = chosen(context)
        if (then["model"], then["match_at"]) != (model.version, model.match_at):
            return [f"model '{settings.matching.model}'"]
    return changed
