"""Load the demo's CRM: records under Salesforce's names, and which of them the partners' lists truly share.

The stored tables say *when* in days before or after today, so that the story never ages: an opportunity that closes in
three weeks does so on any day of any year. The last change of a record lies at least a day back, so that a pull
sees all of it wherever the clock stands.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from connectors.sandbox.demo.lists import DemoList, fabrikam, northwind
from connectors.sandbox.ids import record_id

#: What our made-up company sells to: mid-sized makers of machines and parts. The partners name industries in their
#: own words, and one of them in German, so the profile names both.
_ICP: Final[Mapping[str, Mapping[str, Any]]] = {
    "industry": {
        "weight": 40,
        "values": [
            *("Machinery", "Manufacturing", "Electronics", "Engineering"),
            *("Maschinenbau", "Elektrotechnik", "Messtechnik", "Landtechnik", "Automobilzulieferer"),
        ],
    },
    "headcount": {"weight": 35, "at_least": 500, "at_most": 20_000},
    "country": {
        "weight": 25,
        "values": [
            *("Germany", "Austria", "Switzerland", "Netherlands", "Sweden", "Denmark", "United Kingdom"),
            *("United States", "Canada", "Deutschland", "Österreich", "Schweiz"),
        ],
    },
}

Row = dict[str, Any]
Pair = tuple[str, str, str]


@dataclass(frozen=True, slots=True, eq=False)
class DemoData:
    """The demo on one day.

    *records* holds the rows of User, Account, Opportunity and OpportunityPartner by API name, in an order in which
    each row's references are already there. *truth* are the pairs (our account's id, partner, the partner's row id)
    that are one company, *family* those that are not but belong together: a group and its subsidiary, two
    subsidiaries, a country's own legal entity. *icp* is a workspace's ``[icp]``.
    """

    records: Mapping[str, list[Row]]
    lists: tuple[DemoList, ...]
    truth: frozenset[Pair]
    family: frozenset[Pair]
    icp: Mapping[str, Mapping[str, Any]]


def load(today: date) -> DemoData:
    """Return the demo as it is on *today*; the same day gives the same data."""
    records = {
        "User": [_user(row, today) for row in _table("users")],
        "Account": [_account(row, today) for row in _table("accounts")],
        "Opportunity": [_opportunity(row, today) for row in _table("opportunities")],
        "OpportunityPartner": [_opportunity_partner(row, today) for row in _table("opportunity_partners")],
    }
    account_ids = {row["Name"]: row["Id"] for row in records["Account"]}
    return DemoData(
        records=MappingProxyType(records),
        lists=(
            northwind(account_ids["Northwind Cloud GmbH"], today),
            fabrikam(account_ids["Fabrikam Analytics, Inc."], today),
        ),
        truth=_pairs("same"),
        family=_pairs("family"),
        icp=_ICP,
    )


def _table(name: str) -> list[dict[str, str]]:
    text = files("connectors.sandbox.demo").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _user(row: Mapping[str, str], today: date) -> Row:
    return {
        "Id": record_id("User", int(row["number"])),
        "Name": f"{row['first_name']} {row['last_name']}",
        "FirstName": row["first_name"],
        "LastName": row["last_name"],
        "Email": row["email"],
        "Username": row["email"],
        "IsActive": row["is_active"] == "true",
        **_stamps(row, today),
    }


def _account(row: Mapping[str, str], today: date) -> Row:
    return {
        "Id": record_id("Account", int(row["number"])),
        "Name": row["name"],
        "Website": row["website"] or None,
        "BillingCity": row["city"] or None,
        "BillingState": row["state"] or None,
        "BillingPostalCode": row["postcode"] or None,
        "BillingCountry": row["country"] or None,
        "Industry": row["industry"] or None,
        "NumberOfEmployees": int(row["headcount"]) if row["headcount"] else None,
        "Type": row["type"] or None,
        "ParentId": record_id("Account", int(row["parent"])) if row["parent"] else None,
        "OwnerId": record_id("User", int(row["owner"])),
        **_stamps(row, today),
    }


def _opportunity(row: Mapping[str, str], today: date) -> Row:
    return {
        "Id": record_id("Opportunity", int(row["number"])),
        "AccountId": record_id("Account", int(row["account"])),
        "Name": row["name"],
        "StageName": row["stage"],
        "Amount": float(row["amount"]) if row["amount"] else None,
        "CloseDate": (today + timedelta(days=int(row["close_in_days"]))).isoformat(),
        "Type": row["type"] or None,
        "OwnerId": record_id("User", int(row["owner"])),
        # Salesforce derives both from the stage; the sandbox takes them as they come.
        "IsClosed": row["stage"] in ("Closed Won", "Closed Lost"),
        "IsWon": row["stage"] == "Closed Won",
        **_stamps(row, today),
    }


def _opportunity_partner(row: Mapping[str, str], today: date) -> Row:
    return {
        "Id": record_id("OpportunityPartner", int(row["number"])),
        "OpportunityId": record_id("Opportunity", int(row["opportunity"])),
        "AccountToId": record_id("Account", int(row["partner_account"])),
        "Role": row["role"],
        **_stamps(row, today),
    }


def _stamps(row: Mapping[str, str], today: date) -> Row:
    """Return when a record was made, which is also when it was last changed: nobody has touched the demo yet."""
    created_at = f"{today - timedelta(days=int(row['created_days_ago']))}T10:00:00.000+0000"
    return {"CreatedDate": created_at, "SystemModstamp": created_at}


def _pairs(kind: str) -> frozenset[Pair]:
    return frozenset(
        (record_id("Account", int(row["account"])), row["partner"], row["theirs_id"])
        for row in _table("truth")
        if row["kind"] == kind
    )
