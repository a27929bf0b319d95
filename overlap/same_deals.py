"""One deal in two CRMs, as an integration between them keeps it: influence on it is suggested, and counted, once.

A field that the settings map holds the other CRM's id. The CRM that comes first has the deal, the other one a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from overlap.clusters import connected
from overlap.overlaps import OFF_LIMITS

_COPIES: Final[dict[str, Any]] = dict.fromkeys(("crm", "id", "of_crm", "of_id"), pl.String)
#: Salesforce's ids have a short form, which is what the long one begins with; other CRMs' ids are shorter than either.
_LENGTH: Final = 15


def none() -> pl.DataFrame:
    """Return no copies."""
    return pl.DataFrame(schema=_COPIES)


def linked(deals: pl.DataFrame, field: str | None, order: Sequence[str]) -> pl.DataFrame:
    """Return crm, id, of_crm, of_id: all *deals* that are linked, through whatever CRMs, each with the deal itself.

    *field* is the mapped field with the other CRM's id; None: nobody knows of links. *order* says which CRM comes
    first: its deal is the deal itself, of several the one with the smallest id.
    """
    if field is None:
        return none()
    mapped = pl.col(field) if field in deals.columns else pl.col("custom").str.json_path_match(f"$['{field}']")
    said = deals.select("crm", "id", start=_start(pl.col("id")), other=_start(mapped.cast(pl.String)))
    pairs = said.filter(pl.col("other").str.len_chars() > 0).join(
        said.select(other_crm="crm", other_id="id", other="start"), on="other"
    )
    both = pairs.filter(pl.col("crm") != pl.col("other_crm"))
    links = both.select(one=_named("crm", "id", order), other=_named("other_crm", "other_id", order))
    first = connected(links.iter_rows())
    named = said.select("crm", "id", deal=_named("crm", "id", order))
    known = named.with_columns(first=pl.col("deal").replace_strict(first, default=None, return_dtype=pl.String))
    itself = known.filter(pl.col("deal") == pl.col("first")).select("first", of_crm="crm", of_id="id")
    return known.join(itself, on="first").select(list(_COPIES)).sort("crm", "id")


def copies(together: pl.DataFrame) -> pl.DataFrame:
    """Return those that are copies of the deals that are *together* (see `linked`), each with the deal itself.

    Of two deals that claim to be one of the first CRM, both are its copies. A deal of the same CRM is nobody's copy.
    """
    return together.filter(pl.col("crm") != pl.col("of_crm"))


def of_originals(found: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Return *found* (crm, opportunity_id and more) where what is about a copy is about the deal itself."""
    told = found.join(
        second, left_on=["crm", "opportunity_id"], right_on=["crm", "id"], how="left", maintain_order="left"
    )
    return told.with_columns(
        crm=pl.coalesce("of_crm", "crm"), opportunity_id=pl.coalesce("of_id", "opportunity_id")
    ).select(found.columns)


def agreed(deals: pl.DataFrame, accounts: pl.DataFrame, together: pl.DataFrame) -> pl.DataFrame:
    """Return *deals* where all that are *together* are off limits if one of them or of their *accounts* is."""
    if together.is_empty():
        return deals
    of_account = accounts.select("crm", account_id="id", account_engagement="engagement")
    known = _with_originals(deals, together)
    known = known.join(of_account, on=["crm", "account_id"], how="left", maintain_order="left")
    is_closed = (pl.col("engagement") == OFF_LIMITS) | (pl.col("account_engagement") == OFF_LIMITS)
    off_limits = pl.when(is_closed.any().over("of_crm", "of_id")).then(pl.lit(OFF_LIMITS))
    return known.with_columns(engagement=off_limits.otherwise("engagement")).select(deals.columns)


def left_out(gone: pl.DataFrame, deals: pl.DataFrame, together: pl.DataFrame) -> pl.DataFrame:
    """Return the deals *gone* (crm, id, name, account_id, rule), and all that are *together* with one of them.

    They may hang on accounts of which nobody knows that they are one company.
    """
    if together.is_empty():
        return gone
    known = _with_originals(deals, together)
    out = known.join(gone.select("crm", "id", "rule"), on=["crm", "id"])
    rules = out.sort("crm", "id").unique(["of_crm", "of_id"], keep="first", maintain_order=True)
    rest = known.join(rules.select("of_crm", "of_id", "rule"), on=["of_crm", "of_id"]).join(
        gone, on=["crm", "id"], how="anti"
    )
    return pl.concat([gone, rest.sort("crm", "id").select(gone.columns)])


def _with_originals(deals: pl.DataFrame, together: pl.DataFrame) -> pl.DataFrame:
    """Return *deals* with ``of_crm`` and ``of_id``: the deal itself, of what is linked as of what is not."""
    known = deals.join(together, on=["crm", "id"], how="left", maintain_order="left")
    return known.with_columns(of_crm=pl.coalesce("of_crm", "crm"), of_id=pl.coalesce("of_id", "id"))


def _named(crm: str, key: str, order: Sequence[str]) -> pl.Expr:
    """Return one word for each deal; those of the CRM that comes first are the smallest."""
    places = {name: f"{place:03}" for place, name in enumerate(order)}
    return pl.concat_str(pl.col(crm).replace_strict(places, return_dtype=pl.String), key, separator=":")


def _start(value: pl.Expr) -> pl.Expr:
    return value.str.slice(0, _LENGTH)
