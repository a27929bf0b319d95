"""A campaign adds up what its blocks came to, and knows which ones it has."""

from __future__ import annotations

import pytest

from tests.histories.campaign import added, judged_anew, numbers, ranges


@pytest.mark.parametrize(
    ("done", "text"), [((), ""), ((4,), "4"), ((2, 0, 1), "0-2"), ((0, 1, 20, 7, 8), "0-1,7-8,20")]
)
def test_blocks_are_written_in_short_and_read_again(done, text):
    assert ranges(done) == text
    assert numbers(text) == sorted(done)


def test_a_block_is_added_to_what_was_found():
    found = {"counts": {"histories": 50, "failed": 0}, "met": {"lost answer": 2}, "failures": {}}
    block = {
        "counts": {"histories": 50, "failed": 1},
        "met": {"lost answer": 1, "locked rows": 4},
        "failures": {"7": ["x"]},
    }
    total = added(found, block)
    assert (total["counts"]["histories"], total["counts"]["failed"], total["counts"]["repeated"]) == (100, 1, 0)
    assert total["met"] == {"lost answer": 3, "locked rows": 4}
    assert total["failures"] == {"7": ["x"]}


def test_what_failed_is_judged_anew_and_counted_once():
    found = {"counts": {"histories": 300, "failed": 3}, "failures": {"7": ["x"], "107": ["y"], "110": ["z"]}}
    block = {"counts": {"histories": 100, "failed": 1}, "failures": {"110": ["w"]}}
    total = judged_anew(found, 1, block)
    assert total == {"counts": {"histories": 300, "failed": 2}, "failures": {"7": ["x"], "110": ["w"]}}


def test_what_was_repeated_is_forgotten_with_the_last_failure():
    found = {"counts": {"histories": 200, "failed": 1, "repeated": 2, "doubles": 1}, "failures": {"110": ["z"]}}
    well = {"counts": {"histories": 100, "failed": 0}, "failures": {}}
    assert judged_anew(found, 1, well)["counts"] == {"histories": 200, "failed": 0, "repeated": 0, "doubles": 0}
    assert judged_anew(found, 1, well | {"failures": {"111": ["z"]}})["counts"]["repeated"] == 2
