"""From matched pairs to overlaps: one per account and partner, in its cell, with its play and its priority."""

from __future__ import annotations

from typing import Final

import polars as pl

from overlap.fields import PLAYS
from overlap.keys import external_key
from overlap.model import OTHER, POPULATIONS, RELATIONS, SAME, Overlap, PartnerAccount, conform

OFF_LIMITS: Final = "Off limits"

#: What a cell is worth to a seller, 0..100: nearness to a decision times what the partner can do for it.
CELL_VALUE: Final = {
    ("Open Opportunities", "Customers"): 100,
    ("Prospects", "Customers"): 90,
    ("Open Opportunities", "Open Opportunities"): 85,
    ("Prospects", "Open Opportunities"): 65,
    ("Customers", "Open Opportunities"): 55,
    ("Customers", "Customers"): 50,
    ("Open Opportunities", "Prospects"): 50,
    ("Customers", "Prospects"): 45,
    ("Prospects", "Prospects"): 30,
}
_OTHER_CELL_VALUE: Final = 10
_FAMILY_FACTOR: Final = 0.6
_PAIR: Final = ["crm", "account_id", "partner"]


def overlaps_of(
    matches: pl.DataFrame,
    accounts: pl.DataFrame,
    theirs: pl.DataFrame,
    workspace_id: str,
) -> pl.DataFrame:
    """Return the overlaps without their first_seen, sorted by falling priority.

    *accounts* has the columns of Account and population, populations, icp_fit, icp_tier, icp_reasons. Only pairs
    decided ``match`` count. Where a partner has the company itself and relatives of it, only the company itself speaks.
    """
    rows = _matched_rows(matches, theirs)
    ours = accounts.rename(
        {"id": "account_id", "name": "account_name", "population": "our_population", "populations": "our_populations"}
    )
    found = _best_row(rows).join(_united(rows), on=_PAIR).join(ours, on=["crm", "account_id"])
    key = pl.struct("partner", "account_id").map_elements(
        lambda pair: external_key(workspace_id, pair["partner"], pair["account_id"], "overlap"), pl.String
    )
    overlaps = found.with_columns(key=key, play=pl.when(~_is_off_limits()).then(play()), priority=priority())
    return conform(overlaps, Overlap, "first_seen").sort(
        "priority", "probability", "account_name", "key", descending=[True, True, False, False]
    )


def _matched_rows(matches: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per matched pair with what the partner says of its side; relatives only where nobody is closer."""
    said = conform(theirs, PartnerAccount).select(
        "partner",
        "population",
        theirs_id="id",
        theirs_name="name",
        theirs_website="website",
        theirs_owner_name="owner_name",
        theirs_owner_email="owner_email",
    )
    sure = matches.filter(pl.col("decision") == "match").rename({"ours_id": "account_id"})
    rows = sure.join(said, on=["partner", "theirs_id"]).with_columns(
        relation_rank=_rank(pl.col("relation"), RELATIONS),
        population_rank=_rank(pl.col("population"), (*POPULATIONS, OTHER)),
        probability=pl.col("probability").round(3),
    )
    return rows.filter(pl.col("relation_rank") == pl.col("relation_rank").min().over(_PAIR))


def _best_row(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the row that is shown of each account and partner: the surest, then the one nearest to a customer."""
    order = [*_PAIR, "probability", "population_rank", "theirs_id"]
    surest_first = rows.sort(order, descending=[name == "probability" for name in order])
    return surest_first.unique(_PAIR, keep="first", maintain_order=True)


def _united(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the populations of all rows of each account and partner, and the strongest one."""
    return (
        rows.sort("population_rank")
        .group_by(_PAIR, maintain_order=True)
        .agg(
            partner_population=pl.col("population").first(),
            partner_populations=pl.col("population").unique(maintain_order=True).str.join(", "),
        )
    )


def play(our_population: pl.Expr | None = None) -> pl.Expr:
    """Return the play of the cell (*our_population*, partner_population); null outside the matrix."""
    ours = pl.col("our_population") if our_population is None else our_population
    cell = pl.concat_str(ours, pl.col("partner_population"), separator="|")
    return cell.replace_strict({"|".join(names): name for names, name in PLAYS.items()}, default=None)


def _is_off_limits() -> pl.Expr:
    return pl.col("engagement").eq_missing(pl.lit(OFF_LIMITS))


def priority() -> pl.Expr:
    """Return ``priority``: half the cell's value, a third of ICP fit, the rest how sure the match is; relatives less.

    It moves in steps of 5, which keep noise from being an update.
    """
    cell = pl.concat_str("our_population", "partner_population", separator="|").replace_strict(
        {"|".join(names): value for names, value in CELL_VALUE.items()}, default=_OTHER_CELL_VALUE
    )
    score = 0.5 * cell + 0.35 * pl.col("icp_fit") + 15.0 * pl.col("probability")
    factor = pl.when(pl.col("relation") == SAME).then(1.0).otherwise(_FAMILY_FACTOR)
    stepped = (score * factor / 5).round().cast(pl.Int64) * 5
    return pl.when(_is_off_limits()).then(0).otherwise(stepped).alias("priority")


def _rank(value: pl.Expr, order: tuple[str, ...]) -> pl.Expr:
    return value.replace_strict({name: rank for rank, name in enumerate(order)}, return_dtype=pl.Int64)


def matrix(overlaps: pl.DataFrame) -> pl.DataFrame:
    """Return partner, our_population, partner_population, accounts: how many companies lie in each cell.

    Relatives do not count: their population is not the company's own.
    """
    return (
        overlaps.filter(pl.col("relation") == SAME)
        .group_by("partner", "our_population", "partner_population")
        .agg(accounts=pl.struct("crm", "account_id").n_unique())
        .sort("partner", "our_population", "partner_population")
    )


def greenfield(theirs: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of *theirs* that match nothing of ours, surely or doubtfully, best fit first.

    *theirs* has icp_fit; a customer of theirs comes before a prospect of equal fit.
    """
    open_pairs = matches.filter(pl.col("decision") != "no match")
    return theirs.join(open_pairs, left_on=["partner", "id"], right_on=["partner", "theirs_id"], how="anti").sort(
        pl.col("icp_fit"),
        _rank(pl.col("population"), (*POPULATIONS, OTHER)),
        "name",
        "id",
        descending=[True, False, False, False],
    )
