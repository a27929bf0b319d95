"""How long an overlap stood in a cell: what ends and what begins with a run."""

from __future__ import annotations

from datetime import date

import polars as pl

from overlap.intervals import OF, moved

DAY = date(2026, 3, 2)


def test_what_stays_in_its_cell_goes_on_and_all_else_ends_and_begins():
    still_open = opened(
        (1, "a", "globex", "Prospects"), (2, "b", "globex", "Prospects"), (3, "c", "globex", "Customers")
    )
    now = overlaps(("a", "globex", "Prospects"), ("b", "globex", "Customers"), ("a", "initech", "Prospects"))
    found = moved(still_open, now)
    assert (found.ended, found.doubles) == ((2, 3), ())
    begun = [("b", "globex", "Customers"), ("a", "initech", "Prospects")]
    assert [row[1:4] for row in found.begun.iter_rows()] == begun


def test_of_two_that_a_merge_made_one_the_earlier_says_it_all():
    still_open = opened((1, "a", "globex", "Prospects", date(2026, 3, 9)), (2, "a", "globex", "Prospects"))
    found = moved(still_open, overlaps(("a", "globex", "Prospects")))
    assert (found.ended, found.doubles, found.begun.height) == ((), (1,), 0)


def opened(*rows):
    full = [(row[0], "sf", *row[1:4], "Customers", *(row[4:] or [DAY])) for row in rows]
    return pl.DataFrame(full, schema=["id", *OF, "began_on"], orient="row")


def overlaps(*rows):
    full = [("sf", account, partner, ours, "Customers", 50) for account, partner, ours in rows]
    return pl.DataFrame(full, schema=[*OF, "priority"], orient="row")
