"""What a read will bring, in words: held against those of the run before, they show what an admin changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.salesforce.columns import Reading
from connectors.salesforce.session import Describe
from connectors.salesforce.views import View


def outline(readings: Sequence[Reading], look: Callable[[str], Describe | None]) -> dict[str, str]:
    """Return ``<stream>.<column>``: its field and the field's type and length; and ``<stream>``: which rows come."""
    said: dict[str, str] = {}
    for reading in readings:
        first = reading.views[0].stream
        rows = f"{reading.object_name} where {' and '.join(reading.where)}" if reading.where else reading.object_name
        # Leads come in the stream of accounts.
        said[first] = f"{said[first]}, {rows}" if first in said else rows
        for view in reading.views:
            said |= {name: words for name, words in _columns(reading, view, look) if name not in said}
    return said


def _columns(reading: Reading, view: View, look: Callable[[str], Describe | None]) -> Iterator[tuple[str, str]]:
    described = look(reading.object_name) or {}
    for column in (*view.columns, *view.custom):
        facts = described.get(column.field, {}) if column.field == column.path else {}
        type_ = str(facts.get("type") or view.kind(column.path).base_type().__name__.lower())
        path = column.path if column.instead is None else f"{column.path} or else {column.instead}"
        length = facts.get("length") or 0
        yield f"{view.stream}.{column.name}", f"{path}, {type_}" + (f"({length})" if length else "")
