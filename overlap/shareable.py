"""What a sharing policy may name. Apart from `overlap.sharing`, so that reading the settings loads no polars."""

from __future__ import annotations

from typing import Final

from overlap.model import OTHER, POPULATIONS

#: What stands for every population, on either side of a cell.
ANY: Final = "*"
CELLS: Final = (*POPULATIONS, OTHER)
#: The fields of ours, in the order of their columns. ``id`` is the CRM's, ``population`` where the company stands.
FIELDS: Final = (
    *("name", "website", "phone", "street", "city", "state", "postcode", "country", "industry", "headcount"),
    *("population", "owner_name", "owner_email", "id"),
)
