"""The lists that are in force: read again by what is known of their partner today, and brought to the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import polars as pl

from config.partners import PartnerSettings
from connectors.files.guarded import Reader
from connectors.files.source import Hints, ListRead
from jobs.context import Context
from jobs.partners.terms import not_analysed
from jobs.stores import list_mappings, lists
from jobs.stores.lists import AcceptedList
from jobs.stores.warehouse import Warehouse
from overlap.errors import ConfigError, GuardError

#: Kinds of marks: what was landed of a partner, and what could not be.
_LANDED: Final = "list"
_GIVEN_UP: Final = "list_given_up"


class Read(dict[str, ListRead]):
    """Lists of one partner that were read, by the sha256 of their bytes: a pull asks for each of them twice.

    *reader* reads them.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader


@contextmanager
def reading(context: Context) -> Iterator[Read]:
    """Open what reads the lists of one partner, in a process of its own: see `connectors.files.guarded`."""
    with Reader(context.workspace.settings.lists) as reader:
        yield Read(reader)


def hints(context: Context, partner: str, file_name: str) -> Hints:
    """Return what is known of a list of *partner* that came as *file_name*, beside its bytes."""
    own_names = (context.workspace.settings.workspace.name,)
    return Hints(file_name, list_mappings.memory(context.ledger, partner)[0], own_names)


def read_again(context: Context, accepted: AcceptedList, read: Read) -> ListRead:
    """Read an accepted list as one is read today; as on its day, where that does not fit it any more."""
    if accepted.sha256 not in read:
        path, today = accepted.path(context.workspace.lists), context.workspace.settings.partners[accepted.partner]
        known = hints(context, accepted.partner, accepted.file_name)
        try:
            found = read.reader.read_list(path, accepted.partner, today, known)
        except (ConfigError, GuardError):
            then = PartnerSettings.model_validate_json(accepted.settings)
            memory, _ = list_mappings.memory(context.ledger, accepted.partner, accepted.accepted_at)
            found = read.reader.read_list(path, accepted.partner, then, replace(known, memory=memory))
        read[accepted.sha256] = found
    return read[accepted.sha256]


def land(context: Context, warehouse: Warehouse, partner: str, read: Read) -> int | None:
    """Bring the warehouse to the lists of *partner* in force; return the number of rows, None if nothing changed.

    A row is gone when two lists of different days lack it; one that only the newest list lacks still counts. *read* is
    what `take_in` has read.
    """
    newest, earlier = lists.in_force(context.ledger, partner, context.workspace.zone)
    if newest is None or partner in not_analysed(context):
        return None
    settings = context.workspace.settings.partners[partner]
    _, mapping = list_mappings.memory(context.ledger, partner)
    # The name too: a partner may be called as a word that says where accounts stand with it.
    facts = {"settings": settings.reading(), "name": settings.name, "mapping": mapping}
    wanted = json.dumps({"lists": _named(newest, earlier), **facts}, sort_keys=True)
    if warehouse.mark(f"{_LANDED}:{partner}") == wanted:
        return None
    rows = read_again(context, newest, read).rows
    if earlier is not None and earlier.sha256 != newest.sha256:
        before = read_again(context, earlier, read).rows
        rows = pl.concat([rows, before.join(rows, on="id", how="anti")])
    warehouse.replace_side("partner_accounts", partner, rows)
    warehouse.set_mark(f"{_LANDED}:{partner}", wanted)
    return rows.height


def give_up(context: Context, warehouse: Warehouse, partner: str) -> None:
    """Remember that the lists of *partner* in force cannot be read any more, which a pull tells: others are matched."""
    warehouse.set_mark(f"{_GIVEN_UP}:{partner}", json.dumps(_in_force(context, partner)))


def is_landed(context: Context, warehouse: Warehouse, partner: str) -> bool:
    """Whether the warehouse holds the lists of *partner* that are in force, as far as they can and may be read."""
    wanted = _in_force(context, partner)
    if not wanted or partner in not_analysed(context):
        return True
    given_up = json.loads(warehouse.mark(f"{_GIVEN_UP}:{partner}") or "null")
    return wanted in (_kept(warehouse, partner).get("lists"), given_up)


def read_by(warehouse: Warehouse, partner: str) -> dict[str, Any] | None:
    """Return the settings by which the lists of *partner* that `land` brought were read; None if it brought none."""
    said: dict[str, Any] | None = _kept(warehouse, partner).get("settings")
    return said


def mapping_moved(context: Context, warehouse: Warehouse, partner: str) -> bool:
    """Whether a person corrected how lists of *partner* are read since `land` brought them."""
    now = list_mappings.memory(context.ledger, partner)[1]
    return bool(_kept(warehouse, partner).get("mapping", now) != now)


def _kept(warehouse: Warehouse, partner: str) -> dict[str, Any]:
    """Return what `land` kept of *partner*; nothing where it was an earlier version that landed."""
    kept = json.loads(warehouse.mark(f"{_LANDED}:{partner}") or "{}")
    return kept if isinstance(kept, dict) else {}


def _in_force(context: Context, partner: str) -> list[list[str]]:
    newest, earlier = lists.in_force(context.ledger, partner, context.workspace.zone)
    return [] if newest is None else _named(newest, earlier)


def _named(*found: AcceptedList | None) -> list[list[str]]:
    return [[one.sha256, one.file_name] for one in found if one is not None]
