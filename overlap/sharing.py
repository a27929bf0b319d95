"""What one partner may see of ours: the only place that decides it. Pure; shut unless a policy opens it.

Whatever leaves for a partner is made of what `permitted` returns. It hangs on that partner's own rows, on the accounts
that may be shared and on their permitted fields, and on which pairs are matches; on nothing else: no probability, no
rank, no word of the engine's, no id of ours that was not allowed, no other partner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from itertools import product
from typing import Any, Final

import polars as pl

from overlap.clusters import connected
from overlap.exclusions import Exclusion, excluded, names_any
from overlap.filter_rows import Rows
from overlap.model import SAME
from overlap.overlaps import OFF_LIMITS
from overlap.shareable import ANY, CELLS, FIELDS
from overlap.sharing_words import reason

#: What a partner gets of its own row; the fields of ours come after it, in the order of `FIELDS`.
THEIRS: Final = ("their_id", "their_name", "their_website", "their_population", "reason")

_ROW: Final = ["crm", "id"]
_POPULATION: Final = pl.Enum(CELLS)


class Level(IntEnum):
    """How much of a cell is shared: nothing, the companies that both have, or all of ours in that population."""

    HIDDEN = 0
    OVERLAPPING = 1
    ALL = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """What may go to one partner. *cells*: level by (our population, theirs), either may be `ANY`.

    *never* takes accounts that are not shared, whatever the cells say. *expires* is the last day on which it holds.
    """

    cells: Mapping[tuple[str, str], Level]
    fields: tuple[str, ...]
    never: Exclusion | None = None
    expires: date | None = None

    def level(self, ours: str, theirs: str | None) -> Level:
        """Return what is shared of the cell; None for *theirs*: the partner does not have the company.

        What names more counts; of two lines that name one population each, the one that shares less.
        """
        if theirs is None:
            found = self.cells.get((ours, ANY), Level.HIDDEN)
            return found if found is Level.ALL else Level.HIDDEN
        halves = [self.cells[key] for key in ((ours, ANY), (ANY, theirs)) if key in self.cells]
        exact = self.cells.get((ours, theirs))
        return exact if exact is not None else min(halves, default=self.cells.get((ANY, ANY), Level.HIDDEN))

    def in_whole(self) -> tuple[str, ...]:
        """Return our populations of which every account goes out, also what the partner does not have."""
        return tuple(name for name in CELLS if self.level(name, None) is Level.ALL)


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found. *rows* are our accounts (rated, in populations) and deals, on the day of the release.

    *accounts* tells the accounts of *rows* by crm, id, ``plain`` (name as it is compared) and ``domains`` (a list),
    *theirs* (columns of PartnerAccount) its rows too. *gone* has the same of the accounts that the settings leave out,
    *gone_rows* (partner, id) the rows that people judged to be one of these.
    """

    rows: Rows
    accounts: pl.DataFrame
    companies: pl.DataFrame
    matches: pl.DataFrame
    theirs: pl.DataFrame
    users: pl.DataFrame
    gone: pl.DataFrame
    gone_rows: pl.DataFrame


def permitted(found: Found, policy: Policy, partner: str) -> pl.DataFrame:
    """Return the rows and columns that *partner* may see, sorted by what stands in them.

    Columns: `THEIRS`, and ``our_`` and the name of each field of the policy. One row for each of their rows that is a
    company of ours; with their columns empty, one for each company that only we have, where all are shared.
    """
    return with_cells(found, policy, partner).drop("cell").unique().sort(pl.all(), nulls_last=True)


def with_cells(found: Found, policy: Policy, partner: str) -> pl.DataFrame:
    """Return the rows of `permitted`, in no order, and ``cell``: for ourselves, it goes nowhere."""
    fields = [name for name in FIELDS if name in policy.fields]
    columns = [*THEIRS, *(f"our_{name}" for name in fields)]
    if policy.expires is not None and found.rows.today > policy.expires:
        return _empty(columns)
    standing = _standing(found, policy, partner).filter(pl.col("withheld").is_null())
    theirs = _said_by(found, partner).select(pl.all().name.prefix("their_"))
    pairs = _pairs(found, partner).join(standing.select(*_ROW, "unit"), on=_ROW)
    told = pairs.select("unit", their_id="theirs_id").unique().join(theirs, on="their_id")
    both = _ours(found, standing).join(told, on="unit", how="left")
    rows = both.filter((pl.col("level") == Level.ALL) | pl.col("their_id").is_not_null())
    named = rows.with_columns(reason=reason(fields), cell=pl.format("{} x {}", "our_population", "their_cell"))
    # Of several accounts of a company, one is shown: which one hangs on nothing but what is shown.
    ordered = named.sort(columns, nulls_last=True)
    return ordered.unique(["unit", "their_id"], keep="first", maintain_order=True).select(*columns, "cell")


def withheld(found: Found, policy: Policy, partner: str) -> dict[str, int]:
    """Return for ourselves how many companies stay here although their cell is shared with *partner*, by the reason."""
    units = _standing(found, policy, partner).unique("unit").filter(pl.col("withheld") != "hidden")
    return dict(units.group_by("withheld").len().sort("withheld").iter_rows())


