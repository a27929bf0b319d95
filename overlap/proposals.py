"""Propose populations and exclusions from what an org's accounts and deals say of themselves. Nothing is decided here.

Each proposal is a filter as a person would write it, with the reason in words and the accounts that it takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from overlap.filter_rows import Rows, chosen
from overlap.filter_text import read_filter
from overlap.filters import Fields
from overlap.model import OTHER, POPULATIONS, Opportunity, empty

SAMPLES: Final = 5
_LISTED: Final = 8
_DUE_DAYS: Final = 90
_RENEWAL: Final = "renewal"
_LEAST_SHARE: Final = 0.05
#: What values of Type say, the first that fits: a former customer is none.
_SAYS: Final = {
    "former": re.compile(r"\b(former|ex|churned|lost|past|inactive|ehemalig\w*)\b"),
    "customer": re.compile(r"\b(customers?|clients?|kunden?|installed base)\b"),
    "competitor": re.compile(r"\b(competitors?|competition|wettbewerber|konkurrent\w*)\b"),
    "partner": re.compile(r"\b(partners?|resellers?|distributors?|integrators?|alliances?)\b"),
}
_TESTS: Final = ("test", "test %", "% test", "%(test)%", "zz%test%", "%do not use%", "dummy %")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What could stand at *place* in the settings, a *filter* or a list of *ids*; why, and whom it takes."""

    place: str
    filter: str | None
    ids: tuple[str, ...]
    reason: str
    accounts: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What is there: accounts by type and record type, deals by stage and type, each with how many, most first.

    *renewals* are deals that call themselves so, *overdue* open ones whose day of closing is more than a year ago.
    """

    accounts: int
    deals: int
    account_types: dict[str, int]
    record_types: dict[str, int]
    stages: dict[str, int]
    deal_types: dict[str, int]
    open: int
    won: int
    renewals: int
    overdue: int


def profile(rows: Rows) -> Profile:
    """Return what the accounts and deals of *rows* say of themselves."""
    accounts, deals = rows.accounts, _deals(rows)
    year = pl.lit(rows.today).dt.offset_by("-1y")
    return Profile(
        accounts=accounts.height,
        deals=deals.height,
        account_types=_counts(accounts["account_type"]),
        record_types=_counts(accounts["record_type"]),
        stages=_counts(deals["stage"]),
        deal_types=_counts(deals["deal_type"]),
        open=deals.filter(~pl.col("is_closed")).height,
        won=deals.filter("is_won").height,
        renewals=deals.filter(_is_renewal(_renewal_columns(deals))).height,
        overdue=deals.filter(~pl.col("is_closed") & (pl.col("close_date") < year)).height,
    )


def proposals(rows: Rows, fields: Fields, partner_accounts: Mapping[str, str]) -> tuple[Proposal, ...]:
    """Return what could stand in the settings; *partner_accounts* names the partner whose own account an id is."""
    found = profile(rows)
    says = {word: _saying(word, found.account_types) for word in _SAYS}
    written = [*_populations(rows, found, says), *_exclusions(rows, says)]
    made = [_proposal(rows, fields, place, text, reason) for place, text, reason in written]
    own = rows.accounts.filter(pl.col("id").is_in(list(partner_accounts)))
    if own.height:
        whose = ", ".join(dict.fromkeys(partner_accounts[one] for one in own["id"]))
        reason = f"these are our accounts of the partners themselves ({whose}): they would match the partner's own rows"
        ids = tuple(own["id"].to_list())
        made.append(Proposal("exclusions.our-partners", None, ids, reason, own.height, _samples(own)))
    return tuple(one for one in made if one.accounts)


def _populations(rows: Rows, found: Profile, says: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    if says["customer"] or found.won:
        yield _customers(found, says)
    renewals = _renewal_columns(_deals(rows).filter(~pl.col("is_closed")))
    if renewals:
        is_renewal = " or ".join(f"{name} like '%{_RENEWAL}%'" for name in renewals)
        why = f"{found.renewals:,} deals, open ones too, say {_RENEWAL} in {_listed(renewals)}"
        text = f"any_opportunity(not is_closed and not ({is_renewal}))"
        yield "populations.open_opportunities", text, f"{why}: an open one is no chance to win a new customer"
        due = f"any_opportunity(not is_closed and ({is_renewal}) and close_date within next {_DUE_DAYS} days)"
        yield "populations.custom.Renewals due", due, f"{why}, and these close in {_DUE_DAYS} days"
    if says["former"]:
        text = f"account_type in ({_quoted(says['former'])})"
        yield "populations.custom.Former customers", text, f"the types {_listed(says['former'])} say so"
    if len(found.record_types) > 1:
        yield from _segments(found)


def _customers(found: Profile, says: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str]:
    parts, why = [], []
    if says["customer"]:
        parts.append(f"account_type in ({_quoted(says['customer'])})")
        why.append(f"the types {_listed(says['customer'])} say customer")
    if found.won:
        parts.append("any_opportunity(is_won)")
        why.append(f"{found.won:,} deals are won")
    text = " or ".join(parts)
    if says["former"]:
        text = f"({text}) and account_type not in ({_quoted(says['former'])})"
        why.append(f"{_listed(says['former'])} says that it is over")
    return "populations.customers", text, "; ".join(why)


def _segments(found: Profile) -> Iterator[tuple[str, str, str]]:
    """Yield a population for each record type that many accounts have and that can be a name."""
    taken = {name.casefold() for name in (*POPULATIONS, OTHER, "Renewals due", "Former customers")}
    large = [name for name, count in found.record_types.items() if count >= _LEAST_SHARE * found.accounts]
    for name in large[:_LISTED]:
        called = " ".join(name.split())
        if re.search(r"[,;]", called) or len(called) > 40 or called.casefold() in taken:
            continue
        taken.add(called.casefold())
        why = f"a record type of its own has {found.record_types[name]:,} of {found.accounts:,} accounts"
        yield f"populations.custom.{called}", f"record_type = {_quoted((name,))}", why


def _exclusions(rows: Rows, says: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    for word, place in (("competitor", "competitors"), ("partner", "partners")):
        if says[word]:
            text = f"account_type in ({_quoted(says[word])})"
            yield f"exclusions.{place}", text, f"the types {_listed(says[word])} say so: neither customer nor prospect"
    names = rows.accounts["name"].str.to_lowercase()
    tests = [pattern for pattern in _TESTS if names.str.contains(_regex(pattern)).any()]
    if tests:
        text = " or ".join(f"name like {_quoted((pattern,))}" for pattern in tests)
        yield "exclusions.test-accounts", text, "their names say that they are tests, or not for use"


def _proposal(rows: Rows, fields: Fields, place: str, text: str, reason: str) -> Proposal:
    taken = rows.accounts.filter(chosen(read_filter(text, place, fields), rows))
    return Proposal(place, text, (), reason, taken.height, _samples(taken))


def _samples(accounts: pl.DataFrame) -> tuple[str, ...]:
    return tuple(accounts.sort("name", "id")["name"].head(SAMPLES).to_list())


def _saying(word: str, types: Mapping[str, int]) -> tuple[str, ...]:
    """Return the values of Type that say *word* before they say anything else."""
    first = {name: next((said for said, sign in _SAYS.items() if sign.search(name.lower())), None) for name in types}
    return tuple(name for name, said in first.items() if said == word)


def _deals(rows: Rows) -> pl.DataFrame:
    return empty(Opportunity) if rows.deals is None else rows.deals


def _renewal_columns(deals: pl.DataFrame) -> tuple[str, ...]:
    said = [name for name in ("name", "deal_type", "record_type") if deals.filter(_is_renewal((name,))).height]
    return tuple(said)


def _is_renewal(columns: Sequence[str]) -> pl.Expr:
    if not columns:
        return pl.lit(False)
    return pl.any_horizontal(pl.col(name).str.to_lowercase().str.contains(_RENEWAL, literal=True) for name in columns)


def _counts(values: pl.Series) -> dict[str, int]:
    counted = values.drop_nulls().alias("value").to_frame().group_by("value").len()
    return dict(counted.sort("len", "value", descending=[True, False]).iter_rows())


def _regex(pattern: str) -> str:
    return "^" + "".join(".*" if sign == "%" else pl.escape_regex(sign) for sign in pattern) + "$"


def _quoted(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def _listed(values: Sequence[str]) -> str:
    more = len(values) - _LISTED
    return ", ".join(values[:_LISTED]) + (f" and {more} more" if more > 0 else "")
