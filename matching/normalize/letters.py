"""Read the words of names letter by letter, compiled: there are millions of names, and each is walked over once.

What the words mean is said by a table, so that the rules stay where they are written: see `forms`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from matching import texts
from matching.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_SPACE: Final = ord(" ")
_END: Final = ord("\n")
#: Kinds of words: may stand in a tail; is an article.
_IN_TAIL: Final = 1
_ARTICLE: Final = 2


class Meanings(NamedTuple):
    """The words that mean something, a hash table: a word's slot is its hash, what finds it taken has the next."""

    hashes: Array  # of the word in each slot, 0 for none
    kinds: Array  # of the word in each slot
    starts: Array  # of each slot: where in *spelled* begins how its word is spelled; nothing is spelled as it stands
    spelled: Array
    growth: int  # letters that one letter becomes, at most


def meanings(spellings: Mapping[str, str], tails: Collection[str], articles: Collection[str]) -> Meanings:
    """Return what `read_words` asks for: other *spellings* of words, the words of *tails*, and the *articles*."""
    words = sorted({*spellings, *tails, *articles})
    slots = 1 << (4 * len(words)).bit_length()
    hashes, kinds, spelled = np.zeros(slots, dtype=np.uint64), np.zeros(slots, dtype=np.uint8), [b""] * slots
    for word, hashed in zip(words, texts.packed(pl.Series(words))["hash"].tolist(), strict=True):
        slot = hashed % slots
        while hashes[slot]:
            slot = (slot + 1) % slots
        hashes[slot] = hashed
        kinds[slot] = _IN_TAIL * (word in tails) | _ARTICLE * (word in articles)
        spelled[slot] = spellings.get(word, "").encode()
    starts = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
    growth = max(-(-len(other) // len(word)) for word, other in spellings.items())
    return Meanings(hashes, kinds, starts, np.frombuffer(b"".join(spelled), dtype=np.uint8), growth)


def read_words(values: pl.Series, known: Meanings, *, tails: bool = True) -> pl.DataFrame:
    """Return what *values*, words in ASCII with single spaces between them, are without their tails.

    Columns: ``core``, the words as *known* spells them; ``squeezed``, the words as they stand without spaces; ``tail``:
    all words at the end that may stand in a tail, and the spaces before them. The first word stands in no tail, and
    where it is an article and all the others do, there is none. Without *tails* there are none at all.
    """
    columns = ("core", "squeezed", "tail")
    if values.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    joined: bytes = values.str.join("\n").cast(pl.Binary).item()
    read = _read(np.frombuffer(b"\n" + joined + b"\n", dtype=np.uint8), *known, tails)
    return pl.DataFrame({column: _lines(letters) for column, letters in zip(columns, read, strict=True)})


def _lines(letters: Array) -> pl.Series:
    return pl.Series([letters.tobytes()]).cast(pl.String).str.split("\n").explode()


@compiled
def _read(
    letters: Array, hashes: Array, kinds: Array, starts: Array, spelled: Array, growth: int, tails: bool
) -> tuple[Array, Array, Array]:
    """Return the lines of ``core``, ``squeezed`` and ``tail``, see `read_words`, of *letters*: a line end, lines."""
    core = np.empty(len(letters) * growth, dtype=np.uint8)
    squeezed, tail = np.empty(len(letters), dtype=np.uint8), np.empty(len(letters), dtype=np.uint8)
    in_core, in_squeezed, in_tail = 0, 0, 0
    # Where the tail begins (0 for none) and what is written before it; where an article ends that is the first word.
    cut, cut_core, cut_squeezed, article = 0, 0, 0, 0
    hashed: Any = np.uint64(0)
    start = 1
    for at in range(1, len(letters)):
        if letters[at] != _SPACE and letters[at] != _END:
            hashed = texts.continued(hashed, letters[at])
            core[in_core] = squeezed[in_squeezed] = letters[at]
            in_core, in_squeezed = in_core + 1, in_squeezed + 1
            continue
        slot = hashed & np.uint64(len(hashes) - 1)
        while hashes[slot] != 0 and hashes[slot] != hashed:
            slot = (slot + np.uint64(1)) & np.uint64(len(hashes) - 1)
        if letters[start - 1] == _END:
            cut, article = 0, at if kinds[slot] & _ARTICLE else 0
        elif kinds[slot] & _IN_TAIL == 0:
            cut = 0
        elif cut == 0:
            cut, cut_core, cut_squeezed = start - 1, in_core - (at - start) - 1, in_squeezed - (at - start)
        first, last = starts[slot], starts[slot + np.uint64(1)]
        if first < last:
            in_core = _copy(spelled, first, last, core, in_core - (at - start))
        if letters[at] == _END:
            if tails and cut != 0 and cut != article:
                in_core, in_squeezed = cut_core, cut_squeezed
                in_tail = _copy(letters, cut, at, tail, in_tail)
            squeezed[in_squeezed] = tail[in_tail] = _END
            in_squeezed, in_tail = in_squeezed + 1, in_tail + 1
        core[in_core] = letters[at]
        in_core += 1
        hashed, start = np.uint64(0), at + 1
    return core[: in_core - 1], squeezed[: in_squeezed - 1], tail[: in_tail - 1]


@compiled
def _copy(letters: Array, start: int, end: int, into: Array, place: int) -> int:
    """Copy *letters* from *start* to *end* to *place* and return where they end there."""
    for at in range(start, end):
        into[place] = letters[at]
        place += 1
    return place