def _standing(found: Found, policy: Policy, partner: str) -> pl.DataFrame:
    """Return crm, id, unit, population, speaks, their_cell, level and withheld (why it stays here) of our accounts.

    A unit is a company: what is one company to us, and what one row of theirs is a match of.
    """
    pairs = _pairs(found, partner)
    links = pl.format("ours {}", "company"), pl.format("theirs {}", "theirs_id")
    part = connected(pairs.select(one=links[0], other=links[1]).iter_rows())
    unit = pl.format("ours {}", "company").replace(part) if part else pl.format("ours {}", "company")
    known = found.companies.select(*_ROW, "speaks", unit=unit)
    blocked = pl.concat([_blocked(found, policy, pairs), _beside_gone(found, known, pairs)])
    why = known.join(blocked, on=_ROW).sort("withheld").unique("unit", keep="first").select("unit", "withheld")
    theirs = _said_by(found, partner).select(theirs_id="id", their_cell=pl.col("population").cast(_POPULATION))
    cells = pairs.join(theirs, on="theirs_id").join(known, on=_ROW).group_by("unit").agg(pl.col("their_cell").min())
    ours = known.join(found.rows.accounts.select(*_ROW, pl.col("population").cast(_POPULATION)), on=_ROW)
    near = ours.filter("speaks").group_by("unit").agg(our_cell=pl.col("population").min())
    units = near.join(cells, on="unit", how="left").join(why, on="unit", how="left")
    table = [(one, other, int(policy.level(one, other))) for one, other in product(CELLS, (*CELLS, None))]
    schema: dict[str, Any] = {"our_cell": _POPULATION, "their_cell": _POPULATION, "level": pl.Int64}
    levelled = units.join(
        pl.DataFrame(table, schema=schema, orient="row"), on=["our_cell", "their_cell"], nulls_equal=True
    )
    hidden = pl.when(pl.col("level") == Level.HIDDEN).then(pl.lit("hidden"))
    return ours.join(levelled.with_columns(withheld=pl.coalesce(hidden, "withheld")), on="unit")


def _blocked(found: Found, policy: Policy, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return crm, id, withheld of our accounts that people keep from every partner, or the policy from this one."""
    accounts, deals = found.rows.accounts, found.rows.deals
    closed = accounts.filter(engagement=OFF_LIMITS).select(_ROW)
    if deals is not None:
        of_deals = deals.filter(pl.col("engagement") == OFF_LIMITS, pl.col("account_id").is_not_null())
        closed = pl.concat([closed, of_deals.select("crm", id="account_id")])
    parts = [closed.with_columns(withheld=pl.lit("off limits"))]
    if policy.never is not None:
        never = excluded(found.rows, found.accounts["domains"], [policy.never]).accounts
        rows = found.theirs.filter(names_any("domains", policy.never.domains))
        of_rows = pairs.join(rows, left_on=["partner", "theirs_id"], right_on=["partner", "id"], how="semi")
        parts.append(pl.concat([never.select(_ROW), of_rows.select(_ROW)]).with_columns(withheld=pl.lit("never")))
    return pl.concat(parts)


def _beside_gone(found: Found, known: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return crm, id, withheld of accounts that are excluded, or another one of whose company, name or domain is.

    So is what matches a row of theirs that bears such a name or domain, or was judged to be such an account.
    """
    gone = found.gone
    units = known.join(gone, on=_ROW).select("unit")
    of_unit = known.join(units, on="unit", how="semi").select(_ROW)
    beside = found.accounts.filter(_bears(gone)).select(_ROW)
    rows = pl.concat([found.theirs.filter(_bears(gone)).select("partner", "id"), found.gone_rows])
    matched = pairs.join(rows, left_on=["partner", "theirs_id"], right_on=["partner", "id"], how="semi").select(_ROW)
    return pl.concat([of_unit, beside, matched]).with_columns(withheld=pl.lit("excluded"))


def _bears(gone: pl.DataFrame) -> pl.Expr:
    names = gone.filter(pl.col("plain") != "")["plain"].unique()
    sites = gone["domains"].explode().drop_nulls().unique()
    return pl.col("plain").is_in(names.to_list()).fill_null(False) | names_any("domains", sites.to_list())


def _ours(found: Found, standing: pl.DataFrame) -> pl.DataFrame:
    """Return unit, level, their_cell and all that a policy may name, of the accounts that speak for *standing*."""
    shown = standing.filter(pl.col("speaks"), pl.col("population") == pl.col("our_cell")).drop("population")
    owners = found.users.filter("is_active").select("crm", owner_id="id", owner_name="name", owner_email="email")
    accounts = found.rows.accounts.drop("population").join(owners, on=["crm", "owner_id"], how="left")
    cells = pl.col("our_cell").cast(pl.String), pl.col("their_cell").cast(pl.String).fill_null("nobody")
    whole = accounts.join(shown, on=_ROW).with_columns(cells)
    named = [pl.col("our_cell" if name == "population" else name).alias(f"our_{name}") for name in FIELDS]
    return whole.select("unit", "level", "their_cell", *named)


def _pairs(found: Found, partner: str) -> pl.DataFrame:
    """Return crm, id, partner, theirs_id, company of what is surely one company; relatives are nobody's business."""
    sure = found.matches.filter(
        pl.col("partner") == partner, pl.col("decision") == "match", pl.col("relation") == SAME
    ).select("crm", "partner", "theirs_id", id="ours_id")
    return sure.join(found.companies.select(*_ROW, "company"), on=_ROW)


def _said_by(found: Found, partner: str) -> pl.DataFrame:
    return found.theirs.filter(pl.col("partner") == partner).drop("partner", "plain", "domains")


def _empty(columns: list[str]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys((*columns, "cell"), pl.String))
