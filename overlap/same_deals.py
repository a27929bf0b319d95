"""One deal in two CRMs, as an integration between them keeps it: influence on it is suggested, and counted, once.

A field that the settings map holds the other CRM's id. The CRM that comes first has the deal, the other one a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from overlap.overlaps import OFF_LIMITS

_COPIES: Final[dict[str, Any]] = dict.fromkeys(("crm", "id", "of_crm", "of_id"), pl.String)
#: Salesforce's ids have a short form, which is what the long one begins with; other CRMs' ids are shorter than either.
_LENGTH: Final = 15


def none() -> pl.DataFrame:
    """Return no copies."""
    return pl.DataFrame(schema=_COPIES)


def copies(deals: pl.DataFrame, field: str | None, order: Sequence[str]) -> pl.DataFrame:
    """Return crm, id, of_crm, of_id: the *deals* that are copies, each with the deal itself.

    *field* is the mapped field with the other CRM's id; None: nobody knows of copies. *order* says which CRM comes
    first. Of two deals that claim to be one of the first CRM, both are its copies.
    """
    if field is None:
        return none()
    mapped = pl.col(field) if field in deals.columns else pl.col("custom").str.json_path_match(f"$['{field}']")
    said = deals.select("crm", "id", start=_start(pl.col("id")), other=_start(mapped.cast(pl.String)))
    linked = said.filter(pl.col("other").str.len_chars() > 0).join(
        said.select(other_crm="crm", other_id="id", other="start"), on="other"
    )
    both = linked.filter(pl.col("crm") != pl.col("other_crm")).select("crm", "id", "other_crm", "other_id")
    turned = both.select(crm="other_crm", id="other_id", other_crm="crm", other_id="id")
    place = {crm: at for at, crm in enumerate(order)}
    rank, rank_of = (pl.col(name).replace_strict(place, return_dtype=pl.Int64) for name in ("crm", "other_crm"))
    found = pl.concat([both, turned]).filter(rank > rank_of).sort(rank_of, "other_id")
    first = found.unique(["crm", "id"], keep="first", maintain_order=True)
    return first.select("crm", "id", of_crm="other_crm", of_id="other_id").sort("crm", "id")


def of_originals(found: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Return *found* (crm, opportunity_id and more) where what is about a copy is about the deal itself."""
    told = found.join(
        second, left_on=["crm", "opportunity_id"], right_on=["crm", "id"], how="left", maintain_order="left"
    )
    return told.with_columns(
        crm=pl.coalesce("of_crm", "crm"), opportunity_id=pl.coalesce("of_id", "opportunity_id")
    ).select(found.columns)


def agreed(deals: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Return *deals* where a deal and its copies are off limits if one of them is."""
    if second.is_empty():
        return deals
    of_deal = {"crm": "of_crm", "id": "of_id"}
    known = deals.join(second, on=["crm", "id"], how="left", maintain_order="left").with_columns(
        pl.coalesce(of, own).alias(of) for own, of in of_deal.items()
    )
    closed = (pl.col("engagement") == OFF_LIMITS).any().over(*of_deal.values())
    return known.with_columns(engagement=pl.when(closed).then(pl.lit(OFF_LIMITS)).otherwise("engagement")).select(
        deals.columns
    )


def _start(value: pl.Expr) -> pl.Expr:
    return value.str.slice(0, _LENGTH)
