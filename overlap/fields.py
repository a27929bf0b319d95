"""What we write into a CRM, field by field, and who owns each field. One table; every sink serialises from it.

Owner E: the engine writes it. H: people only, never in a payload, not even at creation. F: a formula or an
automation in the CRM. Names are HubSpot's (snake_case); a connector translates them to its CRM's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final, Self

from overlap.model import OPEN_OPPORTUNITIES, OTHER, POPULATIONS, RELATIONS


class Owner(StrEnum):
    """Who may write a field."""

    ENGINE = "E"
    HUMAN = "H"
    FORMULA = "F"


class Kind(StrEnum):
    """The shape of a field's value."""

    TEXT = "text"
    LONG_TEXT = "long text"
    URL = "url"
    EMAIL = "email"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    DATE = "date"
    DATETIME = "datetime"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi-picklist"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. *length* counts characters (for numbers: digits), *scale* the digits after the point.

    *values* are a picklist's, its first one in *default* if the CRM fills it in; *restricted* picklists take no
    other. *target* names the object that a lookup points to: ours are pointed to by key, the CRM's own by id.
    """

    name: str
    kind: Kind
    owner: Owner = Owner.ENGINE
    length: int = 0
    scale: int = 0
    values: tuple[str, ...] = ()
    restricted: bool = True
    default: str | None = None
    target: str | None = None
    required: bool = False


@dataclass(frozen=True)
class CrmObject:
    """An object of ours, or one of the CRM's own that carries our flat fields.

    *key* names the external id field; None means that records are addressed by the CRM's own id. *bookkeeping*
    fields say when facts moved and are not facts themselves: a difference in them alone is no update. A *restored*
    object's record is made again when a person deletes it: others point to it. *stand_ins* are fields that a CRM gets
    in the place of records of influence where it cannot have those; it keeps them when it can.
    """

    name: str
    label: str
    key: str | None
    fields: tuple[Field, ...]
    bookkeeping: frozenset[str] = frozenset()
    restored: bool = False
    stand_ins: tuple[Field, ...] = ()

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """Every field that some CRM has."""
        return (*self.fields, *self.stand_ins)

    @cached_property
    def engine_fields(self) -> tuple[Field, ...]:
        """The allow-list: the fields that may appear in a payload."""
        return tuple(field for field in self.fields if field.owner is Owner.ENGINE)

    @cached_property
    def human_fields(self) -> tuple[Field, ...]:
        """Fields that people own: read by us, never written."""
        return tuple(field for field in self.fields if field.owner is Owner.HUMAN)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Every field that some CRM has, by name."""
        return {field.name: field for field in self.columns}

    def holding(self, names: Collection[str]) -> Self:
        """Return it with only the fields *names*, stand-ins among them."""
        fields = tuple(field for field in self.columns if field.name in names)
        return replace(self, fields=fields, stand_ins=(), bookkeeping=self.bookkeeping.intersection(names))


def _text(name: str, length: int = 255, owner: Owner = Owner.ENGINE) -> Field:
    return Field(name, Kind.TEXT, owner, length)


def _list(name: str, values: tuple[str, ...], owner: Owner = Owner.ENGINE, default: str | None = None) -> Field:
    return Field(name, Kind.PICKLIST, owner, 255, values=values, default=default)


def _multi(name: str, values: tuple[str, ...] = (), owner: Owner = Owner.ENGINE) -> Field:
    return Field(name, Kind.MULTI_PICKLIST, owner, 4099, values=values, restricted=bool(values))


def _lookup(name: str, target: str, owner: Owner = Owner.ENGINE) -> Field:
    return Field(name, Kind.LOOKUP, owner, 18, target=target)


def _key(name: str, required: bool = True) -> Field:
    return Field(name, Kind.TEXT, length=64, required=required)


def _free_list(name: str) -> Field:
    return Field(name, Kind.PICKLIST, length=255, restricted=False)


_H, _F = Owner.HUMAN, Owner.FORMULA
#: Who made a record of influence, as its ``origin`` says.
ENGINE_MADE: Final = "Engine"
PERSON_MADE: Final = "Person"
#: Stand-ins for records of influence: who is suggested on a deal, and whether a person says that it is so.
SUGGESTED: Final = "overlap_suggested_partners"
TICKED: Final = "partner_influence_confirmed"
_POPULATIONS = (*POPULATIONS, OTHER)
_ENGAGEMENT = _list("partner_engagement", ("Open", "Ask me first", "Off limits"), _H)

PARTNER: Final = CrmObject(
    "overlap_partner",
    "Overlap Partner",
    "partner_key",
    (
        _text("name", 80),
        _key("partner_key"),
        _text("workspace", 64),
        _lookup("partner_account", "account"),
        Field("list_as_of", Kind.DATETIME),
        _list("feed_status", ("Current", "Late")),
        _lookup("partner_manager", "user", _H),
        _list("tier", ("Strategic", "Growth", "Registered"), _H),
    ),
    restored=True,
)

