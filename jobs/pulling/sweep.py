"""The sweep: compare every id and link of a CRM with those that we have. It finds what no changed row can show."""

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
#: Rows that get a second chance when a sweep misses them; what hangs on them would be taken back at once. So do our own
#: records, on which people's confirmations stand.
_COUNTED: Final = {"accounts": Account, "opportunities": Opportunity}


def is_due(context: Context, warehouse: Warehouse, crm: str, since: datetime | None, until: datetime) -> bool:
    """Return whether the last sweep of *crm* is too long ago, or everything is being read anyway."""
    last = warehouse.mark(f"sweep:{crm}")
    every = timedelta(days=context.workspace.settings.crm[crm].sweep_every_days) - _EARLY
    return since is None or last is None or until - datetime.fromisoformat(last) >= every


def known_until(context: Context, warehouse: Warehouse, crm: str) -> datetime | None:
    """Return up to when the rows of *crm* that we have were read, or, of an empty warehouse, those of the last run."""
    published = context.ledger.pinned("published_run")
    if warehouse.watermark(crm) is not None or published is None:
        return warehouse.watermark(crm)
    return context.ledger.read_until(int(published), crm)


def sweep(
    context: Context, warehouse: Warehouse, connection: Connection, until: datetime, deleted: Mapping[str, set[str]]
) -> int:
    """Drop what vanished, read what nothing has shown so far, and return how many rows that were.

    An account, a deal or a record of ours that vanished stays until two complete reads have missed it: a permission
    that shrank looks the same. A row that appeared although nobody changed it was committed late, or a new permission
    shows it; one that leads elsewhere was linked anew. A first read has just seen every id; *deleted* are those that it
    said are gone, by stream.
    """
    crm = connection.name
    unknown: dict[str, list[str]] = {}
    if warehouse.mark(f"sweep:{crm}") is None:
        vanished = _carried_over(context, warehouse, crm, deleted)
    else:
        vanished, unknown = _compared(warehouse, connection)
    for stream, ids in vanished.items():
        gone = ids
        if stream in _COUNTED or stream.startswith("record:"):
            counts = context.ledger.count_absences(crm, stream, set(ids), until)
            gone = [record for record, sweeps in sorted(counts.items()) if sweeps >= _SWEEPS_UNTIL_GONE]
        warehouse.forget(stream, crm, tuple(gone))
    warehouse.set_mark(f"sweep:{crm}", until.isoformat())
    return _read(warehouse, connection, unknown, until)


def _carried_over(
    context: Context, warehouse: Warehouse, crm: str, deleted: Mapping[str, set[str]]
) -> dict[str, list[str]]:
    """Bring back rows that the published run had and a first read into an empty warehouse lacks; return their ids.

    Otherwise throwing the warehouse away would take their second chance from them. *deleted* ones had theirs, and leads
    need none: nothing was written that could be taken back.
    """
    carried: dict[str, list[str]] = {stream: [] for stream in _COUNTED}
    run = snapshot.former(context.workspace.runs, context.ledger.pinned("published_run"), *_COUNTED)
    if run is None:  # restored without its runs, or with damaged ones
        return carried
    for (stream, noun), found in zip(_COUNTED.items(), run[1], strict=True):
        before = _of_today(found, noun).filter(pl.col("crm") == crm)
        if "is_lead" in before.columns:
            before = before.filter(~pl.col("is_lead"))
        missing = set(warehouse.compared(stream, crm, before["id"])[1]) - deleted.get(stream, set())
        carried[stream] = sorted(missing)
        warehouse.land(Page(stream, conform(before.filter(pl.col("id").is_in(carried[stream])), noun)))
    return carried


def _compared(warehouse: Warehouse, connection: Connection) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return by stream the ids that we have and the CRM does not show, and those of rows to be read.

    We lack them, or they lead to other records than we know.
    """
    visible: dict[str, list[pl.Series]] = {}
    for stream, ids in connection.source.ids():
        visible.setdefault(stream, []).append(ids)
    seen = {stream: pl.concat(pieces) for stream, pieces in visible.items()}
    crm = connection.name
    compared = {stream: warehouse.compared(stream, crm, ids) for stream, ids in seen.items()}
    vanished, unknown = ({stream: ids[side] for stream, ids in compared.items()} for side in (0, 1))
    for stream, column, told in connection.source.links(seen):
        unknown[stream] = sorted({*unknown[stream], *warehouse.differing(stream, column, crm, told)})
    return vanished, unknown


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
