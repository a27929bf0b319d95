"""Numbers sorted with what belongs to them, against Python's sort."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.sorting import hashes_in_order, numbers_in_order

#: Few upper halves, few lower ones: many hashes are equal, others differ late.
HALF = st.sampled_from([0, 1, 255, 256, 2**31, 2**32 - 1])
HASHES = st.lists(st.builds(lambda upper, lower: upper << 32 | lower, HALF, HALF), max_size=30)


def check(found: tuple[Any, Any], numbers: list[int]) -> None:
    """Sorted, and of equal numbers the first one first."""
    order = sorted(range(len(numbers)), key=lambda at: numbers[at])
    assert found[0].tolist() == [numbers[at] for at in order]
    assert found[1].tolist() == order


@settings(max_examples=300, deadline=None)
@given(HASHES)
def test_hashes_are_sorted_with_their_values(hashes: list[int]) -> None:
    check(hashes_in_order(np.array(hashes, dtype=np.uint64), np.arange(len(hashes), dtype=np.uint32)), hashes)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2, 255, 256, 257, 65536, 2**24, 2**32 - 1]), max_size=30))
def test_numbers_are_sorted_with_their_values(numbers: list[int]) -> None:
    check(numbers_in_order(np.array(numbers, dtype=np.uint32), np.arange(len(numbers), dtype=np.uint32)), numbers)
