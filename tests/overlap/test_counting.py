"""Overlaps counted as companies, from both sides, against a walk over all pairs."""

from collections import defaultdict
from itertools import product

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from overlap.counting import counts, reconciled
from overlap.model import POPULATIONS, SIBLING, Match, PartnerAccount
from overlap.overlaps import overlaps_of
from tests.overlap.frames import WORKSPACE, frame, rated_accounts

OURS, THEIRS = ("A1", "A2", "A3", "A4"), ("T1", "T2", "T3", "T4")
STANDINGS = st.sampled_from(POPULATIONS)


def counted(pairs, company, standing, theirs_standing, what=counts, **match) -> pl.DataFrame:
    """What *what* says of *pairs* ``(partner, ours, theirs)``; *company* of our ids, populations of either side's."""
    matches = frame(Match, *({"partner": p, "ours_id": o, "theirs_id": t, **match} for p, o, t in pairs))
    accounts = rated_accounts(*({"id": key, "name": key, "population": standing[key]} for key in OURS))
    rows = [
        {"partner": partner, "id": key, "name": key, "population": theirs_standing[key]}
        for partner, key in product(("globex", "initech"), THEIRS)
    ]
    theirs = frame(PartnerAccount, *rows)
    overlaps = overlaps_of(matches, accounts, theirs, WORKSPACE)
    companies = pl.DataFrame({"crm": "salesforce", "id": list(OURS), "company": [company[key] for key in OURS]})
    return what(overlaps, companies, matches, theirs)


def parts(pairs, company) -> list[tuple[str, set[str], set[str]]]:
    """The companies of each partner, found by walking: partner, our accounts, their rows."""
    found: list[tuple[str, set[str], set[str]]] = []
    for partner, o, t in sorted(pairs):
        touching = [
            part
            for part in found
            if part[0] == partner and (t in part[2] or company[o] in {company[x] for x in part[1]})
        ]
        found = [part for part in found if part not in touching]
        found.append((partner, {o}.union(*(part[1] for part in touching)), {t}.union(*(part[2] for part in touching))))
    return found


ALL = dict.fromkeys((*OURS, *THEIRS), "Prospects")
ALONE = {key: key for key in OURS}


def test_two_accounts_of_one_company_are_two_accounts_and_one_company() -> None:
    found = counted([("globex", "A1", "T1"), ("globex", "A2", "T1")], ALONE | {"A2": "A1"}, ALL, ALL)
    assert found.rows() == [("globex", "Prospects", "Prospects", 2, 1, 1)]


def test_two_rows_of_theirs_on_one_company_of_ours_are_one_company_to_them_too() -> None:
    found = counted([("globex", "A1", "T1"), ("globex", "A2", "T2")], ALONE | {"A2": "A1"}, ALL, ALL, reconciled)
    assert found.rows(named=True) == [
        {"partner": "globex", "accounts": 2, "our_doubles": 1, "companies": 1, "their_doubles": 1, "their_rows": 2}
    ]


def test_two_companies_that_one_row_of_theirs_is_are_one_from_both_sides() -> None:
    found = counted([("globex", "A1", "T1"), ("globex", "A2", "T1")], ALONE, ALL, ALL, reconciled)
    assert found.rows() == [("globex", 2, 1, 1, 0, 1)]


def test_partners_are_counted_apart() -> None:
    found = counted([("globex", "A1", "T1"), ("initech", "A1", "T1")], ALONE, ALL, ALL, reconciled)
    assert found.rows() == [("globex", 1, 0, 1, 0, 1), ("initech", 1, 0, 1, 0, 1)]


def test_a_company_stands_where_its_account_and_row_nearest_to_a_customer_stand() -> None:
    standing = ALL | {"A2": "Customers", "T1": "Open Opportunities"}
    found = counted([("globex", "A1", "T1"), ("globex", "A2", "T2")], ALONE | {"A2": "A1"}, standing, standing)
    cells = {row[1:3]: row[3:] for row in found.iter_rows()}
    assert cells[("Customers", "Open Opportunities")] == (0, 1, 0)
    assert sum(row[0] for row in cells.values()) == 2
    assert sum(row[2] for row in cells.values()) == 2


def test_relatives_and_doubtful_pairs_do_not_count() -> None:
    pairs = [("globex", "A1", "T1")]
    assert counted(pairs, ALONE, ALL, ALL, relation=SIBLING).is_empty()
    assert counted(pairs, ALONE, ALL, ALL, reconciled, decision="review").is_empty()


@settings(max_examples=150, deadline=None)
@given(
    st.sets(
        st.tuples(st.sampled_from(["globex", "initech"]), st.sampled_from(OURS), st.sampled_from(THEIRS)), max_size=10
    ),
    st.tuples(*[st.sampled_from(OURS[:3])] * 4),
    st.tuples(*[STANDINGS] * 4),
    st.tuples(*[STANDINGS] * 4),
)
def test_both_views_reconcile_and_cells_add_up(pairs, companies, ours_stand, theirs_stand) -> None:
    company = dict(zip(OURS, companies, strict=True))
    standing, theirs_standing = (
        dict(zip(keys, by, strict=True)) for keys, by in ((OURS, ours_stand), (THEIRS, theirs_stand))
    )
    expected = defaultdict(lambda: [0, 0, 0])
    for partner, ours, theirs in parts(pairs, company):
        for at, number in enumerate((len(ours), 1, len(theirs))):
            expected[partner][at] += number
    whole = counted(pairs, company, standing, theirs_standing, reconciled)
    by_partner = {row["partner"]: row for row in whole.iter_rows(named=True)}
    assert {key: [row["accounts"], row["companies"], row["their_rows"]] for key, row in by_partner.items()} == expected
    for row in by_partner.values():
        assert row["accounts"] - row["our_doubles"] == row["companies"] == row["their_rows"] - row["their_doubles"]
    cells = counted(pairs, company, standing, theirs_standing)
    summed = cells.group_by("partner").agg(pl.col("accounts", "companies", "their_rows").sum())
    assert {row[0]: list(row[1:]) for row in summed.iter_rows()} == expected
