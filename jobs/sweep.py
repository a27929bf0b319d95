"""The sweep: compare every id of a CRM with those that we have. It finds what no changed row can show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from connectors.base import Connection, Page
from jobs.context import Context
from jobs.stores import snapshot
from jobs.stores.warehouse import Warehouse
from overlap.model import Account, Opportunity, conform, schema_of

_SWEEPS_UNTIL_GONE: Final = 2
#: A weekly job that starts a little earlier than last week still sweeps weekly.
_EARLY: Final = timedelta(hours=4)
#: Rows that get a second chance when a sweep misses them; what hangs on them would be taken back at once.
_COUNTED: Final = {"accounts": Account, "opportunities": Opportunity}


def is_due(context: Context, warehouse: Warehouse, crm: str, since: datetime | None, until: datetime) -> bool:
    """Return whether the last sweep of *crm* is too long ago, or everything is being read anyway."""
    last = warehouse.mark(f"sweep:{crm}")
    every = timedelta(days=context.workspace.settings.crm[crm].sweep_every_days) - _EARLY
    return since is None or last is None or until - datetime.fromisoformat(last) >= every


def carry_over(context: Context, warehouse: Warehouse, crm: str, deleted: Mapping[str, set[str]]) -> None:
    """Bring back rows that the published run had and a first read into an empty warehouse did not find.

    Otherwise throwing the warehouse away would take their second chance from them. *deleted* ones had theirs.
    """
    published = context.ledger.pinned("published_run")
    if published is None or warehouse.mark(f"sweep:{crm}") is not None:
        return
    if not (context.workspace.runs / published).is_dir():  # restored without its runs
        return
    for stream, noun in _COUNTED.items():
        (before,) = snapshot.read(context.workspace.runs, published, stream)
        known = sorted(warehouse.ids(stream, crm) | deleted.get(stream, set()))
        missing = before.filter((pl.col("crm") == crm) & ~pl.col("id").is_in(known))
        warehouse.land(Page(stream, conform(_of_today(missing, noun), noun)))


def sweep(context: Context, warehouse: Warehouse, connection: Connection, until: datetime) -> int:
    """Drop what vanished, read what nothing has shown so far, and return how many rows that were.

    An account or deal that vanished stays until two complete reads have missed it: a permission that shrank looks the
    same. A row that appeared although nobody changed it was committed late, or a new permission shows it.
    """
    crm = connection.name
    visible: dict[str, list[pl.Series]] = {}
    for stream, ids in connection.source.ids():
        visible.setdefault(stream, []).append(ids)
    unknown: dict[str, list[str]] = {}
    for stream, pieces in visible.items():
        vanished, unknown[stream] = warehouse.differences(stream, crm, pl.concat(pieces))
        if stream in _COUNTED:
            counts = context.ledger.count_absences(crm, stream, set(vanished), until)
            vanished = [record for record, sweeps in sorted(counts.items()) if sweeps >= _SWEEPS_UNTIL_GONE]
        warehouse.forget(stream, crm, tuple(vanished))
    warehouse.set_mark(f"sweep:{crm}", until.isoformat())
    return _read(warehouse, connection, unknown, until)


def _read(warehouse: Warehouse, connection: Connection, unknown: Mapping[str, list[str]], until: datetime) -> int:
    """Land the rows *unknown*, by stream, and return how many came; what changed after *until* comes next time."""
    found = 0
    for stream, ids in unknown.items():
        for page in connection.source.rows(stream, ids, until) if ids else ():
            warehouse.land(page)
            found += page.rows.height if page.stream == stream else 0
    return found


def _of_today(frame: pl.DataFrame, noun: type) -> pl.DataFrame:
    """Return *frame* with the columns of *noun* that a run of an earlier version did not have."""
    unknown = {name: dtype for name, dtype in schema_of(noun).items() if name not in frame.columns}
    added = {name: pl.lit(False if dtype == pl.Boolean else None, dtype) for name, dtype in unknown.items()}
    return frame.with_columns(**added)
