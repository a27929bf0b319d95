"""Influence in a CRM that has no records of it: a list of suggested partners on the deal, and a person's tick.

A tick says that a suggestion is right, and not which: it counts where there is one only. So what was suggested stays as
it is from then on, or the tick would soon mean something else; also where a CRM has records of influence by now.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from overlap.fields import OPPORTUNITY, SUGGESTED, TICKED
from overlap.records import Findings, labelled_partners


def suggested(found: Findings, influences: pl.DataFrame) -> pl.DataFrame:
    """Return for deals by ``id`` the partners that are to be suggested on them; null where nobody is.

    *influences* are desired records of influence, best first, with *suggest*. Who is suggested already stays as long as
    there is evidence, also under a name that it had before; a deal that is closed, or that a person has ticked, keeps
    its list as it is.
    """
    names = labelled_partners(found).select("partner_name", partner="partner_key")
    listed = pl.col(SUGGESTED).str.split(";").fill_null([])
    now = listed.list.eval(pl.element().replace(dict(found.former_names)))
    deals = found.opportunities.select("id", "is_closed").join(_said(found.current[OPPORTUNITY.name]), on="id")
    rows = influences.select("suggest", "partner", id="opportunity").join(names, on="partner", maintain_order="left")
    rows = rows.join(deals, on="id", maintain_order="left").with_columns(
        standing=now.list.contains(pl.col("partner_name"))
    )
    new = pl.col("suggest") & ~pl.col("standing")
    place = (new.cum_sum() + pl.col("standing").sum()).over("id")
    wanted = (
        rows.filter(pl.col("standing") | (new & (place <= found.most_suggestions)))
        .group_by("id")
        .agg(wanted=pl.col("partner_name").unique().sort().str.join(";"))
    )
    kept = pl.col("is_closed") | pl.col(TICKED).fill_null(False)
    return deals.join(wanted, on="id", how="left").select(
        "id", pl.when(kept).then(SUGGESTED).otherwise("wanted").alias(SUGGESTED)
    )


def confirmed_by_ticks(deals: pl.DataFrame, partner_keys: Mapping[str, str]) -> pl.DataFrame:
    """Return partner (the key of its record), sourced and opportunity_id of each deal with a tick and one suggestion.

    *deals* is what the CRM says of opportunities, *partner_keys* has the keys by all names that the partners ever had.
    """
    keys = pl.DataFrame(list(partner_keys.items()), schema={SUGGESTED: pl.String, "partner": pl.String}, orient="row")
    ticked = _said(deals).filter(TICKED).join(keys, on=SUGGESTED)
    return ticked.select("partner", sourced=pl.lit(False), opportunity_id="id")


def unclear(found: Findings) -> tuple[str, ...]:
    """Name the deals with a tick that does not say which partner is meant."""
    ticked = (
        _said(found.current[OPPORTUNITY.name]).filter(TICKED).join(found.opportunities.select("id", "name"), on="id")
    )
    several = ticked.filter(pl.col(SUGGESTED).is_null() | pl.col(SUGGESTED).str.contains(";", literal=True))
    return tuple(
        f"{name}: partner influence is confirmed, and it is unclear whose: {_who(listed)}"
        for name, listed in several.select("name", SUGGESTED).sort("name").iter_rows()
    )


def _who(listed: str | None) -> str:
    if listed is None:
        return "no partner is suggested"
    return f"suggested are {listed.replace(';', ', ')}; leave one of them in the list"


def _said(deals: pl.DataFrame) -> pl.DataFrame:
    """Return id, list and tick of the deals that there are; a run of an earlier version knows neither."""
    said = [
        pl.col(name) if name in deals.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in ((SUGGESTED, pl.String), (TICKED, pl.Boolean))
    ]
    return deals.filter(~pl.col("is_deleted")).select("id", *said)
