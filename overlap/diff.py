"""Compare what the CRM should say with what it says. Pure: reads nothing, writes nothing.

A record changes only when a fact moved. Bookkeeping (first seen, changed on) follows the facts and is no fact itself,
so unchanged input means no write, whatever day it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from overlap.fields import BY_NAME, ENGINE_MADE, PERSON_MADE, CrmObject, Kind
from overlap.plan import Action, Change

#: The field that says who made a record. It is written once: a record does not change its maker.
_MAKER = "origin"


@dataclass(frozen=True, slots=True)
class Difference:
    """What must change in one object, how many records are right already, and what a person should know."""

    changes: tuple[Change, ...]
    unchanged: int
    notes: tuple[str, ...] = ()


def compare(thing: CrmObject, desired: pl.DataFrame, current: pl.DataFrame, today: date) -> Difference:
    """Compare *desired* (a frame of `overlap.records`) with *current* (``id``, ``is_deleted``, fields of *thing*).

    Records that a person deleted in the CRM are not made again, and the CRM's own never: they are named in the notes.
    An engine-owned field of a record that a person made is filled where it is empty and never changed.
    """
    names = [field.name for field in thing.engine_fields if field.name in desired.columns]
    now = _canonical(thing, current).select("id", "is_deleted", *names, key=pl.col(thing.key or "id"))
    alive = now.filter(~pl.col("is_deleted")).rename({name: f"{name}:now" for name in names})
    joined = _canonical(thing, desired).join(alive, on="key", how="left")
    missing, present = joined.filter(pl.col("id").is_null()), joined.filter(pl.col("id").is_not_null())
    dead = (
        now.filter(pl.col("is_deleted") & (not thing.restored)).select("key").unique()
        if thing.key
        else missing.select("key")
    )
    deleted, created = missing.join(dead, on="key", how="semi"), missing.join(dead, on="key", how="anti")
    facts = [name for name in names if name not in thing.bookkeeping and name != _MAKER]
    why = "deleted in the CRM by a person; it is not made again" if thing.key else "no longer in the CRM"
    moved = present.filter(pl.any_horizontal(_moved(name, present) for name in facts))
    return Difference(
        changes=(
            *(_create(thing, row, today) for row in created.iter_rows(named=True)),
            *(_update(thing, row, today) for row in moved.iter_rows(named=True)),
        ),
        unchanged=present.height - moved.height,
        notes=tuple(f"{label}: {why}" for label in deleted["label"]),
    )


def retire(thing: CrmObject, live: pl.DataFrame, desired: pl.DataFrame, new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the changes that give *new* values to the records of *live* that *desired* no longer has.

    *live* has the columns of *thing* and ``id``, crm, key, label, about_partner, about_account and cause.
    """
    absent = _canonical(thing, live).join(desired, on="key", how="anti")
    action = Action.RETIRE if thing.key else Action.CLEAR
    return tuple(
        _change(thing, row, action, {name: value for name, value in new.items() if row[name] != value}, row["cause"])
        for row in absent.iter_rows(named=True)
    )


def adopt(thing: CrmObject, handmade: pl.DataFrame, desired: pl.DataFrame, workspace_id: str) -> tuple[Change, ...]:
    """Return the changes that give hand-made records their key and fill their other empty engine fields.

    *handmade* has the columns of *thing* and ``id``, crm, key (the computed one), label, about_partner and
    about_account; what *desired* says of the same key is filled in where there is evidence.
    """
    evidence = {row["key"]: row for row in desired.iter_rows(named=True)}
    changes = []
    for row in handmade.iter_rows(named=True):
        said = evidence.get(row["key"], {})
        fill = {field.name: said.get(field.name) for field in thing.engine_fields}
        fill |= {thing.key or "id": row["key"], "workspace": workspace_id, _MAKER: PERSON_MADE}
        new = {name: value for name, value in fill.items() if value is not None and row[name] is None}
        changes.append(_change(thing, row, Action.ADOPT, new, "made by a person"))
    return tuple(changes)


