"""What a read will bring, in words: held against those of the run before, they show what an admin changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.hubspot.columns import ACCOUNT_TYPE, Reading
from connectors.hubspot.mapping import Wishes
from connectors.hubspot.session import Properties


def outline(readings: Sequence[Reading], look: Callable[[str], Properties], wishes: Wishes) -> dict[str, str]:
    """Return ``<stream>.<column>``: its property and the property's type; and ``<stream>``: which rows come."""
    said: dict[str, str] = {"users": "owners"}
    for reading in readings:
        defined = look(reading.object_name)
        whose = " of this workspace" if reading.ours else ""
        said[reading.views[0].stream] = f"{reading.name}{whose}"
        for view in reading.views:
            for column in (*view.columns, *view.custom):
                facts = defined.get(column.property, {})
                type_ = f", {facts['type']}" if "type" in facts else ""
                said[f"{view.stream}.{column.name}"] = f"{column.property or column.source.lstrip(':')}{type_}"
                if column.source == ACCOUNT_TYPE:
                    stages, kinds = "/".join(wishes.customer_stages), "/".join(wishes.partner_types)
                    said[f"{view.stream}.{column.name}"] += f", Customer if {stages}, Partner if {kinds}"
    return said
