"""Find a company by what it is known by, where its ids mean nothing: in another environment of the same CRM. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Known(NamedTuple):
    """A row and what it is known by, normalised (`jobs.finding.identity.identified`)."""

    id: str
    name: str | None
    domain: str | None
    country: str | None


class Book:
    """The rows of one CRM's accounts, or of one partner's list, by their names."""

    def __init__(self, rows: Iterable[Known]) -> None:
        self._by_name: dict[str, list[Known]] = {}
        for row in rows:
            if row.name is not None:
                self._by_name.setdefault(row.name, []).append(row)

    def find(self, wanted: Known) -> tuple[str, ...]:
        """Return the ids of the rows that *wanted* may be, whatever its id: the closest only, none if there are none.

        Name, domain and country are the closest, then name and domain, then a name that nothing else contradicts.
        """
        named = self._by_name.get(wanted.name or "", [])
        exact = [row.id for row in named if row[1:] == wanted[1:]]
        by_domain = [row.id for row in named if row.domain is not None and row.domain == wanted.domain]
        likely = [row.id for row in named if _agree(row.domain, wanted.domain) and _agree(row.country, wanted.country)]
        return tuple(sorted(exact or by_domain or likely))


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other
