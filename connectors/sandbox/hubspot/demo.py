"""The demo's companies and deals as a HubSpot portal has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from connectors.sandbox.demo import DemoData, load
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.standard import INDUSTRIES

#: The industries that HubSpot calls otherwise.
_INDUSTRIES: Final = {
    "Manufacturing": "INDUSTRIAL_AUTOMATION",
    "Electronics": "ELECTRICAL_ELECTRONIC_MANUFACTURING",
    "Transportation": "TRANSPORTATION_TRUCKING_RAILROAD",
    "Food & Beverage": "FOOD_BEVERAGES",
    "Technology": "INFORMATION_TECHNOLOGY_AND_SERVICES",
    "Energy": "OIL_ENERGY",
    "Healthcare": "HOSPITAL_HEALTH_CARE",
    "Engineering": "MECHANICAL_OR_INDUSTRIAL_ENGINEERING",
    "Consulting": "MANAGEMENT_CONSULTING",
    "Recreation": "RECREATIONAL_FACILITIES_AND_SERVICES",
    "Apparel": "APPAREL_FASHION",
    "Shipping": "MARITIME",
}
_TYPES: Final = {
    "Prospect": "PROSPECT",
    "Channel Partner / Reseller": "RESELLER",
    "Technology Partner": "PARTNER",
    "Other": "OTHER",
}
_STAGES: Final = {
    "Prospecting": "appointmentscheduled",
    "Qualification": "qualifiedtobuy",
    "Needs Analysis": "presentationscheduled",
    "Value Proposition": "presentationscheduled",
    "Id. Decision Makers": "decisionmakerboughtin",
    "Perception Analysis": "decisionmakerboughtin",
    "Proposal/Price Quote": "contractsent",
    "Negotiation/Review": "contractsent",
    "Closed Won": "closedwon",
    "Closed Lost": "closedlost",
}
Row = Mapping[str, Any]


def fill(portal: Portal, today: date) -> None:
    """Put the demo as it is on *today* into an empty *portal*: owners, companies with their parents, deals."""
    data = load(today)
    accounts = [str(row["Id"]) for row in data.records["Account"]]
    owners = fill_companies(portal, data, accounts)
    deals = {row["Id"]: str(number) for number, row in enumerate(data.records["Opportunity"], 1)}
    portal.seed("deals", [_deal(deals[row["Id"]], row, owners) for row in data.records["Opportunity"]])
    companies = numbers(data)
    for row in data.records["Opportunity"]:
        ends = ("deals", deals[row["Id"]]), ("companies", companies[row["AccountId"]])
        portal.seed_link(*ends, "Primary")


def fill_companies(portal: Portal, data: DemoData, accounts: Collection[str]) -> dict[str, str]:
    """Put owners and the companies *accounts*, ids of *data*, into an empty *portal*; return owners by user."""
    owners = {
        row["Id"]: portal.add_owner(firstName=row["FirstName"], lastName=row["LastName"], email=row["Email"])
        for row in data.records["User"]
    }
    companies, rows = numbers(data), [row for row in data.records["Account"] if row["Id"] in accounts]
    portal.seed("companies", [_company(companies[row["Id"]], row, owners) for row in rows])
    for row in rows:
        if row["ParentId"] in accounts:
            ends = ("companies", companies[row["Id"]]), ("companies", companies[row["ParentId"]])
            portal.seed_link(*ends, "Parent Company")
    return owners


def numbers(data: DemoData) -> dict[str, str]:
    """Return the ids that the demo's accounts have in a portal, by those that they have in *data*."""
    return {row["Id"]: str(number) for number, row in enumerate(data.records["Account"], 1)}


def _company(number: str, row: Row, owners: Mapping[str, str]) -> Row:
    industry = _INDUSTRIES.get(row["Industry"] or "", (row["Industry"] or "").upper())
    customer = (row["Type"] or "").startswith("Customer")
    return {
        "id": number,
        "name": row["Name"],
        "domain": (row["Website"] or "").removeprefix("https://").removeprefix("www.").partition("/")[0] or None,
        "website": row["Website"],
        "city": row["BillingCity"],
        "state": row["BillingState"],
        "zip": row["BillingPostalCode"],
        "country": row["BillingCountry"],
        "industry": industry if industry in INDUSTRIES else None,
        "numberofemployees": row["NumberOfEmployees"],
        "type": _TYPES.get(row["Type"]),
        "lifecyclestage": "customer" if customer else "opportunity" if row["Type"] == "Prospect" else None,
        "hubspot_owner_id": owners[row["OwnerId"]],
        "createdate": row["CreatedDate"],
    }


def _deal(number: str, row: Row, owners: Mapping[str, str]) -> Row:
    return {
        "id": number,
        "dealname": row["Name"],
        "dealstage": _STAGES[row["StageName"]],
        "amount": row["Amount"],
        "closedate": row["CloseDate"],
        "dealtype": "newbusiness" if (row["Type"] or "").startswith("New") else "existingbusiness",
        "hubspot_owner_id": owners[row["OwnerId"]],
        "createdate": row["CreatedDate"],
    }
