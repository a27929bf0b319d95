"""The words of all names, each with a number, so that names are rows of numbers. Compiled: there are millions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from matching import texts
from matching.compiled import compiled
from matching.texts import TEXT, append

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Words of a name that are compared. In the few longer names, the last of them is all that is left, spaces and all, so
#: that "... District 1" is not "... District 2".
WIDE: Final = 8
_SPACE: Final = ord(" ")
_END: Final = ord("\n")


def numbered(names: pl.Series) -> tuple[Array, Array, Array]:
    """Return the words of *names*, single spaces between them, as numbers.

    Back come the words of each name (`WIDE` columns, 0 fills up), the vocabulary (`texts.TEXT`, entry 0 is no word),
    and how many names have each word.
    """
    letters = texts.encoded(names)
    return _number(letters, len(names))


@compiled
def _number(letters: Array, names: int) -> tuple[Array, Array, Array]:
    numbers = np.zeros((names, WIDE), dtype=np.int32)
    vocabulary = np.zeros(1024, dtype=TEXT)
    # The number of the name that had a word last, counted from 1.
    occurrences, last_seen = np.zeros(1024, dtype=np.int32), np.zeros(1024, dtype=np.int32)
    slots = np.zeros(4096, dtype=np.int32)
    known, name, place, start = 1, 0, 0, 0
    for at in range(len(letters)):
        if letters[at] != _END and (letters[at] != _SPACE or place == WIDE - 1):
            continue
        if at > start:
            if known == len(vocabulary):
                vocabulary, occurrences, last_seen = _grown(vocabulary, occurrences, last_seen)
                slots = _slots(vocabulary)
            word = _find(letters, start, at, vocabulary, slots, known)
            known = max(known, word + 1)
            if last_seen[word] != name + 1:
                last_seen[word] = name + 1
                occurrences[word] += 1
            numbers[name, place] = word
            place += 1
        start = at + 1
        if letters[at] == _END:
            name, place = name + 1, 0
    return numbers, vocabulary[:known].copy(), occurrences[:known].copy()


@compiled
def _find(letters: Array, start: int, end: int, vocabulary: Array, slots: Array, known: int) -> int:
    """Return the number of the word between *start* and *end*; a new one is put into the vocabulary."""
    hashed: Any = np.uint64(0)
    for at in range(start, end):
        hashed = texts.continued(hashed, letters[at])
    slot = hashed & np.uint64(len(slots) - 1)
    while slots[slot]:
        if vocabulary[slots[slot]].hash == hashed:
            return int(slots[slot])
        slot = (slot + np.uint64(1)) & np.uint64(len(slots) - 1)
    slots[slot] = known
    for at in range(start, end):
        append(vocabulary[known], letters[at])
    return known


@compiled
def _grown(vocabulary: Array, occurrences: Array, last_seen: Array) -> tuple[Array, Array, Array]:
    """Return the three with room for twice as many words."""
    size = len(vocabulary)
    words = np.zeros(2 * size, dtype=TEXT)
    counts, seen = np.zeros(2 * size, dtype=np.int32), np.zeros(2 * size, dtype=np.int32)
    for word in range(size):  # one by one: a slice of records takes seconds to compile
        words[word] = vocabulary[word]
        counts[word], seen[word] = occurrences[word], last_seen[word]
    return words, counts, seen


@compiled
def _slots(vocabulary: Array) -> Array:
    """Return the hash table of a vocabulary, a quarter full at most. What finds its slot taken has the next."""
    slots = np.zeros(4 * len(vocabulary), dtype=np.int32)
    for word in range(1, len(vocabulary)):
        if vocabulary[word].length == 0:
            break
        slot = vocabulary[word].hash & np.uint64(len(slots) - 1)
        while slots[slot]:
            slot = (slot + np.uint64(1)) & np.uint64(len(slots) - 1)
        slots[slot] = word
    return slots