OVERLAP: Final = CrmObject(
    "partner_overlap",
    "Partner Overlap",
    "overlap_key",
    (
        _text("name", 80),
        _key("overlap_key"),
        _text("workspace", 64),
        _lookup("owner_id", "user"),
        _lookup("account", "account"),
        _lookup("partner", "overlap_partner"),
        _text("partner_name", 255, _F),
        Field("as_of", Kind.DATETIME, _F),
        _text("freshness", 255, _F),
        _list("our_population", _POPULATIONS),
        _list("partner_population", _POPULATIONS),
        _text("our_populations"),
        _text("partner_populations"),
        _free_list("play"),
        _text("partner_record_name"),
        Field("partner_record_website", Kind.URL, length=255),
        _text("partner_owner_name", 150),
        Field("partner_owner_email", Kind.EMAIL, length=80),
        Field("match_probability", Kind.NUMBER, length=4, scale=3),
        _list("match_relation", RELATIONS),
        _text("match_reason"),
        Field("icp_fit", Kind.NUMBER, length=3),
        _list("icp_tier", ("A", "B", "C")),
        Field("priority", Kind.NUMBER, length=3),
        Field("first_seen", Kind.DATE),
        Field("changed_on", Kind.DATE),
        _list("status", ("Active", "Retired")),
        _list("feedback", ("Right company", "Wrong company", "Not now", "Working it"), _H),
        _text("feedback_note", 255, _H),
    ),
    bookkeeping=frozenset({"first_seen", "changed_on"}),
)

INFLUENCE: Final = CrmObject(
    "partner_influence",
    "Partner Influence",
    "influence_key",
    (
        _key("influence_key", required=False),
        _text("workspace", 64),
        _list("origin", (ENGINE_MADE, PERSON_MADE, "Partner"), default=PERSON_MADE),
        _lookup("owner_id", "user"),
        _lookup("opportunity", "opportunity"),
        _lookup("account", "account"),
        _lookup("overlap", "partner_overlap"),
        _lookup("partner", "overlap_partner"),
        _text("evidence_summary"),
        _list("suggestion_state", ("Current", "Withdrawn")),
        _list("status", ("Suggested", "Proposed", "Confirmed", "Rejected"), _H, default="Suggested"),
        _multi("influence_type", ("Endorsement", "Integration requirement", "Active in sale"), _H),
        _multi("involvement", ("Co-selling", "Back channel", "Stakeholder access"), _H),
        Field("sourced", Kind.CHECKBOX, _H),
        Field("influenced_on", Kind.DATE, _H),
        Field("evidence", Kind.LONG_TEXT, _H, 32768),
        _list("rejection_reason", ("Not involved", "Too late", "Wrong match", "Duplicate", "Other"), _H),
        _lookup("confirmed_by", "user", _F),
        Field("confirmed_on", Kind.DATE, _F),
        _text("stage_at_confirmation", 255, _F),
    ),
)

ACCOUNT: Final = CrmObject(
    "account",
    "Account",
    None,
    (
        Field("overlap_partner_count", Kind.NUMBER, length=4),
        _multi("overlap_customer_of"),
        _multi("overlap_open_opportunity_of"),
        _multi("overlap_prospect_of"),
        _multi("overlap_family_of"),
        _text("overlap_best_partner"),
        _free_list("overlap_best_play"),
        _text("overlap_best_reason"),
        _text("overlap_partner_contact"),
        Field("overlap_icp_fit", Kind.NUMBER, length=3),
        _list("overlap_icp_tier", ("A", "B", "C")),
        Field("overlap_changed_on", Kind.DATE),
        _ENGAGEMENT,
    ),
    bookkeeping=frozenset({"overlap_changed_on"}),
)

OPPORTUNITY: Final = CrmObject(
    "opportunity",
    "Opportunity",
    None,
    (
        Field("overlap_partner_count", Kind.NUMBER, length=4),
        _multi("overlap_customer_of"),
        _multi("overlap_open_opportunity_of"),
        _text("overlap_best_partner"),
        _free_list("overlap_best_play"),
        _text("overlap_best_reason"),
        _text("overlap_partner_contact"),
        _multi("overlap_confirmed_partners"),
        _text("overlap_sourced_by"),
        Field("overlap_changed_on", Kind.DATE),
        _ENGAGEMENT,
    ),
    bookkeeping=frozenset({"overlap_changed_on"}),
    stand_ins=(
        _multi(SUGGESTED),
        Field(TICKED, Kind.CHECKBOX, _H),
        Field("partner_influence_evidence", Kind.LONG_TEXT, _H, 32768),
    ),
)

#: In the order in which they are written: what others point to comes first.
OBJECTS: Final = (PARTNER, OVERLAP, INFLUENCE, ACCOUNT, OPPORTUNITY)
BY_NAME: Final = {thing.name: thing for thing in OBJECTS}


def held(records: bool, labels: bool = False) -> tuple[CrmObject, ...]:
    """Return what a CRM can hold of `OBJECTS`: all, or flat fields and stand-ins where it has no *records* of ours.

    Where people confirm influence by *labels*, nobody needs the checkbox and its text. That is what is set up: what is
    there of the fields of another tier is still read, and what the engine wrote into it taken back.
    """
    if records:
        return OBJECTS
    people = {field.name for field in OPPORTUNITY.stand_ins if field.owner is Owner.HUMAN} if labels else set()
    return tuple(thing.holding(thing.by_name.keys() - people) for thing in (ACCOUNT, OPPORTUNITY))


#: The matrix, ours x theirs, and what to do in each cell.
PLAYS: Final = {
    ("Prospects", "Customers"): "Ask for an introduction",
    ("Prospects", OPEN_OPPORTUNITIES): "Time it together",
    ("Prospects", "Prospects"): "Prospect together",
    (OPEN_OPPORTUNITIES, "Customers"): "Ask for a reference or endorsement",
    (OPEN_OPPORTUNITIES, OPEN_OPPORTUNITIES): "Co-sell",
    (OPEN_OPPORTUNITIES, "Prospects"): "Bring the partner in",
    ("Customers", "Customers"): "Expand and retain together",
    ("Customers", OPEN_OPPORTUNITIES): "Give a reference",
    ("Customers", "Prospects"): "Give an introduction",
}
