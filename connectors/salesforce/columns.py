"""Which field of Salesforce fills which column of ours.

A field that we may not see would read as null, and a null would look like "cleared in the CRM": so of our own objects
every field must be visible, and of the flat fields all or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import polars as pl

from connectors.records import record_schema
from connectors.salesforce import soql
from connectors.salesforce.cells import kind_for, kind_of
from connectors.salesforce.errors import DEPLOY, MissingError
from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name, reference
from connectors.salesforce.session import Describe
from connectors.salesforce.views import Column, View
from overlap.errors import AccessError
from overlap.fields import ACCOUNT, INFLUENCE, OPPORTUNITY, OVERLAP, PARTNER, CrmObject, Owner
from overlap.model import Account, Opportunity, OpportunityPartner, User, schema_of


@dataclass(frozen=True)
class Reading:
    """One object that is read, with one query for all of its *views*. *where* says which records are ours to read.

    *gone* tells records that were ours to read and are not any more, deletion apart. *follow* maps a field that names
    a record's successor to the stream of both: a merge's survivor.
    """

    object_name: str
    views: tuple[View, ...]
    where: tuple[soql.Condition, ...] = ()
    optional: bool = False
    has_deletions: bool = True
    gone: tuple[soql.Condition, ...] = ()
    follow: tuple[str, ...] = ()

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """What to select: Id and SystemModstamp, which paging needs, and every column once."""
        return tuple(dict.fromkeys(["Id", "SystemModstamp", *(path for view in self.views for path in view.paths)]))

    @cached_property
    def kinds(self) -> dict[str, pl.DataType]:
        """The types of `paths`, as the CRM has them."""
        known: dict[str, pl.DataType] = {"Id": pl.String(), "SystemModstamp": kind_for(pl.Datetime("us", "UTC"))}
        for view in self.views:
            known |= {path: view.kind(path) for path in view.paths if path not in known}
        return known


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
    "record_type": "RecordType.DeveloperName",
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
    "record_type": "RecordType.DeveloperName",
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
#: A lead is a company that somebody may sell to: what an account is called and a lead calls otherwise.
_LEAD_FIELDS: Final = {
    "id": "Id",
    "name": "Company",
    "website": "Website",
    "phone": "Phone",
    "street": "Street",
    "city": "City",
    "state": "State",
    "postcode": "PostalCode",
    "country": "Country",
    "industry": "Industry",
    "headcount": "NumberOfEmployees",
    "revenue": "AnnualRevenue",
    "currency": "CurrencyIsoCode",
    "record_type": "RecordType.DeveloperName",
    "owner_id": "OwnerId",
    "modified_at": "SystemModstamp",
}
_USER_FIELDS: Final = {
    "id": "Id",
    "name": "Name",
    "email": "Email",
    "is_active": "IsActive",
    "modified_at": "SystemModstamp",
}
#: See `connectors.records.CHANGES`.
_CHANGES: Final = {
    "made_by": "CreatedById",
    "last_changed_by": "LastModifiedById",
    "last_changed_at": "LastModifiedDate",
}
_OPPORTUNITY_PARTNER_FIELDS: Final = {
    "id": "Id",
    "opportunity_id": "OpportunityId",
    "account_id": "AccountToId",
    "role": "Role",
    "created_at": "CreatedDate",
    "modified_at": "SystemModstamp",
}
#: What a column needs, in words.
_WORDS: Final = {
    pl.Float64(): "a number",
    pl.Boolean(): "a checkbox",
    pl.Date(): "a date",
    pl.Datetime("us", "UTC"): "a date and time",
}
#: Without these a row says nothing, or says something wrong.
_REQUIRED: Final = frozenset(
    {
        *("Id", "Name", "SystemModstamp", "CreatedDate", "IsActive"),
        *("AccountId", "StageName", "IsClosed", "IsWon", "OpportunityId", "AccountToId", "Company"),
    }
)
#: An org without several currencies or record types does not have them, and nobody misses them.
MAY_BE_ABSENT: Final = frozenset({"CurrencyIsoCode", "RecordTypeId"})
#: Whom a deleted record's children went to, where an object knows merges.
_SURVIVOR: Final = "MasterRecordId"
_CONVERTED_TO: Final = "ConvertedAccountId"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings ask for beside, or in place of, the usual: our name to the path of a field."""

    account_fields: Mapping[str, str] = field(default_factory=dict)
    opportunity_fields: Mapping[str, str] = field(default_factory=dict)
    person_accounts: bool = False
    read_leads: bool = False


