"""Put together what belongs together: the connected parts of a graph, and those of them that hold.

With a question asked before parts join, the order of links counts: give the surest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

Question = Callable[[Sequence[str], Sequence[str]], bool]


def connected(links: Iterable[tuple[str, str]], may_join: Question = lambda _one, _other: True) -> dict[str, str]:
    """Return for each thing that is linked the smallest of its part; links are taken in the order given.

    *may_join* is asked with the members of two parts before a link makes them one; if it refuses, they stay apart.
    """
    part_of: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for one, other in links:
        for thing in (one, other):
            if thing not in part_of:
                part_of[thing], members[thing] = thing, [thing]
        low, high = sorted((part_of[one], part_of[other]))
        if low == high or not may_join(members[low], members[high]):
            continue
        for thing in members[high]:
            part_of[thing] = low
        members[low] += members.pop(high)
    return part_of
