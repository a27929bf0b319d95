"""HubSpot's names for our objects and fields: those of `overlap.fields`, which are written as HubSpot writes them."""

from __future__ import annotations

from typing import Final

from overlap.fields import Field

_STANDARD_PROPERTIES: Final = {"owner_id": "hubspot_owner_id"}


def property_name(field: Field) -> str:
    """Return the internal name of *field*'s property."""
    return _STANDARD_PROPERTIES.get(field.name, field.name)
