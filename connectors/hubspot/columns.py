"""Which property of HubSpot fills which column of ours.

HubSpot leaves a property that it does not have out of its answers without a word: every one that is asked for is looked
up before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import polars as pl

from connectors.hubspot.cells import LABEL, kind_of
from connectors.hubspot.errors import DEPLOY, MissingError
from connectors.hubspot.objects import property_name
from connectors.hubspot.portal import COMPANIES, DEALS, Portal
from connectors.hubspot.session import Properties
from connectors.hubspot.views import Column, View
from connectors.records import record_schema
from overlap.errors import AccessError
from overlap.fields import ACCOUNT, BY_NAME, OPPORTUNITY, CrmObject, Kind, Owner
from overlap.model import Account, Opportunity, schema_of

#: HubSpot's own objects, by ours.
STANDARD: Final = {ACCOUNT.name: COMPANIES, OPPORTUNITY.name: DEALS}
MERGED: Final = "hs_merged_object_ids"
#: Columns of the frame that no property fills by itself.
COMPANY: Final = ":company"
WEBSITE, ACCOUNT_TYPE, LEAD, CURRENCY = ":website", ":account_type", ":is_lead", ":currency"
STAGE, PIPELINE, CLOSED, WON = ":stage", ":pipeline", ":is_closed", ":is_won"
_ACCOUNT: Final = {
    "id": ("id", "hs_object_id"),
    "name": ("name", "name"),
    "website": (WEBSITE, "domain"),
    "phone": ("phone", "phone"),
    "street": ("address", "address"),
    "city": ("city", "city"),
    "state": ("state", "state"),
    "postcode": ("zip", "zip"),
    "country": ("country", "country"),
    "industry": ("industry", "industry"),
    "headcount": ("numberofemployees", "numberofemployees"),
    "revenue": ("annualrevenue", "annualrevenue"),
    "currency": (CURRENCY, ""),
    "account_type": (ACCOUNT_TYPE, "lifecyclestage"),
    "record_type": ("type", "type"),
    "parent_id": ("hs_parent_company_id", "hs_parent_company_id"),
    "owner_id": ("hubspot_owner_id", "hubspot_owner_id"),
    "engagement": ("partner_engagement", "partner_engagement"),
    "is_lead": (LEAD, ""),
    "modified_at": ("hs_lastmodifieddate", "hs_lastmodifieddate"),
}
_OPPORTUNITY: Final = {
    "id": ("id", "hs_object_id"),
    "account_id": (COMPANY, ""),
    "name": ("dealname", "dealname"),
    "deal_type": ("dealtype", "dealtype"),
    "record_type": (PIPELINE, "pipeline"),
    "stage": (STAGE, "dealstage"),
    "amount": ("amount", "amount"),
    "currency": ("deal_currency_code", "deal_currency_code"),
    "is_closed": (CLOSED, ""),
    "is_won": (WON, ""),
    "close_date": ("closedate", "closedate"),
    "owner_id": ("hubspot_owner_id", "hubspot_owner_id"),
    "engagement": ("partner_engagement", "partner_engagement"),
    "created_at": ("createdate", "createdate"),
    "modified_at": ("hs_lastmodifieddate", "hs_lastmodifieddate"),
}
#: What columns are worked out from beside the properties that are named above.
_BESIDE: Final = {
    COMPANIES: ("name", "domain", "website", "hs_additional_domains", "lifecyclestage", "type", MERGED),
    DEALS: ("dealname", "dealstage", "hs_is_closed", "hs_is_closed_won", MERGED),
}
_REQUIRED: Final = frozenset({"hs_object_id", "hs_lastmodifieddate", "name", "dealname", "dealstage", "createdate"})
#: A portal with one currency does not have these, and one without our properties not that one.
MAY_BE_ABSENT: Final = frozenset({"deal_currency_code", "partner_engagement", "hs_additional_domains", MERGED})
#: What a column needs, by HubSpot's names of types; text takes anything.
_FITTING: Final[Mapping[Any, tuple[pl.DataType, ...]]] = {
    pl.Float64: (pl.Float64(),),
    pl.Int64: (pl.Float64(),),
    pl.Boolean: (pl.Boolean(),),
    pl.Date: (pl.Date(), pl.Datetime("us", "UTC")),
    pl.Datetime("us", "UTC"): (pl.Datetime("us", "UTC"),),
}


@dataclass(frozen=True)
class Reading:
    """One object that is read, and the streams that come of it. *object_name* is what paths call it.

    *links* maps a column of the frame to the object (in `overlap.fields`) at the other end of an association. Of an
    object that is *ours*, only the records of this workspace are read.
    """

    object_name: str
    views: tuple[View, ...]
    beside: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    ours: CrmObject | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.ours.name if self.ours is not None else self.object_name

    @property
    def properties(self) -> tuple[str, ...]:
        """What to ask HubSpot for, each once."""
        return tuple(dict.fromkeys([*(name for view in self.views for name in view.properties), *self.beside]))


def readings(portal: Portal) -> tuple[Reading, ...]:
    """Return what is read of a *portal*, in the order in which it is read."""
    accounts = _noun("accounts", Account, _ACCOUNT), record_view(whole(ACCOUNT))
    opportunities = _noun("opportunities", Opportunity, _OPPORTUNITY), record_view(whole(OPPORTUNITY))
    return (
        Reading(COMPANIES, accounts, _BESIDE[COMPANIES]),
        Reading(DEALS, opportunities, _BESIDE[DEALS], {COMPANY: ACCOUNT.name}),
        *(record_reading(portal, thing) for thing in portal.things if thing.key is not None),
    )


def whole(thing: CrmObject) -> CrmObject:
    """Return *thing* with its stand-ins as fields.

    A portal whose tier needs none may have them of an earlier one, with what people said in them.
    """
    return thing if thing.key is not None else thing.holding(thing.by_name)


def record_reading(portal: Portal, thing: CrmObject) -> Reading:
    """Return what is read of fields of ours alone."""
    path = STANDARD.get(thing.name) or portal.type_ids.get(thing.name, thing.name)
    ours = thing if thing.key is not None else None
    return Reading(path, (record_view(thing),), links=_links(thing), ours=ours)


def record_view(thing: CrmObject) -> View:
    """Return the stream ``record:<object>``. Properties of our own objects are all required."""
    columns = [Column("id", "id", "hs_object_id", required=True)]
    for one in thing.fields:
        if one.owner is Owner.FORMULA:
            continue
        if is_link(thing, one.name):
            columns.append(Column(one.name, f":{one.name}", ""))
        else:
            name = property_name(one)
            # The values of a list of our own making are what we wrote, those of partners have their names as labels.
            free = one.kind is Kind.MULTI_PICKLIST and not one.values
            columns.append(Column(one.name, name + LABEL if free else name, name, required=thing.key is not None))
    # A portal may hold only some of its fields; the stream has a column for each.
    return View(f"record:{thing.name}", record_schema(BY_NAME[thing.name]), tuple(columns))


def is_link(thing: CrmObject, name: str) -> bool:
    """Return whether the field *name* of *thing* is an association here: owners and other users are properties."""
    one = thing.by_name[name]
    return one.kind is Kind.LOOKUP and one.target != "user"


def _links(thing: CrmObject) -> dict[str, str]:
    return {f":{one.name}": str(one.target) for one in thing.fields if is_link(thing, one.name)}


def link_key(target: str) -> str | None:
    """Return the property that a link to *target* is told by, None where it is the record's id."""
    thing = BY_NAME.get(target)
    return thing.key if thing is not None else None


