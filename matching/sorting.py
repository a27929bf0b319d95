"""Sort numbers together with what they belong to, digit by digit from the last to the first: a radix sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from matching.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Bits of a digit: what is written to 256 places at a time stays in the processor's first cache.
_DIGIT: Final = 8
#: Hashes are sorted by their upper half, which few have in common with others.
_UPPER_HALF: Final = 32


def hashes_in_order(hashes: Array, values: Array) -> tuple[Array, Array]:
    """Return 64-bit *hashes* from small to large, each with its value; equal ones stay in the order given."""
    hashes, values = _sorted(hashes, values, _UPPER_HALF, 64)
    _settle(hashes, values)
    return hashes, values


def numbers_in_order(numbers: Array, values: Array) -> tuple[Array, Array]:
    """Return *numbers* from 0 on from small to large, each with its value; equal ones stay in the order given."""
    return _sorted(numbers, values, 0, int(numbers.max(initial=0)).bit_length())


def _sorted(numbers: Array, values: Array, first_bit: int, end: int) -> tuple[Array, Array]:
    """Return both in the order of some bits of the *numbers*."""
    here, there = (numbers, values), (np.empty_like(numbers), np.empty_like(values))
    for bit in range(first_bit, end, _DIGIT):
        _by_digit(*here, bit, *there)
        here, there = there, here if bit > first_bit else (np.empty_like(numbers), np.empty_like(values))
    return here


@compiled
def _by_digit(numbers: Array, values: Array, bit: int, numbers_into: Array, values_into: Array) -> None:
    ends = np.zeros((1 << _DIGIT) + 1, dtype=np.int64)
    for number in numbers:
        ends[1 + ((number >> bit) & ((1 << _DIGIT) - 1))] += 1
    ends = np.cumsum(ends)
    for at in range(len(numbers)):
        digit = (numbers[at] >> bit) & ((1 << _DIGIT) - 1)
        numbers_into[ends[digit]], values_into[ends[digit]] = numbers[at], values[at]
        ends[digit] += 1


@compiled
def _settle(hashes: Array, values: Array) -> None:
    """Sort what is in order but for the few hashes whose upper halves are equal."""
    for end in range(1, len(hashes)):
        at = end
        while at > 0 and hashes[at - 1] > hashes[at]:
            hashes[at - 1], hashes[at] = hashes[at], hashes[at - 1]
            values[at - 1], values[at] = values[at], values[at - 1]
            at -= 1
