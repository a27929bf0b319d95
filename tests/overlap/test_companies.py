"""One company in several CRMs: who speaks for it and what its accounts take, against a reference in plain Python."""

from __future__ import annotations

import json
import random
from itertools import groupby
from typing import Any

import polars as pl
import pytest

from overlap import companies
from overlap.model import Account
from tests.overlap.frames import frame, rated_accounts

ORDER = ("hub", "sf", "erp")
POPULATIONS = ("Customers", "Open Opportunities", "Prospects", "Other")
NOBODY = pl.DataFrame(schema={"crm": pl.String, "id": pl.String})
Row = dict[str, Any]


def random_rows(seed: int) -> list[Row]:
    """Accounts of three CRMs, some of one company, some leads, with facts missing here and there."""
    draw = random.Random(seed)
    rows = []
    for number in range(draw.randrange(2, 12)):
        money = draw.choice([{}, {"revenue": float(number + 1), "currency": draw.choice([None, "EUR"])}])
        rows.append(
            {
                "crm": draw.choice(ORDER),
                "id": f"{number:03}",
                "name": f"Name {number}",
                "company": f"company {draw.randrange(4)}",
                "is_lead": draw.random() < 0.3,
                "population": draw.choice(POPULATIONS),
                "engagement": draw.choice([None, "Open", "Off limits"]) if draw.random() < 0.3 else None,
                "industry": draw.choice([None, f"Industry {number}"]),
                "headcount": draw.choice([None, number + 1]),
                "custom": draw.choice([None, json.dumps({"segment": draw.choice([None, number]), "tier": number})]),
                "icp_fit": number,
            }
            | money
        )
    return rows


def known_of(rows: list[Row], gone: pl.DataFrame = NOBODY) -> pl.DataFrame:
    together = pl.DataFrame(
        [(row["crm"], row["id"], row["company"]) for row in rows], schema=["crm", "id", "company"], orient="row"
    )
    return companies.members(together, accounts_of(rows), ORDER, gone)


def accounts_of(rows: list[Row]) -> pl.DataFrame:
    return rated_accounts(*({name: value for name, value in row.items() if name != "company"} for row in rows))


def families(rows: list[Row]) -> list[list[Row]]:
    """The accounts by company, of those that several CRMs have."""
    by_company = groupby(sorted(rows, key=lambda row: row["company"]), key=lambda row: row["company"])
    parts = [list(part) for _, part in by_company]
    return [part for part in parts if len({row["crm"] for row in part}) > 1]


def speaker(family: list[Row]) -> str:
    """The CRM that speaks for a company."""
    having = [row for row in family if not row["is_lead"]] or family
    return next(crm for crm in ORDER if crm in {row["crm"] for row in having})


def by_id(frame: pl.DataFrame) -> dict[str, Row]:
    return {row["id"]: row for row in frame.iter_rows(named=True)}


@pytest.mark.parametrize("seed", range(40))
def test_the_first_crm_with_an_account_speaks(seed: int) -> None:
    rows = random_rows(seed)
    known = by_id(known_of(rows))
    several = {row["id"]: speaker(family) for family in families(rows) for row in family}
    for row in rows:
        assert known[row["id"]]["in_several"] == (row["id"] in several)
        assert known[row["id"]]["speaks"] == (several.get(row["id"], row["crm"]) == row["crm"])


@pytest.mark.parametrize("seed", range(40))
def test_all_accounts_stand_where_the_crm_that_speaks_has_the_company(seed: int) -> None:
    rows = random_rows(seed)
    expected = {row["id"]: (row["population"], row["icp_fit"], row["engagement"]) for row in rows}
    differing = set()
    for family in families(rows):
        says = speaker(family)
        first = min(
            (row for row in family if row["crm"] == says),
            key=lambda row: (row["is_lead"], POPULATIONS.index(row["population"]), row["id"]),
        )
        strongest = {
            min((row["population"] for row in family if row["crm"] == crm), key=POPULATIONS.index)
            for crm in {row["crm"] for row in family}
        }
        differing |= {row["id"] for row in family if len(strongest) > 1}
        closed = any(row["engagement"] == "Off limits" for row in family)
        for row in family:
            taken = first if row["crm"] != says else row
            engagement = "Off limits" if closed else row["engagement"]
            expected[row["id"]] = (taken["population"], taken["icp_fit"], engagement)
    accounts, known = accounts_of(rows), known_of(rows)
    found = companies.agreed(accounts, known, POPULATIONS)
    assert found["id"].to_list() == [row["id"] for row in rows]
    said = {key: (row["population"], row["icp_fit"], row["engagement"]) for key, row in by_id(found).items()}
    assert said == expected
    told = companies.differing(accounts, known)
    assert set(told.filter("differs")["id"]) == differing
    assert told["own_population"].to_list() == [row["population"] for row in rows]


@pytest.mark.parametrize("seed", range(40))
def test_what_the_crm_that_speaks_left_empty_the_others_fill_field_by_field(seed: int) -> None:
    rows = random_rows(seed)
    expected = {row["id"]: dict(row) for row in rows}
    for family in families(rows):
        says = speaker(family)
        others = sorted(
            (row for row in family if row["crm"] != says),
            key=lambda row: (ORDER.index(row["crm"]), row["is_lead"], row["id"]),
        )
        for row in (row for row in family if row["crm"] == says):
            full = expected[row["id"]]
            for other in others:
                full["industry"] = full["industry"] or other["industry"]
                full["headcount"] = full["headcount"] or other["headcount"]
                if full.get("revenue") is None:
                    full |= {name: other.get(name) for name in ("revenue", "currency")}
                extra = json.loads(other["custom"] or "{}")
                own = json.loads(full["custom"] or "{}")
                more = {name: value for name, value in extra.items() if own.get(name) is None}
                full["custom"] = json.dumps({**own, **more}) if own or more else None
    found = by_id(companies.filled(accounts_of(rows), known_of(rows), ORDER))
    for row in rows:
        want, has = expected[row["id"]], found[row["id"]]
        for name in ("industry", "headcount", "revenue", "currency"):
            assert has[name] == want.get(name), name
        assert json.loads(has["custom"] or "{}") == json.loads(want["custom"] or "{}")


def test_who_is_left_out_speaks_for_nobody() -> None:
    rows: list[Row] = [{"crm": crm, "id": crm, "company": "c", "is_lead": False} for crm in ("hub", "sf")]
    gone = pl.DataFrame({"crm": ["hub"], "id": ["hub"]})
    assert known_of(rows, gone).select("id", "in_several", "speaks").rows() == [
        ("hub", False, False),
        ("sf", False, True),
    ]


def test_a_company_is_listed_once_and_an_account_of_one_crm_always() -> None:
    rows: list[Row] = [
        {"crm": crm, "id": f"{crm}{at}", "company": company, "is_lead": False}
        for at, (crm, company) in enumerate([("hub", "c"), ("sf", "c"), ("sf", "d"), ("sf", "d")])
    ]
    found = companies.speaking(frame(Account, *accounts_of(rows).to_dicts()), known_of(rows), "id")
    assert found["id"].to_list() == ["hub0", "sf2", "sf3"]
