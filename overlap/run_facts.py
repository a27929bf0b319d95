"""What two runs say of the accounts and rows in question, by their keys: what causes of changes are read from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

Row = Mapping[str, Any]
#: crm, account_id, partner.
Pair = tuple[str, str, str]
#: crm or partner, and id.
Key = tuple[str, str]
_Found = tuple[Mapping[str, pl.DataFrame], Mapping[str, Any]]


@dataclass(slots=True)
class Run:
    """What one run says of the accounts and rows in question."""

    facts: Mapping[str, Any]
    accounts: dict[Key, Row]
    rows: dict[Key, Row]
    excluded: dict[Key, str]
    company: dict[Key, frozenset[Key]]
    deals: dict[Key, list[Row]] = field(default_factory=lambda: defaultdict(list))
    pairs: dict[Pair, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))
    holders: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True, slots=True)
class Sides:
    """The run that has the overlap, or had it first, and the other one. *turned*: the first of them is the later."""

    one: Run
    other: Run
    compared: tuple[str, ...]

    def turned(self) -> Sides:
        """Return the same with the later run first."""
        return Sides(self.other, self.one, self.compared)


def looked_up(before: _Found, after: _Found, touched: pl.DataFrame, compared: tuple[str, ...]) -> Sides:
    """Return what two runs (frames and facts each) say of the overlaps *touched* (crm, account_id, partner)."""
    named = touched.select("crm", id="account_id").unique()
    found = [before, after]
    of_company = [_members(frames["companies"], named) for frames, _ in found]
    ours = pl.concat([named, *(frame.select("crm", "id") for frame in of_company)]).unique()
    matched = [
        frames["matches"]
        .filter(pl.col("decision") == "match")
        .join(ours, left_on=["crm", "ours_id"], right_on=["crm", "id"], how="semi")
        for frames, _ in found
    ]
    theirs = pl.concat([frame.select("partner", id="theirs_id") for frame in matched]).unique()
    one, other = (
        _run(frames, facts, members, ours, theirs) for (frames, facts), members in zip(found, of_company, strict=True)
    )
    return Sides(one, other, compared)


def _run(
    frames: Mapping[str, pl.DataFrame],
    facts: Mapping[str, Any],
    members: pl.DataFrame,
    ours: pl.DataFrame,
    theirs: pl.DataFrame,
) -> Run:
    excluded = frames["excluded"].join(ours, on=["crm", "id"], how="semi")
    found = Run(
        facts=facts,
        accounts=_by_key(frames["accounts"].join(ours, on=["crm", "id"], how="semi"), "crm"),
        rows=_by_key(frames["partner_accounts"].join(theirs, on=["partner", "id"], how="semi"), "partner"),
        excluded={(row["crm"], row["id"]): row["rule"] for row in excluded.iter_rows(named=True)},
        company=_companies(members, ours),
    )
    deals = frames["opportunities"].join(ours, left_on=["crm", "account_id"], right_on=["crm", "id"], how="semi")
    for row in deals.iter_rows(named=True):
        found.deals[row["crm"], row["account_id"]].append(row)
    pairs = frames["matches"].join(ours, left_on=["crm", "ours_id"], right_on=["crm", "id"], how="semi")
    for row in pairs.iter_rows(named=True):
        found.pairs[row["crm"], row["ours_id"], row["partner"]][row["theirs_id"]] = row
    held = frames["matches"].filter(pl.col("decision") == "match")
    held = held.join(theirs, left_on=["partner", "theirs_id"], right_on=["partner", "id"], how="semi")
    for row in held.iter_rows(named=True):
        found.holders[row["crm"], row["partner"], row["theirs_id"]].add(row["ours_id"])
    return found


def _members(companies: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Return crm, id, company of the accounts *named* and of all that are one company with them."""
    of_named = companies.join(named, on=["crm", "id"], how="semi").select("company").unique()
    return companies.join(of_named, on="company", how="semi").select("crm", "id", "company")


def _companies(members: pl.DataFrame, ours: pl.DataFrame) -> dict[Key, frozenset[Key]]:
    of_company = defaultdict(set)
    for crm, account_id, company in members.iter_rows():
        of_company[company].add((crm, account_id))
    alone = {key: frozenset([key]) for key in ours.iter_rows()}
    return alone | {key: frozenset(each) for each in of_company.values() for key in each}


def _by_key(frame: pl.DataFrame, book: str) -> dict[Key, Row]:
    return {(row[book], row["id"]): row for row in frame.iter_rows(named=True)}