def still_needed(change: Change, now: Mapping[str, Any] | None) -> tuple[Change | None, str | None]:
    """Hold *change* against what its record says *now* (None: there is no such record).

    Returns (what is left to write, the conflict). Nothing left and no conflict means that the CRM says it already. A
    conflict means that somebody changed the record since the change was planned: report it, do not send it. A day in
    the bookkeeping is neither: two plans for the same facts may be of two days.
    """
    if now is None:
        gone = "the record is gone from the CRM" if change.record_id else None
        return (None, gone) if gone else (change, None)
    bookkeeping = BY_NAME[change.object_name].bookkeeping
    left = {name: value for name, value in change.new.items() if now[name] != value}
    if left.keys() <= bookkeeping:
        return None, None
    if change.record_id is None:
        return None, "the record was made in the CRM since the plan"
    drifted = [name for name in left if name not in bookkeeping and now[name] != change.old[name]]
    if drifted:
        return None, f"{', '.join(drifted)} changed in the CRM since the plan"
    return replace(change, old={name: now[name] for name in left}, new=left), None


def canonical_row(thing: CrmObject, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return *row* with its multi-select lists in our order: the order in which a CRM returns them says nothing."""
    lists = {field.name for field in thing.columns if field.kind is Kind.MULTI_PICKLIST}
    return {
        name: ";".join(sorted(value.split(";"))) if name in lists and value else value for name, value in row.items()
    }


def _canonical(thing: CrmObject, frame: pl.DataFrame) -> pl.DataFrame:
    lists = [field.name for field in thing.columns if field.kind is Kind.MULTI_PICKLIST and field.name in frame.columns]
    return frame.with_columns(pl.col(lists).str.split(";").list.sort().list.join(";")) if lists else frame


def _moved(name: str, frame: pl.DataFrame) -> pl.Expr:
    """Whether the fact *name* must be written; `_update` decides the same way, row by row."""
    now = pl.col(f"{name}:now")
    changed = pl.col(name).ne_missing(now)
    if name == "owner_id":
        # A CRM insists on an owner: not knowing a better one is no reason to change it.
        changed &= pl.col(name).is_not_null()
    if "origin:now" in frame.columns:
        changed &= (pl.col("origin:now") == ENGINE_MADE) | (now.is_null() & pl.col(name).is_not_null())
    return changed


def _create(thing: CrmObject, row: dict[str, Any], today: date) -> Change:
    new = {field.name: row[field.name] for field in thing.engine_fields if row.get(field.name) is not None}
    return _change(thing, row, Action.CREATE, new | _stamp(thing, today), "new")


def _update(thing: CrmObject, row: dict[str, Any], today: date) -> Change:
    handmade = row.get("origin:now", ENGINE_MADE) != ENGINE_MADE
    new = {}
    for field in thing.engine_fields:
        name = field.name
        if name not in row or name in (*thing.bookkeeping, _MAKER) or row[name] == row[f"{name}:now"]:
            continue
        if row[name] is None and (handmade or name == "owner_id"):
            continue
        if handmade and row[f"{name}:now"] is not None:
            continue
        new[name] = row[name]
    return _change(thing, _as_now(row), Action.UPDATE, new | _stamp(thing, today), ", ".join(new))


def _as_now(row: dict[str, Any]) -> dict[str, Any]:
    """Return *row* with what the CRM says now in place of what it should say."""
    return row | {name.removesuffix(":now"): value for name, value in row.items() if name.endswith(":now")}


def _stamp(thing: CrmObject, today: date) -> dict[str, Any]:
    return {name: today for name in thing.bookkeeping if name.endswith("changed_on")}


def _change(thing: CrmObject, row: dict[str, Any], action: Action, new: dict[str, Any], cause: str) -> Change:
    """Build the change that takes *row*, as the CRM has it, to *new*."""
    exists = action is not Action.CREATE
    old = {name: row[name] if exists else None for name in new}
    return Change(
        crm=row["crm"],
        object_name=thing.name,
        key=row["key"],
        record_id=row["id"],
        action=action,
        label=row["label"] or row["key"],
        partner=row["about_partner"],
        account_id=row["about_account"],
        cause=cause,
        old={name: value for name, value in old.items() if not exists or value != new[name]},
        new={name: value for name, value in new.items() if not exists or value != old[name]},
    )
