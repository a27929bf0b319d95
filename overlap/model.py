"""The nouns of account mapping. A frame of a thing has exactly the columns of its dataclass, in its order.

`schema_of` gives a dataclass's polars schema, so that a frame and its noun cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

if TYPE_CHECKING:
    import polars as pl

CUSTOMERS: Final = "Customers"
OPEN_OPPORTUNITIES: Final = "Open Opportunities"
PROSPECTS: Final = "Prospects"
OTHER: Final = "Other"
#: The rows and columns of the matrix, in the order in which an account in several populations takes its cell.
POPULATIONS: Final = (CUSTOMERS, OPEN_OPPORTUNITIES, PROSPECTS)

SAME: Final = "Same"
PARENT: Final = "Theirs is our parent"
SUBSIDIARY: Final = "Theirs is our subsidiary"
SIBLING: Final = "Sibling"
RELATIONS: Final = (SAME, PARENT, SUBSIDIARY, SIBLING)

#: The columns by which frames of pairs know a pair.
PAIR: Final = ("crm", "ours_id", "partner", "theirs_id")


@dataclass(frozen=True, slots=True)
class Account:
    """One of our accounts, as its CRM has it. *crm* names the connection, *id* is the CRM's 18-character id.

    *revenue* is a year's, in *currency*; None for *currency* means the org's only one. A lead (*is_lead*) is read as a
    prospect and never written to. *custom* holds the fields that the settings map beside ours, as one JSON object.
    """

    crm: str
    id: str
    name: str
    website: str | None
    phone: str | None
    street: str | None
    city: str | None
    state: str | None
    postcode: str | None
    country: str | None
    industry: str | None
    headcount: int | None
    revenue: float | None
    currency: str | None
    account_type: str | None
    record_type: str | None
    parent_id: str | None
    owner_id: str | None
    engagement: str | None
    is_lead: bool
    custom: str | None
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Opportunity:
    """One of our deals. *amount* is in *currency*; None for *currency* means the org's only one.

    *custom* holds the fields that the settings map beside ours, as one JSON object.
    """

    crm: str
    id: str
    account_id: str | None
    name: str
    deal_type: str | None
    record_type: str | None
    stage: str | None
    amount: float | None
    currency: str | None
    is_closed: bool
    is_won: bool
    close_date: date | None
    owner_id: str | None
    engagement: str | None
    custom: str | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A person of ours who owns accounts and opportunities."""

    crm: str
    id: str
    name: str
    email: str | None
    is_active: bool
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class OpportunityPartner:
    """A partner that somebody entered on an opportunity: *account_id* is the partner's own account in our CRM."""

    crm: str
    id: str
    opportunity_id: str
    account_id: str
    role: str | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class PartnerAccount:
    """One row of a partner's list.

    *population* is where it stands with them, in our words. *claim* is the partner's own account of how it
    influenced us, *claimed_on* the day of it.
    """

    partner: str
    id: str
    name: str
    website: str | None
    phone: str | None
    street: str | None
    city: str | None
    state: str | None
    postcode: str | None
    country: str | None
    industry: str | None
    headcount: int | None
    population: str
    owner_name: str | None
    owner_email: str | None
    claim: str | None
    claimed_on: date | None


@dataclass(frozen=True, slots=True)
class Match:
    """A pair of ours and theirs, with what speaks for it.

    *probability* is 0..1; *decision* is ``match``, ``review`` or ``no match``; *relation* is one of `RELATIONS`;
    *reasons* are words that a person reads, strongest first, at most 255 characters; *evidence* is the ladder
    behind them, one ``comparison|level|weight in bits`` per line.
    """

    crm: str
    ours_id: str
    partner: str
    theirs_id: str
    probability: float
    decision: str
    relation: str
    reasons: str
    evidence: str


@dataclass(frozen=True, slots=True)
class NamedPair:
    """A pair by ids and by name, domain and country of both sides: it is found again when either has a new id."""

    crm: str
    ours_id: str
    ours_name: str
    ours_domain: str | None
    ours_country: str | None
    partner: str
    theirs_id: str
    theirs_name: str
    theirs_domain: str | None
    theirs_country: str | None

    @property
    def ids(self) -> tuple[str, str, str, str]:
        """CRM, our id, partner, their id."""
        return self.crm, self.ours_id, self.partner, self.theirs_id


@dataclass(frozen=True, slots=True)
class Judgement(NamedPair):
    """A person's verdict on a pair: ``same`` or ``different``. It beats every score.

    *source* is ``command``, ``review``, ``workbook``, ``import`` or ``crm`` (the record's Feedback field).
    """

    verdict: str
    source: str
    judged_by: str
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A verdict that a run heeded, and what the engine alone said of the pair: *decision* and *probability* of `Match`.

    Both are None for a pair that the engine does not know.
    """

    crm: str
    ours_id: str
    partner: str
    theirs_id: str
    verdict: str
    judged_by: str
    decision: str | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """One of our accounts that is also a partner's: all rows of the partner on it, united.

    The cell is (*our_population*, *partner_population*); the best row of theirs is the one shown. *icp_fit* and
    *priority* are 0..100. Nothing here but *first_seen* depends on the day of a run.
    """

    key: str
    crm: str
    account_id: str
    account_name: str
    partner: str
    our_population: str
    our_populations: str
    partner_population: str
    partner_populations: str
    play: str | None
    theirs_id: str
    theirs_name: str
    theirs_website: str | None
    theirs_owner_name: str | None
    theirs_owner_email: str | None
    probability: float
    relation: str
    reasons: str
    icp_fit: int
    icp_tier: str
    icp_reasons: str
    priority: int
    engagement: str | None
    owner_id: str | None
    first_seen: date


@dataclass(frozen=True, slots=True)
class Influence:
    """A suggestion that a partner influenced an opportunity, with its evidence. A person decides on it in the CRM.

    *suggest* false means: the evidence stands, but it may not make a new suggestion.
    """

    key: str
    crm: str
    opportunity_id: str
    opportunity_name: str
    account_id: str
    partner: str
    overlap_key: str | None
    evidence: str
    owner_id: str | None
    suggest: bool


@cache
def schema_of(noun: type) -> Mapping[str, pl.DataType | type[pl.DataType]]:
    """Return the polars schema of *noun*'s frame: column name to data type, in the order of its fields."""
    import polars as pl  # heavy: words alone must not cost a start-up

    types: dict[Any, pl.DataType | type[pl.DataType]] = {
        str: pl.String,
        int: pl.Int64,
        float: pl.Float64,
        bool: pl.Boolean,
        date: pl.Date,
        datetime: pl.Datetime("us", "UTC"),
    }
    hints = get_type_hints(noun)
    return {field.name: types[_bare(hints[field.name])] for field in fields(noun)}


def empty(noun: type) -> pl.DataFrame:
    """Return a frame of *noun* with its columns and no rows."""
    import polars as pl

    return pl.DataFrame(schema=dict(schema_of(noun)))


def conform(frame: pl.DataFrame, noun: type, *without: str) -> pl.DataFrame:
    """Return the columns of *noun* from *frame*, in their order and types, but for those *without*."""
    schema: dict[Any, Any] = {name: kind for name, kind in schema_of(noun).items() if name not in without}
    return frame.select(list(schema)).cast(schema)


def _bare(hint: Any) -> Any:
    """Strip ``| None`` from a type hint."""
    if isinstance(hint, UnionType):
        return next(arg for arg in get_args(hint) if arg is not type(None))
    return hint
