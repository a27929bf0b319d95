"""The frame of what a CRM says now in fields of ours: the same columns for every connector."""

from __future__ import annotations

from typing import Final

import polars as pl

from overlap.fields import OVERLAP, CrmObject, Kind, Owner

#: Multi-picklists stay the one string that the CRM stores, "A;B"; lookups are a key or an id, see `Page`.
_TYPES: Final[dict[Kind, pl.DataType]] = {
    Kind.NUMBER: pl.Float64(),
    Kind.CHECKBOX: pl.Boolean(),
    Kind.DATE: pl.Date(),
    Kind.DATETIME: pl.Datetime("us", "UTC"),
}
#: Who made an overlap and who changed it last, when: of feedback, nothing else says whose it is. Null where a CRM does
#: not tell.
CHANGES: Final[dict[str, pl.DataType]] = {
    "made_by": pl.String(),
    "last_changed_by": pl.String(),
    "last_changed_at": pl.Datetime("us", "UTC"),
}


def record_schema(thing: CrmObject) -> dict[str, pl.DataType]:
    """Return the columns of a ``record:<object>`` page: ``crm``, ``id``, and each E and H field in its order.

    A field that a CRM does not have is null.

    An overlap has `CHANGES` besides. Formula fields are left out: what the CRM works out itself is neither compared
    nor sent. What `Sink.current` returns has the same columns without ``crm``.
    """
    fields = {
        field.name: _TYPES.get(field.kind, pl.String()) for field in thing.columns if field.owner != Owner.FORMULA
    }
    return {"crm": pl.String(), "id": pl.String(), **fields, **(CHANGES if thing == OVERLAP else {})}
