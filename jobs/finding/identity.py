"""What a company is known by when its id changes: its name without the legal form, its domain, its country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from matching.normalize.names import variants
from matching.normalize.places import country_codes
from matching.normalize.websites import domains, rows_of_domains
from overlap.model import Judgement


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said: ``same`` or ``different``, where, who and when."""

    verdict: str
    source: str
    judged_by: str
    judged_at: datetime


def identified(accounts: pl.DataFrame, side: str) -> pl.DataFrame:
    """Return *side* (``crm`` or ``partner``), id, name, domain and country of *accounts*, normalised."""
    if accounts.is_empty():  # taking nothing apart takes as long as a hundred names
        return accounts.select(side, "id", **dict.fromkeys(("name", "domain", "country"), pl.lit(None, pl.String)))
    return accounts.select(
        side,
        "id",
        # What is no name to a matcher ("Test") is one to a verdict.
        name=plain_names(accounts["name"]).fill_null(accounts["name"].str.to_lowercase()),
        domain=plain_domains(accounts["website"]),
        country=plain_countries(accounts["country"], keep_unknown=False),
    )


def judgement(ours: Mapping[str, Any], theirs: Mapping[str, Any], said: Verdict) -> Judgement:
    """Return the judgement that *said* is on a pair of rows of `identified`."""
    return Judgement(
        crm=ours["crm"],
        ours_id=ours["id"],
        ours_name=ours["name"],
        ours_domain=ours["domain"],
        ours_country=ours["country"],
        partner=theirs["partner"],
        theirs_id=theirs["id"],
        theirs_name=theirs["name"],
        theirs_domain=theirs["domain"],
        theirs_country=theirs["country"],
        verdict=said.verdict,
        source=said.source,
        judged_by=said.judged_by,
        judged_at=said.judged_at,
    )


def plain_names(names: pl.Series) -> pl.Series:
    """Return *names* as they are compared: one spelling, no spaces, no legal form."""
    own = variants(names).filter(pl.col("variant") == 0)
    return _mapped(names, own, "name", "squeezed")


def plain_domains(websites: pl.Series) -> pl.Series:
    """Return the domain of each of *websites* that is a company's own, null for every other one."""
    return _mapped(websites, domains(websites), "website", "domain")


def every_domain(websites: pl.Series) -> pl.Series:
    """Return for each of *websites* the list of all domains in it that are a company's own."""
    read = rows_of_domains(websites).select("domain", pl.col("others").fill_null([]))
    return read.select(pl.concat_list("domain", "others").list.drop_nulls()).to_series()


def plain_countries(countries: pl.Series, keep_unknown: bool = True) -> pl.Series:
    """Return ISO 3166 codes of *countries*; what is no country stays as it is, or becomes null."""
    written = countries.drop_nulls().unique()
    codes = dict(zip(written, country_codes(written), strict=True))
    known = {text: code or (text if keep_unknown else None) for text, code in codes.items()}
    return countries.replace_strict(known, default=None, return_dtype=pl.String)


def _mapped(values: pl.Series, table: pl.DataFrame, key: str, value: str) -> pl.Series:
    found = dict(zip(table[key].to_list(), table[value].to_list(), strict=True))
    return values.replace_strict(found, default=None, return_dtype=pl.String)
