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
    rows = _best_relation_only(
        matches.filter(pl.col("decision") == "match")
        # Without their own rating, which would take the place of our account's.
        .join(conform(theirs, PartnerAccount), left_on=["partner", "theirs_id"], right_on=["partner", "id"])
        .with_columns(
            relation_rank=_rank(pl.col("relation"), RELATIONS),
            population_rank=_rank(pl.col("population"), (*POPULATIONS, OTHER)),
            probability=pl.col("probability").round(3),
        )
    )
    pair = ["crm", "ours_id", "partner"]
    best = rows.sort(
        *pair, "probability", "population_rank", "theirs_id", descending=[False, False, False, True, False, False]
    ).unique(pair, keep="first", maintain_order=True)
    united = (
        rows.sort("population_rank")
        .group_by(pair, maintain_order=True)
        .agg(
            partner_population=pl.col("population").first(),
            partner_populations=pl.col("population").unique(maintain_order=True).str.join(", "),
        )
    )
    ours = accounts.rename({"name": "account_name", "population": "our_population", "populations": "our_populations"})
    found = best.join(united, on=pair).join(ours, left_on=["crm", "ours_id"], right_on=["crm", "id"], suffix="_ours")
    overlaps = found.select(
        key=pl.struct("partner", "ours_id").map_elements(
            lambda pair: external_key(workspace_id, pair["partner"], pair["ours_id"], "overlap"), pl.String
        ),
        crm="crm",
        account_id="ours_id",
        account_name="account_name",
        partner="partner",
        our_population="our_population",
        our_populations="our_populations",
        partner_population="partner_population",
        partner_populations="partner_populations",
        play=pl.when(~_is_off_limits()).then(play()),
        theirs_id="theirs_id",
        theirs_name="name",
        theirs_website="website",
        theirs_owner_name="owner_name",
        theirs_owner_email="owner_email",
        probability="probability",
        relation="relation",
        reasons="reasons",
        icp_fit="icp_fit",
        icp_tier="icp_tier",
        icp_reasons="icp_reasons",
        priority=_priority(),
        engagement="engagement",
        owner_id="owner_id",
    )
    return conform(overlaps, Overlap, "first_seen").sort(
        "priority", "probability", "account_name", "key", descending=[True, True, False, False]
    )


def play(our_population: pl.Expr | None = None) -> pl.Expr:
    """Return the play of the cell (*our_population*, partner_population); null outside the matrix."""
    ours = pl.col("our_population") if our_population is None else our_population
    cell = pl.concat_str(ours, pl.col("partner_population"), separator="|")
    return cell.replace_strict({"|".join(names): name for names, name in PLAYS.items()}, default=None)


def _is_off_limits() -> pl.Expr:
    return pl.col("engagement").eq_missing(pl.lit(OFF_LIMITS))


def _priority() -> pl.Expr:
    """Half the cell's value, a third of ICP fit, the rest how sure the match is; in steps of 5; relatives less.

    Steps of 5 keep noise from being an update.
    """
    cell = pl.concat_str("our_population", "partner_population", separator="|").replace_strict(
        {"|".join(names): value for names, value in CELL_VALUE.items()}, default=_OTHER_CELL_VALUE
    )
    score = 0.5 * cell + 0.35 * pl.col("icp_fit") + 15.0 * pl.col("probability")
    factor = pl.when(pl.col("relation") == SAME).then(1.0).otherwise(_FAMILY_FACTOR)
    stepped = (score * factor / 5).round().cast(pl.Int64) * 5
    return pl.when(_is_off_limits()).then(0).otherwise(stepped)


def _best_relation_only(rows: pl.DataFrame) -> pl.DataFrame:
    best = pl.col("relation_rank").min().over("crm", "ours_id", "partner")
    return rows.filter(pl.col("relation_rank") == best)


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
