"""Which field of Salesforce fills which column of ours, and how the records of an answer become a frame.

A field that we may not see would read as null, and a null would look like "cleared in the CRM": so of our own objects
every field must be visible, and of the flat fields all or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import polars as pl

from connectors.records import record_schema
from connectors.salesforce import soql
from connectors.salesforce.errors import DEPLOY, MissingError
from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name, reference
from connectors.salesforce.session import Describe
from overlap.fields import ACCOUNT, INFLUENCE, OPPORTUNITY, OVERLAP, PARTNER, CrmObject, Owner
from overlap.model import Account, Opportunity, OpportunityPartner, User, schema_of

_STAMP_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%.f%z"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame: *path* is what SOQL selects, *field* what the describe must list for it.

    They differ in a lookup to an object of ours: ``Partner__c`` is described, ``Partner__r.Partner_Key__c`` is read.
    """

    name: str
    path: str
    field: str
    required: bool = False


@dataclass(frozen=True)
class View:
    """The part of an answer that becomes one stream. A column of *schema* without a `Column` is null."""

    stream: str
    schema: Mapping[str, Any]
    columns: tuple[Column, ...]

    def frame(self, records: Sequence[Mapping[str, Any]], crm: str) -> pl.DataFrame:
        """Return *records*, as the REST API gives them, with the columns of *schema*."""
        paths = {column.name: column.path.split(".") for column in self.columns}
        values = {name: [_value(record, path) for record in records] for name, path in paths.items()}
        values["crm"] = [crm] * len(records)
        nothing = [None] * len(records)
        return pl.DataFrame([_series(name, values.get(name, nothing), dtype) for name, dtype in self.schema.items()])


@dataclass(frozen=True)
class Reading:
    """One object that is read, with one query for all of its *views*. *where* says which records are ours to read."""

    object_name: str
    views: tuple[View, ...]
    where: tuple[soql.Condition, ...] = ()
    optional: bool = False
    has_deletions: bool = True

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """What to select: Id and SystemModstamp, which paging needs, and every column once."""
        columns = [column.path for view in self.views for column in view.columns]
        return tuple(dict.fromkeys(["Id", "SystemModstamp", *columns]))


_ACCOUNT_FIELDS: Final = {
    "id": "Id",
    "name": "Name",
    "website": "Website",
    "phone": "Phone",
    "street": "BillingStreet",
    "city": "BillingCity",
    "state": "BillingState",
    "postcode": "BillingPostalCode",
    "country": "BillingCountry",
    "industry": "Industry",
    "headcount": "NumberOfEmployees",
    "revenue": "AnnualRevenue",
    "currency": "CurrencyIsoCode",
    "account_type": "Type",
    "parent_id": "ParentId",
    "owner_id": "OwnerId",
    "engagement": "Partner_Engagement__c",
    "modified_at": "SystemModstamp",
}
_OPPORTUNITY_FIELDS: Final = {
    "id": "Id",
    "account_id": "AccountId",
    "name": "Name",
    "deal_type": "Type",
    "stage": "StageName",
    "amount": "Amount",
    "currency": "CurrencyIsoCode",
    "is_closed": "IsClosed",
    "is_won": "IsWon",
    "close_date": "CloseDate",
    "owner_id": "OwnerId",
    "engagement": "Partner_Engagement__c",
    "created_at": "CreatedDate",
    "modified_at": "SystemModstamp",
}
_USER_FIELDS: Final = {
    "id": "Id",
    "name": "Name",
    "email": "Email",
    "is_active": "IsActive",
    "modified_at": "SystemModstamp",
}
_OPPORTUNITY_PARTNER_FIELDS: Final = {
    "id": "Id",
    "opportunity_id": "OpportunityId",
    "account_id": "AccountToId",
    "role": "Role",
    "created_at": "CreatedDate",
    "modified_at": "SystemModstamp",
}
#: Without these a row says nothing, or says something wrong.
_REQUIRED: Final = frozenset(
    {
        *("Id", "Name", "SystemModstamp", "CreatedDate", "IsActive"),
        *("AccountId", "StageName", "IsClosed", "IsWon", "OpportunityId", "AccountToId"),
    }
)


