"""Find for rare words the more frequent word that they may be misspelt for: one letter more, less, other or swapped.

Two such words become the same when one letter is left out of each; so words that share a text with one letter less are
looked at, and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from matching import texts
from matching.compiled import compiled
from matching.sorting import hashes_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: A word that so many names have is no slip of the pen.
_MOST_OCCURRENCES: Final = 2
#: Letters of the words that are looked at: a short word is one letter away from too many.
_SHORTEST: Final = 5
_LONGEST: Final = 20


def near_words(vocabulary: Array, occurrences: Array) -> Array:
    """Return for each word (`texts.TEXT`) the hash of the most frequent word one slip away, 0 for none.

    *occurrences* are those of the statistics: a word that they do not know is nobody's right spelling.
    """
    hashes, words = hashes_in_order(*_shortened(vocabulary))
    return _nearest(hashes, words, vocabulary, occurrences)


@compiled
def _shortened(vocabulary: Array) -> tuple[Array, Array]:
    """Return the hashes of all words as they are and with each letter left out, and the words' numbers."""
    size = 0
    for word in vocabulary:
        size += word.length + 1 if _SHORTEST <= word.length <= _LONGEST else 0
    hashes, words = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.uint32)
    at = 0
    for number in range(len(vocabulary)):
        word = vocabulary[number]
        if not _SHORTEST <= word.length <= _LONGEST:
            continue
        for left_out in range(word.length + 1):
            for place in range(word.length):
                if place != left_out:
                    hashes[at] = texts.continued(hashes[at], texts.letter(word, place))
            words[at] = number
            at += 1
    return hashes, words


@compiled
def _nearest(hashes: Array, words: Array, vocabulary: Array, occurrences: Array) -> Array:
    """Return the best neighbour of each rare word, from hashes in their order."""
    best = np.zeros(len(vocabulary), dtype=np.int32)
    start = 0
    for end in range(1, len(hashes) + 1):
        if end < len(hashes) and hashes[end] == hashes[start]:
            continue
        for at in range(start, end):
            word = words[at]
            if occurrences[word] > _MOST_OCCURRENCES:
                continue
            for other_at in range(start, end):
                other = words[other_at]
                if occurrences[other] == 0 or occurrences[other] < occurrences[best[word]]:
                    continue
                if not texts.one_slip_apart(vocabulary[word], vocabulary[other]):
                    continue
                # Of equally frequent ones the smaller hash, so that the order of words does not matter.
                if occurrences[other] > occurrences[best[word]] or vocabulary[other].hash < vocabulary[best[word]].hash:
                    best[word] = other
        start = end
    return vocabulary["hash"][best]
