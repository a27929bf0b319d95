"""Short texts as numbers: a hash to see whether two are equal, their letters to see whether one begins another.

Texts are bytes here: what is compared has been made ASCII before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    #: 64 bits: NumPy's in Python, the machine's where it is compiled.
    Hash = Any

#: Letters of a text that are kept, eight to a pack.
KEPT_LETTERS: Final = 32
#: The *hash* of no text is 0, the first letter is the highest byte of the first pack.
TEXT: Final = np.dtype([("hash", np.uint64), ("packs", np.uint64, KEPT_LETTERS // 8), ("length", np.int32)], align=True)
_END: Final = ord("\n")
_EMPTY: Final = pl.Series([""])
#: FNV-1a (Fowler, Noll and Vo, RFC 9923): a hash that can be continued letter by letter, the same on any machine.
_BASIS: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x100000001B3)


def encoded(values: pl.Series) -> Array:
    """Return all texts as bytes, each with a line feed behind it; null is the empty text."""
    # The empty text at the end stands for the last line feed: to add it behind the join would copy everything.
    joined = values.fill_null("").append(_EMPTY).str.join("\n").cast(pl.Binary).item()
    return np.frombuffer(joined, dtype=np.uint8)


def packed(values: pl.Series, into: Array | None = None) -> Array:
    """Return the `TEXT` of each of *values*; null is the empty text. *into* is where to write them, zeros."""
    records = np.zeros(len(values), dtype=TEXT) if into is None else into
    _pack(encoded(values), records)
    return records


@compiled
def _pack(letters: Array, records: Array) -> None:
    number, start = 0, 0
    for at in range(len(letters)):
        if letters[at] == _END:
            write(records[number], letters, start, at)
            number, start = number + 1, at + 1


@compiled
def write(text: Any, letters: Array, start: int, end: int) -> None:
    """Make a `TEXT`, zeros so far, of the *letters* from *start* to *end*."""
    hashed: Any = np.uint64(0)
    pack: Any = np.uint64(0)
    for place in range(end - start):
        hashed = continued(hashed, letters[start + place])
        if place < KEPT_LETTERS:
            pack |= np.uint64(letters[start + place]) << np.uint64(56 - 8 * (place & 7))
            if place & 7 == 7 or start + place + 1 == end:
                text.packs[place >> 3] = pack
                pack = np.uint64(0)
    text.hash, text.length = hashed, end - start


@compiled
def continued(hashed: Hash, code: int) -> Hash:
    """Return the hash of a text with one more letter from its hash, 0 for no text."""
    return ((hashed if hashed != 0 else _BASIS) ^ np.uint64(code)) * _PRIME


@compiled
def letter(text: Any, place: int) -> Any:
    """Return the letter of a `TEXT` at *place*, counted from 0; 0 behind its end and behind what is kept."""
    if place >= KEPT_LETTERS:
        return 0
    return (text.packs[place >> 3] >> np.uint64(56 - 8 * (place & 7))) & np.uint64(255)


@compiled
def begins(text: Any, start: Any) -> bool:
    """Return whether a `TEXT` begins with another one, by the letters that are kept; nothing begins with ""."""
    if start.length == 0 or text.length < start.length:
        return False
    left = start.length
    for pack in range(len(text.packs)):
        differ = text.packs[pack] ^ start.packs[pack]
        if left < 8:
            return bool(left <= 0 or differ >> np.uint64(64 - 8 * left) == 0)
        if differ != 0:
            return False
        left -= 8
    return True


@compiled
def one_slip_apart(one: Any, other: Any) -> bool:
    """Return whether one letter more, less, other, or changed places makes one text of the other.

    A text longer than what is kept has no slips that we could see.
    """
    if one.length > other.length:
        one, other = other, one
    if other.length - one.length > 1 or other.length > KEPT_LETTERS or one.hash == other.hash:
        return False
    at = 0
    while at + 8 <= one.length and one.packs[at >> 3] == other.packs[at >> 3]:
        at += 8
    while at < one.length and letter(one, at) == letter(other, at):
        at += 1
    if one.length < other.length:
        return _same_from(one, at, other, at + 1)
    if _same_from(one, at + 1, other, at + 1):
        return True
    swapped = letter(one, at) == letter(other, at + 1) and letter(one, at + 1) == letter(other, at)
    return swapped and _same_from(one, at + 2, other, at + 2)


@compiled
def _same_from(one: Any, at: int, other: Any, other_at: int) -> bool:
    if one.length - at != other.length - other_at:
        return False
    for step in range(one.length - at):
        if letter(one, at + step) != letter(other, other_at + step):
            return False
    return True


def first_letters(records: Array) -> Array:
    """Return the first letter of each `TEXT`, 0 for none."""
    return (records["packs"][:, 0] >> np.uint64(56)).astype(np.uint8)


def spelled(records: Array) -> list[str]:
    """Return the texts of `TEXT` records, as far as their letters are kept."""
    letters = records["packs"].astype(">u8").view(f"S{KEPT_LETTERS}").reshape(-1)
    return [text.decode() for text in letters.tolist()]


@compiled
def mixed(key: Hash) -> Hash:
    """Return a key, or an array of them, scrambled, so that sums of keys meet by chance only.

    Source: the finaliser of splitmix64 (Steele, Lea and Flood, 2014).
    """
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))
