"""What a CRM said of our records when this ledger came back from a backup: perhaps we had written it in between.

Later changes are compared with that, as with what we wrote: it is no person's edit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from jobs.stores.entries import dumped, parsed
from jobs.stores.ledger import Ledger
from jobs.stores.schema import baselines, outbox, pins
from overlap.erasing import BEST

#: Pinned with the name of a CRM from a restore until its records were taken over.
TO_ADOPT = "adopt:"


def adopt(ledger: Ledger, crm: str, records: Iterable[tuple[str, str, str | None, Mapping[str, Any]]]) -> None:
    """Keep what *crm* says of *records* (object, key, id, values), once, in one transaction."""
    with ledger.engine.begin() as connection:
        last = connection.execute(select(func.max(outbox.c.seq))).scalar() or 0
        for object_name, key, record_id, values in records:
            row = {"record_id": record_id, "said": dumped(values), "after": last}
            known = upsert(baselines).values(crm=crm, object_name=object_name, key=key, **row)
            connection.execute(known.on_conflict_do_update(index_elements=["crm", "object_name", "key"], set_={**row}))
        connection.execute(delete(pins).where(pins.c.name == f"{TO_ADOPT}{crm}"))


def said(
    connection: Connection, crm: str, object_name: str, keys: Collection[str]
) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return by key after which row of the outbox the records *keys* were taken over, and what they said then."""
    ours = (baselines.c.crm == crm) & (baselines.c.object_name == object_name) & baselines.c.key.in_(keys)
    return {
        row.key: (row.after, parsed(object_name, row.said)) for row in connection.execute(select(baselines).where(ours))
    }


def made(connection: Connection, crm: str, object_name: str, keys: Collection[str]) -> dict[str, str]:
    """Return those of the records *keys* that were taken over, key to the CRM's id."""
    ours = (baselines.c.crm == crm) & (baselines.c.object_name == object_name) & baselines.c.key.in_(keys)
    query = select(baselines).where(ours, baselines.c.record_id.is_not(None))
    return {row.key: row.record_id for row in connection.execute(query)}


def blank(connection: Connection, object_name: str, keys: Collection[str]) -> None:
    """Forget what the records *keys* said; which record had which key stays."""
    ours = (baselines.c.object_name == object_name) & baselines.c.key.in_(keys)
    connection.execute(update(baselines).where(ours).values(said="{}"))


def clean(
    connection: Connection,
    kept: Callable[[str, Mapping[str, Any], str | None], Mapping[str, Any]],
    objects: Collection[str],
) -> None:
    """Let *kept* say what stays of each record of *objects*, as `jobs.stores.erasures.clean_images` does."""
    table = baselines
    for row in connection.execute(select(table).where(table.c.object_name.in_(objects))).all():
        before = parsed(row.object_name, row.said)
        left = kept(row.object_name, before, before.get(BEST))
        if left != before:
            place = (table.c.crm == row.crm) & (table.c.object_name == row.object_name) & (table.c.key == row.key)
            connection.execute(update(table).where(place).values(said=dumped(left)))
