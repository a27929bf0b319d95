"""Names beside each other, word by word and letter by letter: a part of the oracle `reference`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import log2
from typing import Any

from matching.normalize.names import common_words, generic_words, region_words, unit_words

Account = dict[str, Any]
EQUAL = {"equal_common", "equal_alias", "equal_known", "equal", "equal_distinctive"}
ALIKE = {*EQUAL, "abbreviated", "abbreviated_long", "near", "tiny_rest_long"}
#: Levels of names of which one has describing words more.
ONE_HAS_MORE = {"tiny_rest", "tiny_rest_long", "generic_rest", "brand_late"}


@dataclass(frozen=True)
class Counts:
    names: int
    words: Counter[str]
    companies: dict[str, int]
    sharers: Counter[tuple[str, str, str]]
    shares: dict[tuple[str, str], tuple[int, int]]

    def info(self, word: str) -> int:
        """1/100 bit; 20,000 names were seen before ours."""
        bits = log2((self.names + 20_000) / (self.words[word] + 1))
        describes = word in generic_words() or (len(word) == 1 and not word.isdigit())
        return round(100 * min(bits, 2.5 if describes else 20.0))

    def rarest(self, words: list[str]) -> int:
        """1/100 bit of the most telling word that not many take for their name."""
        return max((self.info(word) for word in words if word not in common_words()), default=0)


@dataclass(frozen=True)
class Name:
    words: list[str]
    squeezed: str
    form: str
    native: str
    at: int  # 0 is the name itself, 1 is said to be its, those behind only stand beside it


@dataclass(frozen=True)
class InCommon:
    shared: int
    abbreviated: int
    first: bool
    left: tuple[list[str], list[str]]
    units: tuple[bool, bool]
    region: bool


def words_of(core: str) -> list[str]:
    """Eight at most; the last one of a longer name is all that is left of it."""
    return core.split(" ", 7)


def names_of(account: Account) -> list[Name]:
    return [
        Name(words_of(core), squeezed, form, native, at)
        for at, (core, squeezed, form, native) in enumerate(account["names"])
    ]


def count(accounts: list[Account]) -> Counts:
    words: Counter[str] = Counter()
    sites: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for account in accounts:
        for core, squeezed, *_ in account["names"]:
            words.update(set(words_of(core)))
            sites[account["side"], account["book"], squeezed] |= {account["domain"]} - {None}
    companies: dict[str, int] = defaultdict(lambda: 1)
    for (_, _, squeezed), domains in sites.items():
        companies[squeezed] = max(companies[squeezed], len(domains))
    sharers = Counter((one["side"], one["book"], one["domain"]) for one in accounts if one["domain"])
    return Counts(sum(len(one["names"]) for one in accounts), words, companies, sharers, _shares(accounts))


def _shares(accounts: list[Account]) -> dict[tuple[str, str], tuple[int, int]]:
    books: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for account in accounts:
        books[account["side"], account["book"]].append(account["names"][0][1] if account["names"] else None)
    shares = {}
    for (side, crm), ours in books.items():
        for (other, partner), theirs in books.items():
            if (side, other) == ("o", "t"):
                both = set(ours) & set(theirs) - {None}
                equal = min(sum(name in both for name in ours), sum(name in both for name in theirs))
                shares[crm, partner] = min(len(ours), len(theirs)), equal
    return shares


def in_common(a: Name, b: Name, counts: Counts) -> InCommon:
    """Words meet their like first; then what is left may abbreviate, at most two places away.

    Names that do not begin with one letter are not thought to be abbreviated.
    """
    shared, abbreviated, first = 0, 0, a.words[0] == b.words[0]
    begin_alike = a.words[0][0] == b.words[0][0]
    met_a: set[int] = set()
    met_b: set[int] = set()
    for i, word in enumerate(a.words):
        like = [j for j, other in enumerate(b.words) if other == word and j not in met_b]
        if like:
            met_a.add(i)
            met_b.add(like[0])
            shared += counts.info(word)
    for i, word in enumerate(a.words):
        for j, other in enumerate(b.words):
            if i in met_a or j in met_b or abs(i - j) > 2 or (i == 0) != (j == 0) or not begin_alike:
                continue
            sure = abbreviates(word, other)
            if sure is None or (i == 0 and not sure):
                continue
            worth = min(counts.info(word), counts.info(other))
            shared += worth if sure else min(worth, 500)
            met_a.add(i)
            met_b.add(j)
            abbreviated += 1
            first = first or i == 0
    left = tuple(
        [(place, word) for place, word in enumerate(name.words) if place not in met]
        for name, met in ((a, met_a), (b, met_b))
    )
    units = tuple(any(place and word in unit_words() for place, word in side) for side in left)
    region = any(place and word in region_words() for side in left for place, word in side)
    return InCommon(shared, abbreviated, first, tuple([word for _, word in side] for side in left), units, region)


def abbreviates(one: str, other: str) -> bool | None:
    """None for no; else whether the abbreviation is long enough to be sure."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) < 2 or short[0] != long[0] or not short[0].isalpha():
        return None
    if long.startswith(short):
        return len(short) >= 3
    if len(short) < 2 or not re.search(".*".join(short), long):
        return None
    return len(short) >= 4


