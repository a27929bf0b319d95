"""What changed and what was deleted between two times, as the replication calls say it.

``latestDateCovered`` is the start of the oldest transaction that is still open: what that will commit is stamped after
it, and would be missed by who goes on from a later time. Seconds of the times asked for are cut.
Source: REST API Developer Guide, "sObject Get Updated" and "sObject Get Deleted".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.sandbox import deferral
from connectors.sandbox.cursor import Reader
from connectors.sandbox.errors import ApiError
from connectors.sandbox.records import entity_named
from connectors.sandbox.values import stamp

_UPDATED_DAYS, _DELETED_DAYS = 30, 15
_MINUTE: Final = timedelta(minutes=1)


def updated(reader: Reader, name: str, start: str, end: str) -> dict[str, Any]:
    """Return the ids of the records of object *name* that were made or changed from *start* to *end*."""
    entity = entity_named(reader, name)
    since, until = _span(reader, start, end, _UPDATED_DAYS)
    sql = (
        f'select "Id" from "{entity.name}" where "IsDeleted" = 0 and "SystemModstamp" >= ? and "SystemModstamp" < ? '
        'and "Id" not in (select id from hidden_row) order by "SystemModstamp", "Id"'
    )
    ids = [row[0] for row in reader.database.rows(sql, (stamp(since), stamp(until)))]
    return {"ids": ids, "latestDateCovered": _covered(reader, until)}


def deleted(reader: Reader, name: str, start: str, end: str) -> dict[str, Any]:
    """Return what of object *name* went into the bin from *start* to *end* and is not back."""
    entity = entity_named(reader, name)
    since, until = _span(reader, start, end, _DELETED_DAYS)
    sql = (
        f'select "Id", "SystemModstamp" from "{entity.name}" where "IsDeleted" = 1 union '
        "select id, max(at) from history where object = ? and operation = 'delete' "
        f'and id not in (select "Id" from "{entity.name}") group by id'
    )
    found = sorted((at, one) for one, at in reader.database.rows(sql, (entity.name,)) if one is not None)
    records = [{"deletedDate": at, "id": one} for at, one in found if stamp(since) <= at < stamp(until)]
    earliest = reader.database.now() - timedelta(days=_DELETED_DAYS)
    return {
        "deletedRecords": records,
        "earliestDateAvailable": stamp(earliest),
        "latestDateCovered": _covered(reader, until),
    }


def _covered(reader: Reader, until: datetime) -> str:
    times = (until, reader.database.now(), deferral.oldest_open(reader.database))
    return stamp(min(time for time in times if time is not None))


def _span(reader: Reader, start: str, end: str, days: int) -> tuple[datetime, datetime]:
    since, until = _time("start", start), _time("end", end)
    if until - since < _MINUTE:
        raise ApiError("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
    if since < reader.database.now() - timedelta(days=days):
        raise ApiError("INVALID_REPLICATION_DATE", f"startDate before org replication enabled date or {days} days ago")
    return since, until


def _time(name: str, text: str) -> datetime:
    try:
        # A plus that nobody encoded arrives as a blank.
        at = datetime.fromisoformat(text.replace(" ", "+")).astimezone(UTC)
    except ValueError:
        raise ApiError("INVALID_REPLICATION_DATE", f"{name} is no date and time: {text}") from None
    return at.replace(second=0, microsecond=0)