def readings(workspace_id: str) -> tuple[Reading, ...]:
    """Return everything that is read from an org, in the order in which it is read.

    Of our own objects only this workspace's records, and influence that a person entered by hand: it has no key yet.
    """
    ours = soql.compare("Workspace__c", "=", workspace_id)
    by_hand = soql.compare(key_name(INFLUENCE), "=", None)
    return (
        Reading("Account", (_noun("accounts", Account, _ACCOUNT_FIELDS), record_view(ACCOUNT))),
        Reading("Opportunity", (_noun("opportunities", Opportunity, _OPPORTUNITY_FIELDS), record_view(OPPORTUNITY))),
        Reading("User", (_noun("users", User, _USER_FIELDS),)),
        Reading(
            "OpportunityPartner",
            (_noun("opportunity_partners", OpportunityPartner, _OPPORTUNITY_PARTNER_FIELDS),),
            optional=True,
        ),
        Reading(OBJECT_NAMES[PARTNER.name], (record_view(PARTNER),), (ours,)),
        Reading(OBJECT_NAMES[OVERLAP.name], (record_view(OVERLAP),), (ours,)),
        Reading(OBJECT_NAMES[INFLUENCE.name], (record_view(INFLUENCE),), (soql.either(ours, by_hand),)),
    )


def record_view(thing: CrmObject) -> View:
    """Return the stream ``record:<object>``. Fields of our own objects are all required."""
    columns = [Column("id", "Id", "Id", required=True)]
    for field in thing.fields:
        if field.owner is not Owner.FORMULA:
            path = ".".join(reference(field) or (api_name(field),))
            columns.append(Column(field.name, path, api_name(field), required=thing.key is not None))
    return View(f"record:{thing.name}", record_schema(thing), tuple(columns))


def _noun(stream: str, noun: type, fields: Mapping[str, str]) -> View:
    columns = (Column(name, field, field, field in _REQUIRED) for name, field in fields.items())
    return View(stream, schema_of(noun), tuple(columns))


def visible(where: str, reading: Reading, described: Describe | None) -> Reading:
    """Return *reading* with only what the org lets us see; *where* names the connection in errors.

    Person accounts are left out: a person is no company, and its name would match one.

    Raises:
        MissingError: the object, or a field that we cannot do without, is missing or hidden.
    """
    if described is None:
        raise MissingError(f"{where}: object {reading.object_name} is missing or hidden; {DEPLOY}")
    lost = [
        column.field
        for view in reading.views
        for column in view.columns
        if column.field not in described and (column.required or _is_partly_hidden(view, described))
    ]
    if lost:
        raise hidden(where, reading.object_name, lost)
    companies = (soql.compare("IsPersonAccount", "=", False),) if "IsPersonAccount" in described else ()
    return replace(
        reading,
        views=tuple(_seen(view, described) for view in reading.views),
        where=(*reading.where, *companies),
        has_deletions="IsDeleted" in described,
    )


def hidden(where: str, object_name: str, fields: Sequence[str]) -> MissingError:
    """Return the error that names *fields* of an object as missing or hidden."""
    names = ", ".join(dict.fromkeys(fields))
    return MissingError(f"{where}: field {names} of {object_name} is missing or hidden; {DEPLOY}")


def none_deployed(view: View, described: Describe) -> bool:
    """Return whether *view* shows our fields on an object of the CRM's own, and none of them is there."""
    flat = [column for column in view.columns if not column.required]
    return view.stream.startswith("record:") and bool(flat) and not any(column.field in described for column in flat)


def _is_partly_hidden(view: View, described: Describe) -> bool:
    return view.stream.startswith("record:") and not none_deployed(view, described)


def _seen(view: View, described: Describe) -> View:
    return replace(view, columns=tuple(column for column in view.columns if column.field in described))


def _value(record: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = record
    for step in path:
        value = None if value is None else value[step]
    return value


def _series(name: str, values: list[Any], dtype: Any) -> pl.Series:
    if dtype == pl.Date:
        return pl.Series(name, values, pl.String).str.to_date("%Y-%m-%d")
    if dtype == pl.Datetime:
        return pl.Series(name, values, pl.String).str.to_datetime(_STAMP_FORMAT, time_unit="us")
    if dtype in (pl.Int64, pl.Float64):
        # JSON does not say whether 500 is whole, and one 500.5 among integers would stop the frame.
        return pl.Series(name, values, pl.Float64, strict=False).cast(dtype)
    return pl.Series(name, values, dtype)
