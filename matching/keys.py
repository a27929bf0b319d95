"""Give every account its keys: accounts that share one are worth comparing. Compiled: there are millions of keys.

A key is a 64-bit number made of hashes. Its two lowest bits say how many pairs it may propose: a whole name or website
is meant even where many rows bear it, a single word is not.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching.compiled import compiled
from matching.texts import mixed
from matching.vocabulary import WIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.features import Features
    from matching.texts import Hash

    Array = NDArray[Any]

#: Pairs that one key may propose between one crm and one partner, by the two lowest bits of the key.
MOST_PAIRS: Final = (25, 100, 200, 20_000)
_MOST_KEYS: Final = 16
#: The table that finds keys of both sides has 2 to the power of this bits, 16 MB a side.
_SEEN_BITS: Final = 27
#: Letters that a name needs to be found by its beginning alone.
_BEGINNING: Final = 8


class _Kind(IntEnum):
    """What a key is made of; its two lowest bits choose from `MOST_PAIRS`."""

    WORD = 4
    BEGINS = 5
    WORDS = 6
    TWO_WORDS = 10
    IN_CITY = 14
    IN_COUNTRY = 18
    PHONE = 22
    ADDRESS = 26
    DOMAIN = 7
    NAME = 11


def keys(features: Features, near: Array) -> pl.DataFrame:
    """Return one row per account and key: ``row``, ``key``.

    *near* gives for each word of the vocabulary the hash of the word one letter away that it may be misspelt for, or 0.
    """
    rows = len(features.accounts)
    made = np.zeros((len(features.names) + rows) * _MOST_KEYS, dtype=np.uint64)
    of = np.zeros(len(made), dtype=np.uint32)
    used = _make(features.accounts, features.names, features.first, features.words, near, (made, of))
    return pl.DataFrame({"row": of[:used], "key": made[:used]})


def on_both_sides(every: pl.DataFrame, ours: int) -> pl.DataFrame:
    """Return the *every* keys that rows below *ours* and other rows share, and a few more: the others propose nothing.

    A key is looked for by some of its bits in a table of bits. That a few get through that only one side has costs
    less than to compare them all.
    """
    row, key = every["row"].to_numpy(), every["key"].to_numpy()
    return every.filter(pl.Series(_are_shared(row, key, ours)))


@compiled
def _are_shared(row: Array, key: Array, ours: int) -> Array:
    seen = np.zeros((2, 1 << (_SEEN_BITS - 3)), dtype=np.uint8)
    for at in range(len(key)):
        bit = key[at] >> np.uint64(64 - _SEEN_BITS)
        seen[int(row[at] >= ours), bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))
    shared = np.zeros(len(key), dtype=np.bool_)
    for at in range(len(key)):
        bit = key[at] >> np.uint64(64 - _SEEN_BITS)
        shared[at] = seen[int(row[at] < ours), bit >> np.uint64(3)] >> np.uint8(bit & np.uint64(7)) & 1
    return shared


@compiled
def _make(accounts: Array, names: Array, first: Array, words: Array, near: Array, into: tuple[Array, Array]) -> int:
    """Write all keys and their rows *into* two arrays, and return how many there are."""
    used = 0
    for row in range(len(accounts)):
        account = accounts[row]
        used = _put(into, used, row, _Kind.DOMAIN, account.domain)
        used = _put(into, used, row, _Kind.NAME, account.label.hash)
        if account.bare.hash != account.label.hash:
            used = _put(into, used, row, _Kind.NAME, account.bare.hash)
        for other in account.others:
            used = _put(into, used, row, _Kind.DOMAIN, other)
        used = _put(into, used, row, _Kind.PHONE, account.phone)
        if account.street != 0:
            used = _put(into, used, row, _Kind.ADDRESS, _both(np.uint64(account.postcode), np.uint64(account.country)))
        for at in range(first[row], first[row + 1]):
            used = _put_name(into, used, row, account, names[at], words, near)
    return used


@compiled
def _put_name(
    into: tuple[Array, Array], used: int, row: int, account: Any, name: Any, words: Array, near: Array
) -> int:
    """Write the keys of one name: whole, its beginning, and its rarest words alone, by place and two by two."""
    used = _put(into, used, row, _Kind.NAME, name.squeezed.hash)
    if name.count > 1:
        used = _put(into, used, row, _Kind.WORDS, name.ordered)
    if name.squeezed.length >= _BEGINNING:
        used = _put(into, used, row, _Kind.BEGINS, name.squeezed.packs[0])
    one, two, three = _rarest(name, words)
    if not words[one].is_generic:
        used = _put(into, used, row, _Kind.WORD, words[one].text.hash)
        used = _put(into, used, row, _Kind.WORD, near[one])
        used = _put(into, used, row, _Kind.IN_CITY, _both(words[one].text.hash, np.uint64(account.city)))
        used = _put(into, used, row, _Kind.IN_COUNTRY, _both(words[one].text.hash, np.uint64(account.country)))
        used = _put(into, used, row, _Kind.TWO_WORDS, _either(words[one].text.hash, words[two].text.hash))
        used = _put(into, used, row, _Kind.TWO_WORDS, _either(words[one].text.hash, words[three].text.hash))
    if not words[two].is_generic:
        used = _put(into, used, row, _Kind.IN_CITY, _both(words[two].text.hash, np.uint64(account.city)))
        used = _put(into, used, row, _Kind.TWO_WORDS, _either(words[two].text.hash, words[three].text.hash))
    return used


@compiled
def _rarest(name: Any, words: Array) -> tuple[int, int, int]:
    """Return the three most informative words, 0 for none; of equals, the first ones."""
    one, two, three = 0, 0, 0
    for place in range(WIDE):
        word = name.words[place]
        if word == 0:
            break
        if words[word].info > words[one].info:
            one, two, three = word, one, two
        elif words[word].info > words[two].info:
            two, three = word, two
        elif words[word].info > words[three].info:
            three = word
    return one, two, three


@compiled
def _both(one: Hash, other: Hash) -> Hash:
    """Return a hash of two hashes, 0 where either is unknown."""
    return np.uint64(0) if one == 0 or other == 0 else mixed(one) + mixed(mixed(other))


@compiled
def _either(one: Hash, other: Hash) -> Hash:
    """Return a hash of two hashes in any order, 0 where either is unknown."""
    return np.uint64(0) if one == 0 or other == 0 else mixed(one) + mixed(other)


@compiled
def _put(into: tuple[Array, Array], used: int, row: int, kind: _Kind, hashed: Hash) -> int:
    """Write one key unless *hashed* is 0, and return how many keys there are now."""
    if hashed == 0:
        return used
    into[0][used] = (mixed(hashed + np.uint64(kind)) & ~np.uint64(3)) | (np.uint64(kind) & np.uint64(3))
    into[1][used] = row
    return used + 1
