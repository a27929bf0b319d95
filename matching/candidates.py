"""Propose pairs worth comparing: accounts that share a key (a website, a name, a rare word, a typo's rest).

A key that very many accounts share proposes nothing, or one word like "bank" would propose every bank to every bank.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from matching.compiled import compiled
from matching.keys import MOST_PAIRS, shared_keys
from matching.misspellings import near_words
from matching.sorting import hashes_in_order, numbers_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.features import Features
    from matching.keys import Made
    from matching.statistics import Statistics

    Array = NDArray[Any]


def propose(features: Features, statistics: Statistics) -> tuple[Array, Array]:
    """Return the rows of ours and of theirs of each pair that shares a key, each pair once, sorted."""
    text = features.words["text"]
    o, t, _ = pairs(shared_keys(features, near_words(text, statistics.occurrences(text["hash"]))), features.book)
    return o, t


def pairs(sides: list[Made], book: Array) -> tuple[Array, Array, Array]:
    """Return the rows of ours and of theirs of each pair that shares a usable key of two *sides*, sorted.

    Third comes how many keys propose the pair. The rows of *sides* (`keys.shared_keys`) are in the order of their
    *book*.
    """
    with ThreadPoolExecutor(2) as pool:
        sides = list(pool.map(lambda side: hashes_in_order(side[1], side[0]), sides))
    # In the order of ours, rows that are compared with one another lie closer in memory.
    t, o = numbers_in_order(*_joined(sides, book))
    o, t = numbers_in_order(o, t)
    is_new = np.ones(len(o), dtype=np.bool_)
    is_new[1:] = (o[1:] != o[:-1]) | (t[1:] != t[:-1])
    keys = np.diff(np.flatnonzero(is_new), append=len(o)).astype(np.int32)
    return o[is_new].astype(np.int64), t[is_new].astype(np.int64), keys


def _joined(sides: list[tuple[Array, Array]], book: Array) -> tuple[Array, Array]:
    """Return the rows of theirs and of ours that share a usable key of the two *sides*: keys, sorted, and rows."""
    ours, theirs = sides
    room, pairs = 0, 1 + len(ours[0]) + len(theirs[0])  # a guess: mostly there are fewer pairs than keys
    while pairs > room:
        room = pairs
        into = np.empty(room, dtype=np.uint32), np.empty(room, dtype=np.uint32)
        pairs = _join(ours, theirs, book, np.array(MOST_PAIRS), into)
    return into[1][:pairs], into[0][:pairs]


@compiled
def _join(
    ours: tuple[Array, Array], theirs: tuple[Array, Array], book: Array, most: Array, into: tuple[Array, Array]
) -> int:
    """Write the rows of ours and theirs that share a key *into* two arrays, and return how many there are.

    Keys are sorted, and the rows of a key by their *book*. A key proposes the *most* pairs that its two lowest bits
    say. Pairs that find no room are only counted.
    """
    used, i, start = 0, 0, 0
    while i < len(ours[0]) and start < len(theirs[0]):
        key = ours[0][i]
        if key < theirs[0][start]:
            i += 1
            continue
        end = start
        while end < len(theirs[0]) and theirs[0][end] == key:
            end += 1
        while end > start and i < len(ours[0]) and ours[0][i] == key:
            i_end = _end_of_book(ours, i, book)
            j = start
            while j < end:
                j_end = _end_of_book(theirs, j, book)
                if (i_end - i) * (j_end - j) <= most[key & np.uint64(3)]:
                    used = _put(ours[1][i:i_end], theirs[1][j:j_end], into, used)
                j = j_end
            i = i_end
        start = max(end, start + 1)
    return used


@compiled
def _end_of_book(side: tuple[Array, Array], start: int, book: Array) -> int:
    """Return where the rows of the key and the book at *start* end."""
    keys, rows = side
    end = start + 1
    while end < len(keys) and keys[end] == keys[start] and book[rows[end]] == book[rows[start]]:
        end += 1
    return end


@compiled
def _put(ours: Array, theirs: Array, into: tuple[Array, Array], used: int) -> int:
    end = used + len(ours) * len(theirs)
    if end <= len(into[0]):
        for one in ours:
            for other in theirs:
                into[0][used], into[1][used] = one, other
                used += 1
    return end
