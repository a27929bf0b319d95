"""The words of all names, each with a number, so that names are rows of numbers. Compiled: there are millions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from matching import texts
from matching.compiled import compiled
from matching.texts import TEXT

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from matching.texts import Hash

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
    vocabulary, occurrences = np.zeros(1024, dtype=TEXT), np.zeros(1024, dtype=np.int32)
    # The hash of each word, and a table of hashes.
    hashes, slots = np.zeros(1024, dtype=np.uint64), np.zeros(4096, dtype=np.int32)
    known, name, place, start = 1, 0, 0, 0
    hashed: Any = np.uint64(0)
    for at in range(len(letters)):
        code = letters[at]
        if code != _END and (code != _SPACE or place == WIDE - 1):
            hashed = texts.continued(hashed, code)
            continue
        if at > start:
            slot = _slot(hashed, hashes, slots)
            word = slots[slot]
            if word == 0:
                if known == len(hashes):
                    vocabulary, occurrences, hashes = _grown(vocabulary, occurrences, hashes)
                    slots = _slots(hashes, known)
                    slot = _slot(hashed, hashes, slots)
                slots[slot], hashes[known] = known, hashed
                texts.write(vocabulary[known], letters, start, at)
                word, known = known, known + 1
            is_new = True
            for before in range(place):
                is_new = is_new and numbers[name, before] != word
            occurrences[word] += is_new
            numbers[name, place] = word
            place += 1
            hashed = np.uint64(0)
        start = at + 1
        if code == _END:
            name, place = name + 1, 0
    return numbers, vocabulary[:known].copy(), occurrences[:known].copy()


@compiled
def _slot(hashed: Hash, hashes: Array, slots: Array) -> Any:
    """Return the place in a table of the word with this hash, or that is free for it: the next that is not taken."""
    slot = hashed & np.uint64(len(slots) - 1)
    while slots[slot] and hashes[slots[slot]] != hashed:
        slot = (slot + np.uint64(1)) & np.uint64(len(slots) - 1)
    return slot


@compiled
def _grown(vocabulary: Array, occurrences: Array, hashes: Array) -> tuple[Array, Array, Array]:
    """Return the three with room for twice as many words."""
    size = len(vocabulary)
    words, counts, known = np.zeros(2 * size, dtype=TEXT), np.zeros(2 * size, np.int32), np.zeros(2 * size, np.uint64)
    for word in range(size):  # one by one: a slice of records takes seconds to compile
        words[word], counts[word], known[word] = vocabulary[word], occurrences[word], hashes[word]
    return words, counts, known


@compiled
def _slots(hashes: Array, known: int) -> Array:
    """Return the table of the *known* words, a quarter full at most."""
    slots = np.zeros(4 * len(hashes), dtype=np.int32)
    for word in range(1, known):
        slots[_slot(hashes[word], hashes, slots)] = word
    return slots
