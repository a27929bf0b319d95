"""Find the pairs of a run: only what changed is compared, and a match stands though words were counted again."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from jobs.context import Context
from jobs.finding import models
from jobs.steps import step
from jobs.stores import snapshot
from jobs.stores.statistics import StatisticsFolder
from jobs.stores.warehouse import Warehouse
from matching import incremental
from matching.engine import COLUMNS
from matching.model import Model
from overlap import hysteresis

#: Facts of a run that make its matches comparable with those of another one.
_RULES: Final = ("model", "mode", "match_at")


def found_pairs(context: Context, warehouse: Warehouse, left_out: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the pairs (`overlap.model.Match`) of what *warehouse* holds, and the facts of how they were found.

    The accounts *left_out* (crm, id) are taken for absent.
    """
    model = models.chosen(context)
    published = _published(context)
    store = StatisticsFolder(context.workspace.statistics)
    with warehouse.transaction():
        last = published.get("statistics")
        found = incremental.match(warehouse.connection, model, store, last, left_out=left_out)
        step("match: keep")
    step("match: kept")
    if found.counted_because is not None:
        context.report(f"counted all words anew: {found.counted_because}")
    context.report(f"{found.rows:,} rows were new or changed, {found.compared:,} pairs compared")
    facts: dict[str, Any] = {**_rules(model), "statistics": found.statistics}
    pairs = _with_standing(context, warehouse, found.pairs, published, facts)
    return pairs, {**facts, "standing": hysteresis.count(pairs)}


def _rules(model: Model) -> dict[str, Any]:
    return {"model": model.version, "mode": model.mode, "match_at": model.match_at}


def _published(context: Context) -> dict[str, Any]:
    """Return the facts of the published run, none if it cannot be read any more."""
    run_id = context.ledger.pinned("published_run")
    before = snapshot.former(context.workspace.runs, run_id)
    return {} if before is None else {"run": run_id, **before[0]}


def _with_standing(
    context: Context, warehouse: Warehouse, pairs: pl.DataFrame, published: dict[str, Any], facts: dict[str, Any]
) -> pl.DataFrame:
    """Return *pairs* with the matches of the *published* run that stand; under other rules none does."""
    is_counted_again = published.get("statistics") != facts["statistics"]
    if any(published.get(rule) != facts[rule] for rule in _RULES) or not (is_counted_again or published["standing"]):
        return pairs
    names = ("matches", "accounts", "partner_accounts")
    found = snapshot.former(context.workspace.runs, published["run"], *names)
    if found is None:
        return pairs
    before, ours, theirs = found[1]
    stand = hysteresis.standing(before, is_counted_again)
    stand = hysteresis.unchanged(stand, ours, warehouse.frame("accounts"), COLUMNS)
    stand = hysteresis.unchanged(stand, theirs, warehouse.frame("partner_accounts"), COLUMNS)
    return hysteresis.keep(pairs, stand, facts["match_at"])
