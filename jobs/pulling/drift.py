"""What changed in the CRM's own fields, or in what the settings ask of it, since the last read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.stores.warehouse import Warehouse
from overlap.errors import AccessError


@dataclass(frozen=True, slots=True)
class Drift:
    """What it means: *notes* for people, *read_again* if rows that we have were read by other fields.

    *cleared* are streams of which other rows come from now on.
    """

    notes: tuple[str, ...] = ()
    read_again: bool = False
    cleared: tuple[str, ...] = ()


def drift(warehouse: Warehouse, crm: str, outline: Mapping[str, str], unreadable: tuple[str, ...], full: bool) -> Drift:
    """Compare *outline* and *unreadable* (`connectors.base.Source`) with those of the last read.

    Raises:
        AccessError: what could be read before is hidden now, and nobody asked for a *full* read: its companies would
            look as if they had none.
    """
    known = warehouse.mark(f"outline:{crm}")
    if known is None:
        return Drift()
    before: dict[str, str] = json.loads(known)
    hidden_before: list[str] = json.loads(warehouse.mark(f"unreadable:{crm}") or "[]")
    lost = set(unreadable) - set(hidden_before)
    lost |= {old for stream, old in before.items() if _is_stream(stream) and stream not in outline}
    if lost and not full:
        raise AccessError(
            f"crm '{crm}': {', '.join(sorted(lost))} could be read before and is missing or hidden now; let the "
            f"integration user read it again, or go on without it: overlap pull --full"
        )
    moved = [name for name in sorted(before.keys() | outline.keys()) if before.get(name) != outline.get(name)]
    return Drift(
        notes=tuple(_note(name, before.get(name), outline.get(name)) for name in moved),
        # A field that only became longer or shorter says the same as before.
        read_again=any(_plain(before.get(name)) != _plain(outline.get(name)) for name in moved),
        cleared=tuple(name for name in moved if _is_stream(name)),
    )


def remember(
    warehouse: Warehouse,
    crm: str,
    outline: Mapping[str, str],
    unreadable: tuple[str, ...],
    reading: Mapping[str, Any],
) -> None:
    """Keep what was read by beside the rows; inside `Warehouse.transaction` it stands or falls with them.

    *reading* are the settings that asked for it.
    """
    warehouse.set_mark(f"outline:{crm}", json.dumps(dict(outline)))
    warehouse.set_mark(f"unreadable:{crm}", json.dumps(unreadable))
    warehouse.set_mark(f"reading:{crm}", json.dumps(reading))


def read_by(warehouse: Warehouse, crm: str) -> dict[str, Any] | None:
    """Return the settings by which *crm* was read last; None if an earlier version read it, which kept none."""
    kept = warehouse.mark(f"reading:{crm}")
    return None if kept is None else dict(json.loads(kept))


def _is_stream(name: str) -> bool:
    return "." not in name


def _plain(said: str | None) -> str | None:
    return None if said is None else said.partition("(")[0]


def _note(name: str, old: str | None, new: str | None) -> str:
    if old is None:
        return f"{name} is read now: {new}"
    if new is None:
        return f"{name} is not read any more, it was {old}"
    return f"{name} was {old}, is {new}"
