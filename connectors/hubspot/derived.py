"""Columns that no property fills by itself: stages of pipelines, websites out of several properties, account types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from connectors.hubspot.cells import LABEL
from connectors.hubspot.columns import ACCOUNT_TYPE, CLOSED, CURRENCY, LEAD, PIPELINE, STAGE, WEBSITE, WON
from connectors.hubspot.views import NAME

CUSTOMER, PARTNER = "Customer", "Partner"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a deal pipeline, in people's words."""

    label: str
    pipeline: str
    is_closed: bool
    is_won: bool


def stages_of(pipelines: Sequence[Mapping[str, Any]]) -> dict[str, Stage]:
    """Return every stage of *pipelines* by its id. A deal is won that is closed with a probability of 1."""
    found = {}
    for pipeline in pipelines:
        for stage in pipeline["stages"]:
            facts = stage.get("metadata") or {}
            is_closed = str(facts.get("isClosed", "")).lower() == "true"
            is_won = is_closed and _number(facts.get("probability")) >= 1
            found[str(stage["id"])] = Stage(str(stage["label"]), str(pipeline["label"]), is_closed, is_won)
    return found


def of_companies(
    found: pl.DataFrame, customer_stages: Sequence[str], partner_types: Sequence[str], currency: str | None
) -> pl.DataFrame:
    """Return *found*, companies, with their websites, account types, and the *currency* of their revenue."""
    stage, kind = _column(found, "lifecyclestage"), _column(found, "type")
    named = pl.coalesce(_column(found, "lifecyclestage" + LABEL), stage)
    sites = [_column(found, name) for name in ("domain", "hs_additional_domains")]
    domains = pl.concat_str(*sites, separator=";", ignore_nulls=True)
    return found.with_columns(
        pl.when(domains != "").then(domains).otherwise(_column(found, "website")).alias(WEBSITE),
        pl.when(stage.is_in(list(customer_stages)))
        .then(pl.lit(CUSTOMER))
        .when(kind.is_in(list(partner_types)))
        .then(pl.lit(PARTNER))
        .otherwise(named)
        .alias(ACCOUNT_TYPE),
        pl.coalesce(_column(found, "name"), _column(found, "domain"), "id").alias(NAME),
        pl.lit(False).alias(LEAD),
        pl.lit(currency, pl.String).alias(CURRENCY),
    )


def of_deals(found: pl.DataFrame, stages: Mapping[str, Stage]) -> pl.DataFrame:
    """Return *found*, deals, with the words and flags of their stages; of a stage that is gone, what the deal says."""
    stage = pl.col("dealstage")

    def told(facts: Mapping[str, Any], dtype: Any) -> pl.Expr:
        return stage.replace_strict(dict(facts), default=None, return_dtype=dtype)

    labels = told({key: one.label for key, one in stages.items()}, pl.String)
    pipelines = told({key: one.pipeline for key, one in stages.items()}, pl.String)
    closed = told({key: one.is_closed for key, one in stages.items()}, pl.Boolean)
    won = told({key: one.is_won for key, one in stages.items()}, pl.Boolean)
    return found.with_columns(
        pl.coalesce(_column(found, "dealname"), "id").alias(NAME),
        pl.coalesce(labels, stage).alias(STAGE),
        pl.coalesce(pipelines, _column(found, "pipeline")).alias(PIPELINE),
        pl.coalesce(closed, _column(found, "hs_is_closed", pl.Boolean), pl.lit(False)).alias(CLOSED),
        pl.coalesce(won, _column(found, "hs_is_closed_won", pl.Boolean), pl.lit(False)).alias(WON),
    )


def _column(found: pl.DataFrame, name: str, dtype: Any = pl.String) -> pl.Expr:
    return pl.col(name).cast(dtype) if name in found.columns else pl.lit(None, dtype)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
