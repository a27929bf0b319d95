"""Find what rare words may be misspelt for, without looking at all words against all.

`misspellings.near_words` compares the words that it is given with each other. Here a word is compared with those that
were counted, so that what a new row's words are near to depends on that row and the statistics alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching import texts
from matching.compiled import compiled
from matching.misspellings import near_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.statistics import Statistics

    Array = NDArray[Any]

#: Bits of the table in which shortened words are marked: two that meet by chance cost a comparison, nothing else.
_BITS: Final = 20
#: No word that long is looked at, nor one that long but for one letter; see `misspellings`.
_LONGEST: Final = 21


def near_counted(words: Array, statistics: Statistics) -> Array:
    """Return for each of *words* (`texts.TEXT`) the hash of the counted word that it may be misspelt for, or 0."""
    known = statistics.words.filter(pl.col("word").str.len_bytes() <= _LONGEST)
    counted = texts.packed(known["word"])
    marked = np.zeros(1 << _BITS, dtype=np.bool_)
    _mark(words, marked)
    other = counted[_are_marked(counted, marked)]
    other = other[~np.isin(other["hash"], words["hash"])]
    both = np.concatenate([words, other])
    return near_words(both, statistics.occurrences(both["hash"]))[: len(words)]


@compiled
def _shortened(word: Any, left_out: int) -> Any:
    """Return a place in the table for *word* without the letter at *left_out*."""
    hashed: Any = np.uint64(0)
    for place in range(word.length):
        if place != left_out:
            hashed = texts.continued(hashed, texts.letter(word, place))
    return texts.mixed(hashed) >> np.uint64(64 - _BITS)


@compiled
def _mark(words: Array, marked: Array) -> None:
    for word in words:
        if word.length <= _LONGEST:
            for left_out in range(word.length + 1):
                marked[_shortened(word, left_out)] = True


@compiled
def _are_marked(words: Array, marked: Array) -> Array:
    found = np.zeros(len(words), dtype=np.bool_)
    for number in range(len(words)):
        word = words[number]
        if word.length <= _LONGEST:
            for left_out in range(word.length + 1):
                if marked[_shortened(word, left_out)]:
                    found[number] = True
                    break
    return found
