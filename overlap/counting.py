"""Count overlaps as companies, from our side and from theirs, so that the two views give one number.

A company here is what our accounts and their rows of one partner say together: accounts of ours that are duplicates of
one another, and rows of theirs on one of them, are all it. For every partner

    our accounts - our doubles = companies = their rows - their doubles

where a double is an account (a row) beyond the first of its company. Only matches of the company itself count, no
relatives, as in the matrix.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from overlap.clusters import connected
from overlap.model import OTHER, POPULATIONS, SAME

_CELL: Final = ("partner", "our_population", "partner_population")
_ORDER: Final = (*POPULATIONS, OTHER)


def counts(
    overlaps: pl.DataFrame, companies: pl.DataFrame, matches: pl.DataFrame, theirs: pl.DataFrame
) -> pl.DataFrame:
    """Return how much lies in each cell: ``accounts``, ``companies``, ``their_rows``.

    Columns before: partner, our_population, partner_population. *companies* are those of
    `matching.duplicates.duplicates`; *overlaps*, *matches* and *theirs* have the columns of Overlap, Match and
    PartnerAccount. Each account and each row stands in the cell that it has by itself, a company in that of its account
    and its row that are nearest to a customer. So each column adds up to what `reconciled` says of the partner.
    """
    pairs = _pairs(overlaps, companies, matches, theirs)
    accounts = overlaps.filter(pl.col("relation") == SAME).group_by(_CELL).len("accounts")
    rows = _nearest(pairs, "theirs_id").group_by(_CELL).len("their_rows")
    united = _nearest(pairs, "united").group_by(_CELL).len("companies")
    found = accounts.join(united, on=_CELL, how="full", coalesce=True).join(rows, on=_CELL, how="full", coalesce=True)
    return found.select(*_CELL, pl.col("accounts", "companies", "their_rows").fill_null(0)).sort(_CELL)


def reconciled(
    overlaps: pl.DataFrame, companies: pl.DataFrame, matches: pl.DataFrame, theirs: pl.DataFrame
) -> pl.DataFrame:
    """Return ``partner``, ``accounts``, ``our_doubles``, ``companies``, ``their_doubles``, ``their_rows``.

    The arguments are those of `counts`.
    """
    pairs = _pairs(overlaps, companies, matches, theirs)
    ours, rows = pl.struct("crm", "ours_id").n_unique(), pl.col("theirs_id").n_unique()
    each = pairs.group_by("partner", "united").agg(accounts=ours, their_rows=rows)
    found = each.group_by("partner").agg(
        pl.col("accounts").sum(),
        our_doubles=(pl.col("accounts") - 1).sum(),
        companies=pl.len(),
        their_doubles=(pl.col("their_rows") - 1).sum(),
        their_rows=pl.col("their_rows").sum(),
    )
    return found.sort("partner")


def _pairs(
    overlaps: pl.DataFrame, companies: pl.DataFrame, matches: pl.DataFrame, theirs: pl.DataFrame
) -> pl.DataFrame:
    """Return the pairs that count: their four ids, both populations, and ``united``, the company that they are part of.

    Populations are those of the account and of the row by themselves.
    """
    same = matches.filter((pl.col("decision") == "match") & (pl.col("relation") == SAME))
    ours = overlaps.select("crm", "partner", "our_population", ours_id="account_id")
    rows = theirs.select("partner", theirs_id="id", partner_population="population")
    company = companies.select("crm", "company", ours_id="id")
    pairs = same.select("crm", "ours_id", "partner", "theirs_id").join(ours, on=["crm", "partner", "ours_id"])
    pairs = pairs.join(rows, on=["partner", "theirs_id"]).join(company, on=["crm", "ours_id"])
    # A row of theirs on two of our companies makes them one to the partner, and so in what is counted together.
    one, other = pl.format("{} ours {}", "partner", "company"), pl.format("{} theirs {}", "partner", "theirs_id")
    pairs = pairs.with_columns(one=one, other=other)
    part = connected(pairs.select("one", "other").iter_rows())
    united = pl.col("one").replace(part) if part else pl.col("one")
    return pairs.with_columns(united=united).drop("one", "other", "company")


def _nearest(pairs: pl.DataFrame, thing: str) -> pl.DataFrame:
    """Return one row per partner and *thing*, with the strongest populations of its pairs."""
    strongest = [pl.col(name).cast(pl.Enum(_ORDER)).min().cast(pl.String) for name in _CELL[1:]]
    return pairs.group_by("partner", thing).agg(strongest)