def readings(workspace_id: str, read_leads: bool = False) -> tuple[Reading, ...]:
    """Return everything that is read from an org, in the order in which it is read.

    Of our own objects only this workspace's records, and influence that a person entered by hand: it has no key yet.
    Of leads only those that were not converted: these are accounts by now.
    """
    ours = soql.compare("Workspace__c", "=", workspace_id)
    by_hand = soql.compare(key_name(INFLUENCE), "=", None)
    return (
        Reading("Account", (_noun("accounts", Account, _ACCOUNT_FIELDS, is_lead=False), record_view(ACCOUNT))),
        *((_leads(),) if read_leads else ()),
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
    for one in thing.fields:
        if one.owner is not Owner.FORMULA:
            path = ".".join(reference(one) or (api_name(one),))
            columns.append(Column(one.name, path, api_name(one), required=thing.key is not None))
    schema = record_schema(thing)
    columns += [Column(name, path, path) for name, path in _CHANGES.items() if name in schema]
    return View(f"record:{thing.name}", schema, tuple(columns))


def _leads() -> Reading:
    converted = soql.compare("IsConverted", "=", True)
    return Reading(
        "Lead",
        (_noun("accounts", Account, _LEAD_FIELDS, is_lead=True),),
        (soql.compare("IsConverted", "=", False),),
        gone=(converted,),
        follow=(_CONVERTED_TO,),
    )


def _noun(stream: str, noun: type, paths: Mapping[str, str], **constants: Any) -> View:
    columns = (Column(name, path, described(path), path in _REQUIRED) for name, path in paths.items())
    return View(stream, schema_of(noun), tuple(columns), constants=constants)


def described(path: str) -> str:
    """Return the field that the describe lists for *path* of a standard parent: ``RecordTypeId``."""
    parent, dot, _ = path.partition(".")
    return f"{parent}Id" if dot else path


def visible(where: str, reading: Reading, described: Describe | None, person_accounts: bool = False) -> Reading:
    """Return *reading* with only what the org lets us see; *where* names the connection in errors.

    Person accounts are left out unless asked for: a person is no company, and its name would match one.

    Raises:
        MissingError: the object, or a field that we cannot do without, is missing or hidden.
        AccessError: a field is of a type that its column cannot take.
    """
    if described is None:
        remedy = DEPLOY if reading.object_name.endswith("__c") else "let the integration user read it"
        remedy += ", or set read_leads = false" if reading.object_name == "Lead" else ""
        raise MissingError(f"{where}: object {reading.object_name} is missing or hidden; {remedy}")
    lost = [
        column.field
        for view in reading.views
        for column in view.columns
        if column.field not in described and (column.required or _is_partly_hidden(view, described))
    ]
    if lost:
        raise hidden(where, reading.object_name, lost)
    has_people = "IsPersonAccount" in described and not person_accounts
    companies = (soql.compare("IsPersonAccount", "=", False),) if has_people else ()
    people = (soql.compare("IsPersonAccount", "=", True),) if has_people else ()
    return replace(
        reading,
        views=tuple(_seen(where, reading.object_name, view, described) for view in reading.views),
        where=(*reading.where, *companies),
        has_deletions="IsDeleted" in described,
        gone=(*reading.gone, *people),
        follow=tuple(name for name in (_SURVIVOR, *reading.follow) if name in described),
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


def _seen(where: str, object_name: str, view: View, described: Describe) -> View:
    columns = tuple(column for column in view.columns if column.field in described)
    types = {column.path: described[column.field].get("type") for column in columns if column.path == column.field}
    told = {path: kind_of(type_) for path, type_ in types.items() if type_}
    seen = replace(view, columns=columns, kinds={**view.kinds, **told})
    for column in columns:
        wanted = kind_for(view.schema[column.name])
        if wanted != pl.String and seen.kind(column.path) != wanted:
            raise AccessError(
                f"{where}: {column.path} of {object_name} is {types.get(column.path) or 'text'}, but '{column.name}' "
                f"needs {_WORDS[wanted]}; change the field back, or map '{column.name}' to another one"
            )
    return seen
