"""How long an account was in a cell with a partner: what of it ends and begins with a new run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

#: What an interval is of; one that has other populations is another one.
OF: Final = ("crm", "account_id", "partner", "our_population", "partner_population")


@dataclass(frozen=True, slots=True)
class Moved:
    """What a run does to the intervals that were open: ids of those that *ended*, and of *doubles* to be forgotten.

    *begun* has the columns `OF`.
    """

    ended: tuple[int, ...]
    doubles: tuple[int, ...]
    begun: pl.DataFrame


def moved(still_open: pl.DataFrame, overlaps: pl.DataFrame) -> Moved:
    """Return what a run that found *overlaps* does to intervals *still_open* (id, `OF`, began_on).

    Accounts that were merged may have two for one cell by now: the one that began first says it all.
    """
    found = overlaps.select(OF).unique(maintain_order=True)
    first = still_open.sort("began_on", "id").unique(OF, keep="first", maintain_order=True)
    doubles = still_open.join(first, on="id", how="anti")
    ended = first.join(found, on=OF, how="anti")
    begun = found.join(first, on=OF, how="anti", maintain_order="left")
    return Moved(tuple(ended["id"]), tuple(doubles["id"]), begun)