def name_levels(a: Name, b: Name, met: InCommon, counts: Counts) -> Iterator[tuple[str, bool]]:
    """Yield each level and whether it holds: the first that does is it."""
    rest = [sum(counts.info(word) for word in left) for left in met.left]
    own = [sum(counts.info(word) for word in left if word not in generic_words()) for left in met.left]
    total = min(sum(counts.info(word) for word in name.words) for name in (a, b))
    rare = min(counts.rarest(name.words) for name in (a, b)) >= 1100
    letters = min(len(a.squeezed), len(b.squeezed))
    words = min(len(a.words), len(b.words))
    common = set(a.words) <= common_words() or set(b.words) <= common_words()
    shared, first = met.shared, met.first
    if a.squeezed == b.squeezed or sorted(a.words) == sorted(b.words):
        yield "resembles", bool(a.native and b.native) and a.native != b.native
        yield "equal_alias", max(a.at, b.at) > 1
        yield "equal_common", max(counts.companies[a.squeezed], counts.companies[b.squeezed]) > 1
        yield "equal_common", letters <= 3 or common
        yield "equal_known", max(a.at, b.at) > 0
        yield "equal_distinctive", words > 1 and total >= 1200
        yield "equal_distinctive", words == 1 and letters >= 8
        yield "equal", True
    short_rest = max(rest) <= 300 and max(own) == 0
    yield "abbreviated_long", met.abbreviated > 0 and first and short_rest and shared >= 1500
    yield "abbreviated", met.abbreviated > 0 and first and short_rest and shared >= 1100
    yield "abbreviated_common", met.abbreviated > 0 and first and max(rest) == 0
    same_digits = re.sub("[^0-9]", "", a.squeezed) == re.sub("[^0-9]", "", b.squeezed)
    slip = letters >= 6 and same_digits and is_one_slip(a.squeezed, b.squeezed)
    yield "near", slip and letters >= 10
    brand = first and shared >= 900
    yield "tiny_rest_long", brand and min(rest) == 0 and short_rest and shared >= 1500
    yield "tiny_rest", brand and min(rest) == 0 and short_rest
    yield "generic_rest", brand and min(rest) == 0 and max(own) == 0
    yield "generic_both", brand and max(own) == 0
    yield "inside_long", brand and min(rest) == 0 and shared >= 1700
    yield "inside", brand and min(rest) == 0
    yield "inside_mixed", brand and min(own) == 0
    yield "generic_rest", first and min(rest) == 0 and max(own) == 0 and words > 1
    yield "brand_late", not brand and max(own) == 0 and rare
    one_begins = begins(a.squeezed, b.squeezed) or begins(b.squeezed, a.squeezed)
    yield "begins", not brand and one_begins and letters >= 9 and total >= 1000 and not common
    yield "resembles", slip
    initials = ["".join(word[0] for word in name.words) for name in (b, a)]
    yield "initials", any(2 <= len(n.squeezed) <= 6 and n.squeezed == i for n, i in zip((a, b), initials, strict=True))
    yield "inside_late", min(rest) == 0 and shared >= 1100
    yield "most", first and shared >= 1100 and shared >= 0.6 * (shared + sum(rest))
    yield "conflict_first", brand
    yield "conflict_long", shared >= 1700
    yield "scripts", bool(a.native) != bool(b.native)
    yield "weak", True


def begins(text: str, start: str) -> bool:
    """Thirty-two letters are kept: two texts that agree so far are not told apart by what follows."""
    return len(text) >= len(start) and text.startswith(start[:32])


def is_one_slip(one: str, other: str) -> bool:
    """One letter more, less, other, or two changed; a text of more than 32 letters is not looked at."""
    if one == other or max(len(one), len(other)) > 32:
        return False
    return other in slips(one)


def slips(text: str) -> set[str]:
    """All texts of lower-case letters and digits that one slip makes of *text*."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    parts = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    less = {head + tail[1:] for head, tail in parts if tail}
    more = {head + letter + tail for head, tail in parts for letter in letters}
    changed = {head + letter + tail[1:] for head, tail in parts if tail for letter in letters}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in parts if len(tail) > 1}
    return (less | more | changed | swapped) - {text}


def fnv1a(text: str) -> int:
    """The 64-bit hash of RFC 9923; 0 for no text."""
    hashed = 0xCBF29CE484222325 if text else 0
    for code in text.encode():
        hashed = (hashed ^ code) * 0x100000001B3 % 2**64
    return hashed
