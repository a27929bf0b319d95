"""What is news to one reader: the overlaps that are new, or stand elsewhere, since what the reader was told last.

Pure. Whether a partner may be told of at all, and which of its fields, was decided before (`overlap.terms`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from overlap.model import SAME
from overlap.overlaps import OFF_LIMITS

#: Whoever is told of a row; a row that has nobody is nobody's news.
READER: Final = "reader"
_HIDDEN: Final = "not shown"


def tellable(overlaps: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Return those of *overlaps* that a seller may hear of: there is something to do, and nobody is off limits.

    What is off limits on one of the *deals* of an account keeps the account out, as it keeps it from partners. Where
    the partner does not let its population be shown, there is no play, and the overlap itself is the news.
    """
    closed = deals.filter(pl.col("engagement") == OFF_LIMITS, pl.col("account_id").is_not_null())
    open_ones = overlaps.filter(pl.col("engagement").ne_missing(pl.lit(OFF_LIMITS)))
    open_ones = open_ones.join(closed, on=["crm", "account_id"], how="anti", maintain_order="left")
    return open_ones.filter(pl.col("play").is_not_null() | pl.col("partner_population").is_null())


def with_readers(overlaps: pl.DataFrame, companies: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """Return *overlaps* with ``reader``, the e-mail of the account's owner in lower case; null where none is reached.

    A person who owns a company's accounts in several CRMs hears of it once, as the one that speaks for it has it.
    """
    owners = users.filter("is_active", pl.col("email").str.contains("@")).select(
        "crm", owner_id="id", reader=pl.col("email").str.strip_chars().str.to_lowercase(), owner_name="name"
    )
    known = companies.select("crm", "company", "speaks", account_id="id")
    rows = overlaps.join(owners, on=["crm", "owner_id"], how="left", maintain_order="left").join(
        known, on=["crm", "account_id"], how="left", maintain_order="left"
    )
    first = rows.sort(pl.col("speaks").fill_null(True), descending=True, maintain_order=True)
    company = pl.coalesce(pl.col("company").cast(pl.String), pl.format("{} {}", "crm", "account_id"))
    once = first.with_columns(company=company).unique([READER, "company", "partner"], keep="first", maintain_order=True)
    nobody = pl.col(READER).is_null()
    return once.filter(~nobody | nobody.all().over("company", "partner"))


def standing() -> pl.Expr:
    """Return in words where an overlap stands: what of it is news when it changes. Its rank and reasons are not."""
    theirs = pl.col("partner_population").fill_null(_HIDDEN)
    relation = pl.when(pl.col("relation") == SAME).then(pl.lit("")).otherwise(pl.format(" ({})", "relation"))
    return pl.format("{} x {}{}", "our_population", theirs, relation).alias("standing")


def news(rows: pl.DataFrame, told: Mapping[str, str]) -> pl.DataFrame:
    """Return those of *rows* that say something else than *told* (by key), the most promising first.

    ``before`` is where one stood then, null for a new one.
    """
    before = pl.col("key").replace_strict(told, default=None, return_dtype=pl.String)
    # What the partner lets nobody see any more is not told again by saying what it was.
    hidden = before.str.replace(r" x [^(]*?( \(.*)?$", f" x {_HIDDEN}${{1}}")
    before = pl.when(pl.col("partner_population").is_null()).then(hidden).otherwise(before)
    changed = rows.with_columns(standing(), before=before).filter(pl.col("standing").ne_missing(pl.col("before")))
    return changed.sort(
        "priority", "probability", "account_name", "key", descending=[True, True, False, False], maintain_order=True
    )


def moved(counts: Mapping[str, int], told: Mapping[str, str]) -> list[tuple[str, int, int]]:
    """Return the cells whose number is another than *told*, each with the number before and now."""
    before = {cell: int(said) for cell, said in told.items()}
    cells = dict.fromkeys((*counts, *before))
    pairs = [(cell, before.get(cell, 0), counts.get(cell, 0)) for cell in cells]
    return [pair for pair in pairs if pair[1] != pair[2]]
