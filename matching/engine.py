"""What a matching engine promises: frames in, pairs with probability, relation and reasons out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from matching.weights import Model

#: What both sides are compared by. Ours carries `crm` beside it, theirs `partner`; a column may be all null.
COLUMNS = (
    "id",
    "name",
    "website",
    "phone",
    "street",
    "city",
    "state",
    "postcode",
    "country",
    "industry",
    "headcount",
)


class Engine(Protocol):
    """Finds which of *theirs* are which of *ours*."""

    def match(self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model) -> pl.DataFrame:
        """Return pairs with the columns of `overlap.model.Match`, decision ``match`` or ``review`` only.

        *ours* has ``crm`` and `COLUMNS`, *theirs* has ``partner`` and `COLUMNS` (all partners in one frame). Ids are
        unique within a crm or partner. The result does not depend on the order of rows and is sorted by
        (crm, ours_id, partner, theirs_id).
        """
        ...
