"""Exports of tools, as their headings are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.partners import PartnerSettings
from connectors.files.reading import Memory
from connectors.files.source import Hints, ListRead, read_list

Save = Callable[..., Path]
CROSSBEAM = (
    "Record,Our Populations,Partner Populations,Account Owner Name,Industry,Billing Country,Overlap Time,"
    "{0}: Company Name,{0}: Company Website,{0}: Account Owner Name,{0}: {0}: industry\n"
    'Acme Inc,Prospects,"[""EMEA Customers"",""All Open Opps""]",Ann,Tech,US,"(""2026-01-01"")",'
    'ACME Incorporated,acme.com,Tom,"(""Banking"")"\n'
    "Hooli,Customers,Open Opps,Ann,Tech,US,(),Hooli Corp,hooli.com,Tim,()\n"
    "Initech,Open Opportunities,Prospects,Ann,Tech,US,(),Initech LLC,,Tim,()\n"
)


def read(path: Path, own_name: str = "Contoso") -> ListRead:
    settings = PartnerSettings(name="Globex", files="lists/*.csv")
    return read_list(path, "globex", settings, Hints(own_names=(own_name,), memory=Memory()))


def facts(found: ListRead, *columns: str) -> list[tuple[str | None, ...]]:
    return found.rows.sort("name").select(columns).rows()


def test_of_a_crossbeam_list_the_partners_side_is_read(save: Save) -> None:
    found = read(save(CROSSBEAM.format("Globex Accounts")))
    assert found.notes[0].startswith("read as a Crossbeam list")
    assert facts(found, "name", "website", "population", "industry", "owner_name", "country") == [
        ("ACME Incorporated", "acme.com", "Customers", "Banking", "Tom", None),  # the country is our account's
        ("Hooli Corp", "hooli.com", "Open Opportunities", None, "Tim", None),
        ("Initech LLC", None, "Prospects", None, "Tim", None),
    ]


def test_of_a_crossbeam_list_that_the_partner_exported_ours_is_the_side_behind_our_name(save: Save) -> None:
    found = read(save(CROSSBEAM.format("Contoso Accounts")))
    assert facts(found, "name", "website", "population", "owner_name", "country") == [
        ("Acme Inc", None, "Prospects", "Ann", "US"),
        ("Hooli", None, "Customers", "Ann", "US"),
        ("Initech", None, "Open Opportunities", "Ann", "US"),
    ]


@pytest.mark.parametrize("before", ["Partner ", "Partner: ", "Globex ", "globex - "])
def test_of_a_list_of_both_sides_the_columns_behind_the_partners_name_are_read(save: Save, before: str) -> None:
    theirs = ",".join(f"{before}{heading}" for heading in ("Account Name", "Account Owner", "Account Status"))
    rows = "Acme,Ann,US,ACME Inc,Tom,Customer\nHooli,Ann,US,Hooli,Tim,Prospect\n"
    found = read(save(f"Account Name,Account Owner,Country,{theirs}\n{rows}"))
    assert facts(found, "name", "owner_name", "population", "country") == [
        ("ACME Inc", "Tom", "Customers", None),
        ("Hooli", "Tim", "Prospects", None),
    ]


def test_a_column_that_names_the_partner_itself_makes_no_two_sides(save: Save) -> None:
    found = read(
        save("Account Name,Partner Company Name,Partner Owner\nAcme,Globex,Tom\nHooli,Globex,Tom\nX,Globex,T\n")
    )
    assert found.headings["name"] == "Account Name"


def test_a_ticked_open_deal_of_a_reveal_export_makes_a_prospect_an_open_opportunity(save: Save) -> None:
    rows = "Acme,Prospect,x\nHooli,Prospect,\nInitech,Customer,x\n"
    found = read(save(f"Company Name,Account Status,Open Deal\n{rows}"))
    assert found.notes == ("read as a Reveal export",)
    assert facts(found, "population") == [("Open Opportunities",), ("Prospects",), ("Customers",)]


def test_the_id_of_a_hubspot_export_is_the_companys_and_associations_are_not_read(save: Save) -> None:
    headings = "Record ID - Contact,Record ID - Company,Company name,Company Domain Name,Associated Deal"
    found = read(save(f"{headings}\n7,77,Acme,acme.com,Big deal\n"))
    assert found.notes == ("read as a HubSpot export",)
    assert found.headings == {"id": "Record ID - Company", "name": "Company name", "website": "Company Domain Name"}


TOLD = [  # headings, what is said
    ("Account ID,Account Name,Account Owner,Billing State/Province", "a Salesforce report"),
    ("Id,IsDeleted,Name,Website,OwnerId", "a Salesforce data export"),
    ("Record ID,Company name,Company owner,Associated Contact", "a HubSpot export"),
    ("Company Name,Website,Account Owner Email", "a Crossbeam upload"),
    ("Account Name,PartnerTap Status", "a PartnerTap export"),
    ("Account Name,Website,Country", None),
]


@pytest.mark.parametrize(("headings", "signature"), TOLD)
def test_says_what_export_it_is(save: Save, headings: str, signature: str | None) -> None:
    row = ",".join("x" for _ in headings.split(","))
    assert read(save(f"{headings}\n{row}\n")).reading.signature == signature
