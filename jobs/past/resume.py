"""What a run that was cut short had finished, and the next one need not do again.

Nothing is taken for what it is without a look: a pull only while it is young and nothing says otherwise, what was
found and planned only if it would be applied today (`jobs.fresh`). What a plan had begun to write is finished already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from jobs import fresh
from jobs.context import Context
from jobs.finding.match import MatchReport
from jobs.partners.lists import ListReport
from jobs.past import inputs
from jobs.pulling.pull import CrmReport, PullReport
from jobs.stores import plans, runs
from jobs.stores.ledger import RunRecord
from jobs.upkeep.reconciling import restored_at
from overlap.errors import OverlapError
from overlap.plan import SyncPlan

#: How long what was pulled by a run that was cut short is taken for what the CRMs and lists say.
YOUNG: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Left:
    """What run *number* left: its pull, its match if that came through, and plans that were not set off, by CRM."""

    number: int
    pulled: PullReport
    matched: MatchReport | None
    plans: Mapping[str, SyncPlan]


def left_by_last(context: Context, run_id: int) -> Left | None:
    """Return what run *run_id* may go on from; None: the run before was not cut short, or all is done anew."""
    last = runs.last_before(context.ledger, run_id)
    if last is None or last.verb != "run" or last.state not in runs.CUT_SHORT:
        return None
    parts = runs.parts(context.ledger, last.id)
    pulled = next((one for one in parts if one.verb == "pull" and one.state == "done"), None)
    if pulled is None or not _still_holds(context, pulled, run_id):
        return None
    try:
        report = _pulled(pulled.summary)
        found = next((one for one in parts if one.verb == "match" and one.state == "done"), None)
        if found is None or not _is_published(context, found):
            return Left(last.id, report, None, {})
        made = [one.summary["plan"] for one in parts if one.verb == "plan" and one.state == "done"]
        waiting = [plans.load(context.ledger, str(number)) for number in made]
        usable = {one.crm: one for one in waiting if _can_go(context, one)}
        return Left(last.id, report, _as(MatchReport, found.summary), usable)
    except (KeyError, TypeError, ValueError):  # a line that another version wrote
        return None


def _still_holds(context: Context, pulled: RunRecord, run_id: int) -> bool:
    """Return whether nothing is known that a new pull would bring, but for what people do at any moment."""
    assert pulled.finished_at is not None, "what is done has an end"
    age = runs.load(context.ledger, run_id).started_at - pulled.finished_at
    held = [one for one in pulled.summary["lists"] if one["state"] == "held"]
    read_by = inputs.mark(context) | inputs.mappings(context)
    restored = restored_at(context)
    is_there = context.workspace.warehouse_file.is_file() and (restored is None or restored < pulled.started_at)
    return is_there and age <= YOUNG and pulled.summary.get("read_by") == read_by and not held


def _is_published(context: Context, found: RunRecord) -> bool:
    if context.ledger.pinned("published_run") != str(found.id):
        return False
    try:
        return fresh.outdated(context, str(found.id)) is None
    except OverlapError:  # its folder is missing or damaged: it is matched again
        return False


def _can_go(context: Context, planned: SyncPlan) -> bool:
    return plans.applied_at(context.ledger, planned.id) is None and not fresh.why_stale(context, planned)


def _pulled(said: Mapping[str, Any]) -> PullReport:
    return PullReport(
        tuple(_as(CrmReport, one, since=_time(one["since"]), until=_time(one["until"])) for one in said["crms"]),
        tuple(_as(ListReport, one, as_of=_time(one["as_of"])) for one in said["lists"]),
        dict(said["excluded"]),
    )


def _as(kind: Any, said: Mapping[str, Any], **changed: Any) -> Any:
    """Return the *kind* that was kept as JSON: tuples came back as lists."""
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return kind(**{one.name: known[one.name] for one in fields(kind) if one.name in known} | changed)


def _time(text: str) -> datetime | None:
    return None if text == "None" else datetime.fromisoformat(text)