def _noun(stream: str, noun: type, columns: Mapping[str, tuple[str, str]]) -> View:
    made = (Column(name, source, property_, property_ in _REQUIRED) for name, (source, property_) in columns.items())
    return View(stream, schema_of(noun), tuple(made))


def visible(where: str, reading: Reading, defined: Properties) -> Reading:
    """Return *reading* with only what the portal has; *where* names the connection in errors.

    Raises:
        AccessError: a property that we cannot do without is missing, or of a type that its column cannot take.
    """
    lost = [
        column.property
        for view in reading.views
        for column in view.columns
        if column.required and column.property not in defined
    ]
    if lost:
        raise missing(where, reading.name, lost)
    views = tuple(_seen(where, reading.name, view, defined) for view in reading.views)
    return replace(reading, views=views, beside=tuple(name for name in reading.beside if name in defined))


def unreadable(reading: Reading, defined: Properties) -> tuple[str, ...]:
    """Return the properties of the first view that the portal does not have and somebody may miss."""
    names = dict.fromkeys(column.property for column in reading.views[0].columns if column.property)
    return tuple(f"{reading.object_name}.{name}" for name in names if name not in defined and name not in MAY_BE_ABSENT)


def missing(where: str, object_name: str, names: Sequence[str]) -> MissingError:
    """Return the error that names properties of an object as missing."""
    listed = ", ".join(dict.fromkeys(names))
    return MissingError(f"{where}: property {listed} of {object_name} is missing or archived; {DEPLOY}")


def _seen(where: str, object_name: str, view: View, defined: Properties) -> View:
    columns = tuple(
        _labelled(view, one, defined) for one in view.columns if not one.property or one.property in defined
    )
    for column in columns:
        fitting = _FITTING.get(view.schema[column.name])
        # A column that is worked out has the type that it needs.
        if fitting is None or not column.property or column.source.startswith(":"):
            continue
        if kind_of(defined[column.property]) not in fitting:
            raise AccessError(
                f"{where}: {column.property} of {object_name} is {defined[column.property]['type']}, which does not "
                f"fit '{column.name}'; change the property back, or map '{column.name}' to another one"
            )
    custom = tuple(_labelled(view, one, defined) for one in view.custom)
    return replace(view, columns=columns, custom=custom)


def _labelled(view: View, column: Column, defined: Properties) -> Column:
    """Let people's words stand for an enumeration's values in what is matched; records of ours keep theirs."""
    if column.source.endswith(LABEL) and not defined[column.property].get("options"):
        return replace(column, source=column.property)
    is_plain = column.source == column.property and column.property != "hubspot_owner_id"
    if view.stream.startswith("record:") or not is_plain or column.property == "partner_engagement":
        return column
    wanted = view.schema.get(column.name, pl.String)
    if wanted == pl.String and defined[column.property].get("options"):
        return replace(column, source=column.property + LABEL)
    return column
