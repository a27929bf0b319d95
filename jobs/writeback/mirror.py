"""The mirror: what the CRM says of our records, as the last pull saw it, brought up to this moment where it matters.

Looking at every record before every plan would cost a call per two hundred of them, every week, for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import polars as pl

from connectors.base import Sink
from jobs.context import Context
from jobs.stores import outbox
from overlap.fields import OBJECTS, CrmObject
from overlap.plan import Action, Change
from overlap.records import Findings

#: A pull reads up to a moment before it began: what was written just before is looked at once more.
_MARGIN: Final = timedelta(minutes=1)


def with_own_writes(context: Context, sink: Sink, found: Findings, run_id: str) -> Findings:
    """Return *found* with what the CRM says now of the records that we wrote after the pull behind run *run_id*."""
    pulled_at = context.ledger.last_pull_before(int(run_id))
    since = None if pulled_at is None else pulled_at - _MARGIN
    return _looked_at(context, sink, found, outbox.written_since(context.ledger, found.crm, since))


def with_fresh(context: Context, sink: Sink, found: Findings, changes: Iterable[Change]) -> Findings:
    """Return *found* with what the CRM says now of every record that *changes* would touch.

    It is *found* itself if the CRM says what it said.
    """
    return _looked_at(context, sink, found, changes)


def _looked_at(context: Context, sink: Sink, found: Findings, changes: Iterable[Change]) -> Findings:
    current = dict(found.current)
    touched = list(changes)
    for thing in OBJECTS:
        ours = [change for change in touched if change.object_name == thing.name]
        if ours:
            context.report(f"looking at {len(ours):,} {thing.label} records")
            current[thing.name] = _as_of_now(context, sink, thing, current[thing.name], ours)
    if all(rows is found.current[name] for name, rows in current.items()):
        return found
    return replace(found, current=current)


def _as_of_now(
    context: Context, sink: Sink, thing: CrmObject, mirror: pl.DataFrame, touched: list[Change]
) -> pl.DataFrame:
    """Return *mirror* with what the CRM says now of the records that *touched*, changes of *thing*, are about.

    It is *mirror* itself if the CRM says the same.
    """
    crm, by_id = touched[0].crm, thing.key is None
    keys = [change.key for change in touched if change.action is not Action.ADOPT and not by_id]
    ids = [change.record_id for change in touched if change.record_id and (by_id or change.action is Action.ADOPT)]
    fresh = sink.current(thing.name, keys, ids).with_columns(crm=pl.lit(crm), is_deleted=pl.lit(False))
    asked = pl.col(thing.key or "id").is_in(keys) | pl.col("id").is_in([*ids, *fresh["id"]])
    stale = mirror.filter(asked.fill_null(False))
    news = [fresh.select(mirror.columns)]
    if thing.key:
        news.append(_deleted_unseen(context, crm, thing.name, thing.key, set(keys).difference(fresh[thing.key])))
    if sum(rows.height for rows in news) == stale.height and news[0].sort("id").equals(stale.sort("id")):
        return mirror
    gone = stale.join(fresh, on="id", how="anti").with_columns(is_deleted=pl.lit(True))
    kept = mirror.join(stale, on="id", how="anti")
    return pl.concat([kept, gone, *news], how="diagonal")


def _deleted_unseen(context: Context, crm: str, name: str, key_name: str, missing: set[str]) -> pl.DataFrame:
    """Return the records of *missing* keys that we made, as deleted ones: no pull may ever have seen them.

    A person may delete a record before the first pull after it was made, and a new warehouse knows no deletions.
    """
    made = outbox.made(context.ledger, crm, name, missing)
    deleted = [(crm, made[key], key, True) for key in sorted(missing) if key in made]
    schema = {"crm": pl.String, "id": pl.String, key_name: pl.String, "is_deleted": pl.Boolean}
    return pl.DataFrame(deleted, schema=schema, orient="row")
