"""Many partners' lists in portions, so that memory stays bounded: ours are prepared once and joined to each portion.

Competition and the limits of keys never reach beyond a crm and a partner, so portions of whole partners find what all
at once would, if all are measured by the same statistics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching.features import Features
from matching.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Rows of theirs that are held in one go, unless one partner alone has more.
MOST_ROWS: Final = 1_000_000


def portions(sizes: Sequence[tuple[str, int]]) -> list[list[str]]:
    """Group partners, given with how many rows each has, so that a group has at most `MOST_ROWS`, or one partner."""
    groups: list[list[str]] = []
    room = 0
    for partner, rows in sizes:
        if not groups or rows > room:
            groups.append([])
            room = MOST_ROWS
        groups[-1].append(partner)
        room -= rows
    return groups


def united(parts: Sequence[Statistics], ours: Statistics) -> Statistics:
    """Return the statistics over everything: *parts* are over ours and one portion each, *ours* over ours alone."""
    if len(parts) == 1:
        return parts[0]
    again = len(parts) - 1  # ours was counted with each portion
    words = [*(part.words for part in parts), ours.words.with_columns(pl.col("occurrences") * -again)]
    homonyms = pl.concat([part.homonyms for part in parts]).group_by("hash").agg(pl.col("companies").max())
    return Statistics(
        names=sum(part.names for part in parts) - again * ours.names,
        words=pl.concat(words).group_by("word", "hash").agg(pl.col("occurrences").sum()).sort("hash"),
        homonyms=homonyms.sort("hash"),
        sharers=pl.concat([part.sharers for part in parts]).unique(),
        shares=pl.concat([part.shares for part in parts]).sort("crm", "partner"),
    )


def joined(ours: Features, theirs: Features) -> Features:
    """Return the features of both; the words of theirs get the numbers that they have in the vocabulary of *ours*."""
    known = ours.words["text"]["hash"]
    order = np.argsort(known)
    hashes = theirs.words["text"]["hash"]
    at = order[np.minimum(np.searchsorted(known, hashes, sorter=order), len(known) - 1)]
    is_new = known[at] != hashes
    number = np.where(is_new, len(known) + np.cumsum(is_new) - 1, at).astype(np.int32)
    names = np.concatenate([ours.names, theirs.names])
    names["words"][len(ours.names) :] = number[theirs.names["words"]]
    return replace(
        ours,
        book=np.concatenate([ours.book, theirs.book + ours.book.max(initial=-1) + 1]),
        first=np.concatenate([ours.first, theirs.first[1:] + len(ours.names)]),
        words=np.concatenate([ours.words, theirs.words[is_new]]),
        names=names,
        accounts=np.concatenate([ours.accounts, theirs.accounts]),
    )
