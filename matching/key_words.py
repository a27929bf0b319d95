"""Say in words which keys the rows of a pair share: what they were found by, or would have been.

A key is a number that cannot be read. It is known by what it is lost without: a key that our row does not have without
its website is made of the website.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from matching.normalize import names
from matching.surroundings import Thought, shared_keys

if TYPE_CHECKING:
    from matching.surroundings import Surroundings

#: What a key may be made of beside the name, and what is left out to see whether it is.
_PARTS: Final = {
    "website": ("website",),
    "phone": ("phone",),
    "address": ("street",),
    "city": ("city",),
    "country": ("country",),
}


@dataclass(frozen=True, slots=True)
class _Probe:
    """One thing left out on one side (*part*), or our name reduced to some of its *words*."""

    thought: Thought
    part: tuple[str, str] | None = None
    words: tuple[str, ...] = ()


def in_words(around: Surroundings, wanted: Collection[int], ours: Mapping[str, Any]) -> list[str]:
    """Return what the *wanted* keys that the pair's rows share are made of, each thing once; *ours* is our row."""
    if not wanted:
        return []
    probes = list(_probes(ours))
    kept = shared_keys(around, [probe.thought for probe in probes])
    said = set()
    for key in wanted:
        lost = {probe.part for probe, there in zip(probes, kept, strict=True) if probe.part and key not in there}
        enough = [probe.words for probe, there in zip(probes, kept, strict=True) if probe.words and key in there]
        said.add(_said(lost, min(enough, key=len, default=()), ours))
    return sorted(said)


def _probes(ours: Mapping[str, Any]) -> Iterator[_Probe]:
    for part, columns in _PARTS.items():
        nothing = dict.fromkeys(columns)
        yield _Probe(Thought(ours=nothing), ("ours", part))
        yield _Probe(Thought(theirs=nothing), ("theirs", part))
    words = _words(ours["name"])
    for size in (1, 2):
        for some in combinations(words, size):
            if size == 1 or len(some) < len(words):
                yield _Probe(Thought(ours={"name": " ".join(some)}), words=some)


def _words(name: str) -> list[str]:
    """Return the words of *name* as they are compared, each once."""
    cores = names.variants(pl.Series([name]))["core"].to_list()
    return list(dict.fromkeys(word for core in cores for word in core.split()))


def _said(lost: set[tuple[str, str]], words: tuple[str, ...], ours: Mapping[str, Any]) -> str:
    """Return in words what a key is made of that is *lost* without these parts; *words* of our name are enough."""
    if ("ours", "website") in lost:
        return (
            f"the website {ours['website']}"
            if ("theirs", "website") in lost
            else "our website, which reads like their name"
        )
    if ("theirs", "website") in lost:
        return "their website, which reads like our name"
    if ("ours", "phone") in lost:
        return f"the phone number {ours['phone']}"
    if ("ours", "address") in lost:
        return f"the address {ours['street']}, {ours['postcode']}"
    where = (
        f" in {ours['city']}" if ("ours", "city") in lost else " in one country" if ("ours", "country") in lost else ""
    )
    if not words:
        return f"the name as a whole, how it begins or its initials{where}"
    quoted = " and ".join(f"'{word}'" for word in words)
    return f"the word{'s' if len(words) > 1 else ''} {quoted}{where}"
