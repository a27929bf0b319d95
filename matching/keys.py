"""Give every account its keys: accounts that share one are worth comparing. Compiled: there are millions of keys.

A key is a 64-bit number made of hashes. Its two lowest bits say how many pairs it may propose: a whole name or website
is meant even where many rows bear it, a single word is not.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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
    #: Rows, and their keys.
    Made = tuple[Array, Array]

#: Pairs that one key may propose between one crm and one partner, by the two lowest bits of the key.
MOST_PAIRS: Final = (25, 100, 200, 20_000)
_MOST_KEYS: Final = 16
#: Rows whose keys are made at once, where most are not needed.
_PORTION: Final = 50_000
#: The table that finds keys of both sides has 2 to the power of so many bits, by the keys that go in: at most 16 MB.
_LEAST_BITS: Final = 10
_MOST_BITS: Final = 27
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
    INITIALS = 30
    BRAND = 34
    DOMAIN = 7
    NAME = 11


def keys(features: Features, near: Array) -> pl.DataFrame:
    """Return one row per account and key: ``row``, ``key``, in the order of books, ours first.

    *near* gives for each word of the vocabulary the hash of the word one letter away that it may be misspelt for, or 0.
    """
    row, key = _made(features, near, np.argsort(features.book, kind="stable"))
    return pl.DataFrame({"row": row, "key": key})


def on_both_sides(every: pl.DataFrame, ours: int) -> list[Made]:
    """Return, ours and theirs apart, the keys that rows below *ours* and other rows share, and a few more.

    *every* is as from `keys`. A key is looked for by some of its bits in a table of bits. That a few get through that
    only one side has costs less than to compare them all.
    """
    row, key = every["row"].to_numpy(), every["key"].to_numpy()
    end = int(np.count_nonzero(row < ours))
    mine, yours = (row[:end].copy(), key[:end].copy()), (row[end:].copy(), key[end:].copy())
    yours = _seen_in(yours, _table(mine, _bits([mine])))
    return [_seen_in(mine, _table(yours, _bits([yours]))), yours]


def shared_keys(features: Features, near: Array) -> list[Made]:
    """Return what `on_both_sides` does of all `keys`, which are never there all at once."""
    rows = np.argsort(features.book, kind="stable")
    ours, theirs = rows[: features.ours], rows[features.ours :]
    with ThreadPoolExecutor(2) as pool:
        mine = list(pool.map(lambda rows: _made(features, near, rows), np.array_split(ours, 2)))
        of_ours = _table_of(mine, pool)
        yours = list(pool.map(lambda rows: _made_if_seen(features, near, rows, of_ours), np.array_split(theirs, 2)))
        of_theirs = _table_of(yours, pool)
        mine = list(pool.map(lambda made: _seen_in(made, of_theirs), mine))
        return list(pool.map(_joined, (mine, yours)))


def _made_if_seen(features: Features, near: Array, rows: Array, seen: Array) -> Made:
    """Return the keys of *rows* that may be in a table. They are made in portions, for most are dropped."""
    portions = (rows[start : start + _PORTION] for start in range(0, max(len(rows), 1), _PORTION))
    return _joined([_seen_in(_made(features, near, some), seen) for some in portions])


def _joined(parts: list[Made]) -> Made:
    rows, found = ([part[place] for part in parts] for place in (0, 1))
    return np.concatenate(rows), np.concatenate(found)


def _made(features: Features, near: Array, rows: Array) -> Made:
    """Return all keys of *rows*."""
    room = (len(rows) + int((features.first[rows + 1] - features.first[rows]).sum())) * _MOST_KEYS
    made = np.empty(room, dtype=np.uint32), np.empty(room, dtype=np.uint64)
    used = _make(features.accounts, features.names, features.first, features.words, near, rows, made)
    return made[0][:used], made[1][:used]


def _bits(parts: list[Made]) -> int:
    """Return how large a table for all these keys is: they set one of its bits in 32, or a few more of millions."""
    return min(max(sum(len(made[1]) for made in parts).bit_length() + 5, _LEAST_BITS), _MOST_BITS)


def _table_of(parts: list[Made], pool: ThreadPoolExecutor) -> Array:
    """Return the table of the keys of two *parts*."""
    one, other = pool.map(_table, parts, [_bits(parts)] * 2)
    return np.bitwise_or(one, other, out=one)


def _table(made: Made, bits: int) -> Array:
    """Return a table of 2 to the power of *bits* bits in which those of some keys are set."""
    seen = np.zeros(1 << (bits - 3), dtype=np.uint8)
    _see(made[1], seen, _shift(seen))
    return seen


def _shift(seen: Array) -> np.uint64:
    """Return how far a key is moved to the right to be a place in a table."""
    return np.uint64(62 - len(seen).bit_length())


def _seen_in(made: Made, seen: Array) -> Made:
    """Return the keys that may be in a table, in the place of those given."""
    used = _keep(made[0], made[1], seen, _shift(seen))
    return made[0][:used], made[1][:used]


@compiled
def _see(key: Array, seen: Array, shift: np.uint64) -> None:
    for one in key:
        bit = one >> shift
        seen[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))


@compiled
def _keep(rows: Array, found: Array, seen: Array, shift: np.uint64) -> int:
    """Move the keys that may be in a table to the front, with their rows, and return how many there are."""
    used = 0
    for at in range(len(found)):
        bit = found[at] >> shift
        rows[used], found[used] = rows[at], found[at]
        used += seen[bit >> np.uint64(3)] >> np.uint8(bit & np.uint64(7)) & 1
    return used


@compiled
def _make(accounts: Array, names: Array, first: Array, words: Array, near: Array, rows: Array, into: Made) -> int:
    """Write all keys of *rows*, and these, *into* two arrays, and return how many there are."""
    used = 0
    for row in rows:
        account = accounts[row]
        used = _put(into, used, row, _Kind.DOMAIN, account.domain)
        used = _put(into, used, row, _Kind.NAME, account.label.hash)
        used = _put(into, used, row, _Kind.BRAND, account.bare.hash)
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
def _put_name(into: Made, used: int, row: int, account: Any, name: Any, words: Array, near: Array) -> int:
    """Write the keys of one name: whole, its brand, beginning, initials, and its rarest words, by place and in twos."""
    used = _put(into, used, row, _Kind.NAME, name.squeezed.hash)
    if name.brand != name.squeezed.hash:
        used = _put(into, used, row, _Kind.BRAND, name.brand)
    if name.count > 1:
        used = _put(into, used, row, _Kind.WORDS, name.ordered)
    if name.count > 2:
        used = _put(into, used, row, _Kind.INITIALS, _both(name.initials, np.uint64(account.city)))
    elif name.count == 1 and 3 <= name.squeezed.length <= WIDE:
        used = _put(into, used, row, _Kind.INITIALS, _both(name.squeezed.packs[0], np.uint64(account.city)))
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
def _put(into: Made, used: int, row: int, kind: _Kind, hashed: Hash) -> int:
    """Write one key unless *hashed* is 0, and return how many keys there are now."""
    if hashed == 0:
        return used
    into[0][used] = row
    into[1][used] = (mixed(hashed + np.uint64(kind)) & ~np.uint64(3)) | (np.uint64(kind) & np.uint64(3))
    return used + 1
