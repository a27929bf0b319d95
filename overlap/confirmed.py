"""Whose influence on a deal people confirmed: what its records say, and how its flat fields say it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import polars as pl

from overlap.fields import TICKED
from overlap.keys import external_key

if TYPE_CHECKING:
    from overlap.records import Findings

_NAMES = "overlap_confirmed_partners"
_SOURCED_BY = "overlap_sourced_by"


def confirmed_by_records(
    influences: pl.DataFrame, partners: pl.DataFrame, known: Collection[str], workspace_id: str
) -> pl.DataFrame:
    """Return partner (the key of its record), sourced and opportunity_id of each record that people confirmed.

    *influences* and *partners* are what one CRM says. Where people deleted the record of a partner, and the link to it
    with it, the key of the influence still tells which of all *known* partners it was made for.
    """
    said = influences.filter((pl.col("status") == "Confirmed") & ~pl.col("is_deleted"))
    there = {*partners.filter(~pl.col("is_deleted"))["partner_key"]}
    lost = said.filter(pl.col("partner").is_null())["opportunity"].drop_nulls().unique()
    records = {partner: external_key(workspace_id, partner, "", "partner") for partner in known}
    made_for = pl.DataFrame(
        [
            (external_key(workspace_id, partner, deal, "influence"), record)
            for partner, record in records.items()
            if record not in there
            for deal in lost
        ],
        schema={"influence_key": pl.String, "made_for": pl.String},
        orient="row",
    )
    named = said.join(made_for, on="influence_key", how="left", maintain_order="left")
    return named.select(pl.coalesce("partner", "made_for").alias("partner"), "sourced", opportunity_id="opportunity")


def confirmed_names(found: Findings, partners: pl.DataFrame, has_partners: bool) -> pl.DataFrame:
    """Return by ``id`` of deals the partners that people confirmed; the first by name where two claim to have sourced.

    *partners* are those of `overlap.records.labelled_partners`. *has_partners*: the CRM has records of partners.
    """
    # A partner that was removed, or is withheld, keeps its part in deals.
    removed = found.current["overlap_partner"].select("partner_key", partner_name="name")
    ever = pl.DataFrame(
        {"partner_key": [*found.ever], "partner_name": [*found.ever.values()]},
        schema=dict.fromkeys(removed.columns, pl.String),
    )
    names = pl.concat([partners.select("partner_key", "partner_name"), removed, ever])
    first = names.unique("partner_key", keep="first", maintain_order=True)
    named = found.confirmed.join(first, left_on="partner", right_on="partner_key")
    named = named.select("opportunity_id", "partner_name", "sourced")
    if not has_partners:
        known = {*names["partner_name"], *found.former_names} - found.removed
        named = pl.concat([named, _of_nobody(found.current["opportunity"], known)])
    sourced = pl.col("partner_name").filter(pl.col("sourced").fill_null(False)).sort().first()
    return named.group_by(id="opportunity_id").agg(
        overlap_confirmed_partners=pl.col("partner_name").unique().sort().str.join(";"), overlap_sourced_by=sourced
    )


def _of_nobody(deals: pl.DataFrame, known: Collection[str]) -> pl.DataFrame:
    """Return opportunity_id, partner_name and sourced of partners that *deals* name, and that are none of *known*.

    A partner that was erased is named there only, and a label tells nothing of one that was removed; what people
    confirmed stays, until they take the tick away.
    """
    tick = pl.col(TICKED) if TICKED in deals.columns else pl.lit(None, pl.Boolean)
    said = deals.filter(~pl.col("is_deleted"), tick.ne_missing(pl.lit(False)))
    rows = said.select(
        pl.col(_NAMES).str.split(";").alias("partner_name"), pl.col(_SOURCED_BY), opportunity_id="id"
    ).explode("partner_name")
    unknown = rows.filter(pl.col("partner_name").is_not_null() & ~pl.col("partner_name").is_in(list(known)))
    return unknown.select(
        "opportunity_id", "partner_name", sourced=pl.col(_SOURCED_BY).eq_missing(pl.col("partner_name"))
    )
