from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from connectors.files.headings import ALIASES, COLUMNS, check_recognised, recognise, squashed
from overlap.errors import ConfigError, GuardError
from overlap.model import PartnerAccount

SALESFORCE_API = (
    "Id,IsDeleted,MasterRecordId,Name,Type,RecordTypeId,ParentId,BillingStreet,BillingCity,BillingState,"
    "BillingPostalCode,BillingCountry,BillingLatitude,ShippingStreet,ShippingCity,ShippingState,ShippingPostalCode,"
    "ShippingCountry,Phone,Fax,AccountNumber,Website,Sic,SicDesc,Industry,AnnualRevenue,NumberOfEmployees,Ownership,"
    "Description,Rating,Site,AccountSource,OwnerId,CreatedDate"
)
SALESFORCE_REPORT = (
    "Account ID,Account Name,Type,Parent Account,Website,Phone,Billing Street,Billing City,Billing State/Province,"
    "Billing Zip/Postal Code,Billing Country,Shipping Country,Industry,Employees,Annual Revenue,Account Owner"
)
HUBSPOT_EXPORT = (
    "Record ID,Company name,Website URL,Company Domain Name,Phone Number,Street Address,City,State/Region,Postal Code,"
    "Country/Region,Industry,Number of Employees,Annual Revenue,Company owner,Create Date,Type,Lifecycle Stage"
)
HUBSPOT_API = "name,domain,website,phone,address,city,state,zip,country,industry,numberofemployees,lifecyclestage"

EXPORTS = [  # the headings of a table, ours to theirs
    (
        SALESFORCE_API,
        "id=Id name=Name website=Website phone=Phone street=BillingStreet city=BillingCity state=BillingState "
        "postcode=BillingPostalCode country=BillingCountry industry=Industry headcount=NumberOfEmployees "
        "population=Type",
    ),
    (
        SALESFORCE_API.upper(),
        "id=ID name=NAME website=WEBSITE phone=PHONE street=BILLINGSTREET city=BILLINGCITY state=BILLINGSTATE "
        "postcode=BILLINGPOSTALCODE country=BILLINGCOUNTRY industry=INDUSTRY headcount=NUMBEROFEMPLOYEES "
        "population=TYPE",
    ),
    (
        SALESFORCE_REPORT,
        "id=Account_ID name=Account_Name website=Website phone=Phone street=Billing_Street city=Billing_City "
        "state=Billing_State/Province postcode=Billing_Zip/Postal_Code country=Billing_Country industry=Industry "
        "headcount=Employees population=Type owner_name=Account_Owner",
    ),
    (
        HUBSPOT_EXPORT,
        "id=Record_ID name=Company_name website=Company_Domain_Name phone=Phone_Number street=Street_Address city=City "
        "state=State/Region postcode=Postal_Code country=Country/Region industry=Industry "
        "headcount=Number_of_Employees population=Lifecycle_Stage owner_name=Company_owner",
    ),
    (
        HUBSPOT_API,
        "name=name website=domain phone=phone street=address city=city state=state postcode=zip country=country "
        "industry=industry headcount=numberofemployees population=lifecyclestage",
    ),
    (
        "Kundennummer,Firmenname,Internetseite,Telefon,Straße,PLZ,Ort,Bundesland,Land,Branche,Anzahl Mitarbeiter,"
        "Kundenstatus,Betreuer,E-Mail des Betreuers,Beitrag zum Geschäft,Beitrag am",
        "id=Kundennummer name=Firmenname website=Internetseite phone=Telefon street=Straße city=Ort state=Bundesland "
        "postcode=PLZ country=Land industry=Branche headcount=Anzahl_Mitarbeiter population=Kundenstatus "
        "owner_name=Betreuer owner_email=E-Mail_des_Betreuers claim=Beitrag_zum_Geschäft claimed_on=Beitrag_am",
    ),
    (
        "Raison sociale,Site web,Téléphone,Adresse,Code postal,Ville,Pays,Effectif,Statut",
        "name=Raison_sociale website=Site_web phone=Téléphone street=Adresse city=Ville postcode=Code_postal "
        "country=Pays headcount=Effectif population=Statut",
    ),
    (
        "Empresa,Sitio web,Teléfono,Dirección,Código postal,Ciudad,Provincia,País,Empleados,Propietario",
        "name=Empresa website=Sitio_web phone=Teléfono street=Dirección city=Ciudad state=Provincia "
        "postcode=Código_postal country=País headcount=Empleados owner_name=Propietario",
    ),
    (
        "Account: Account Name,Partner Influence,Influence Date,Owner Email,Partner_Status__c",
        "name=Account:_Account_Name owner_email=Owner_Email claim=Partner_Influence claimed_on=Influence_Date",
    ),
]


@pytest.mark.parametrize(("headings", "expected"), EXPORTS)
def test_recognises_the_exports_of_crms_and_lists_made_by_hand(headings: str, expected: str) -> None:
    pairs = (pair.split("=") for pair in expected.split())
    assert recognise(headings.split(","), {}) == {column: heading.replace("_", " ") for column, heading in pairs}


@pytest.mark.parametrize(
    "heading",
    [
        "Company Name",
        " company name ",
        "COMPANY_NAME",
        "CompanyName",
        "Company\nName*",
        "company-name",
        "Company_Name__c",
    ],
)
def test_spelling_of_a_heading_does_not_matter(heading: str) -> None:
    assert recognise([heading], {}) == {"name": heading}


@pytest.mark.parametrize("heading", ["Straße", "STRASSE", "strasse"])
def test_german_letters_may_be_written_out(heading: str) -> None:
    assert recognise(["Name", heading], {})["street"] == heading
    assert squashed("Unternehmensgröße") == squashed("Unternehmensgroesse")


PREFERENCES = [  # column, the headings of a table, the one that stands for it
    ("website", ["Website URL", "Company Domain Name"], "Company Domain Name"),
    ("country", ["Shipping Country", "Billing Country"], "Billing Country"),
    ("name", ["Name", "Company"], "Company"),
    ("population", ["Type", "Status", "Lifecycle Stage"], "Lifecycle Stage"),
    ("id", ["Account Number", "Account ID"], "Account ID"),
    ("state", ["Region", "State"], "State"),
]


@pytest.mark.parametrize(("column", "headings", "chosen"), PREFERENCES)
def test_of_two_headings_the_preferred_one_counts_wherever_it_stands(
    column: str, headings: list[str], chosen: str
) -> None:
    assert recognise(headings, {})[column] == chosen
    assert recognise(headings[::-1], {})[column] == chosen


def test_a_persons_email_is_never_taken_for_the_owners() -> None:
    assert recognise(["Name", "Email", "Contact Email"], {}) == {"name": "Name"}


def test_an_override_beats_an_alias_and_takes_its_heading() -> None:
    headings = ["Company", "Name", "Stage"]
    assert recognise(headings, {"name": "Name", "claim": "Company"}) == {
        "name": "Name",
        "population": "Stage",
        "claim": "Company",
    }
    assert recognise(headings, {"claim": "Company"})["name"] == "Name"
    assert recognise(headings, {"population": "", "name": "company "}) == {"name": "Company"}


def test_a_wrong_override_is_named_with_what_was_meant() -> None:
    with pytest.raises(ConfigError, match=r"headings\.name: the file has no heading 'Frima'; did you mean 'Firma'\?"):
        recognise(["Firma", "Ort"], {"name": "Frima"})
    with pytest.raises(ConfigError, match=r"headings\.webiste: not a column of ours; did you mean 'website'\?"):
        recognise(["Firma"], {"webiste": "Firma"})
    with pytest.raises(ConfigError, match=r"no heading 'xyz'; there are: Firma, Ort"):
        recognise(["Firma", "Ort"], {"name": "xyz"})


def test_a_table_without_a_company_name_is_held() -> None:
    with pytest.raises(GuardError, match=r"l\.csv: no heading recognised; the first row says '001', 'Acme'"):
        check_recognised(recognise(["001", "Acme"], {}), ["001", "Acme"], Path("l.csv"))
    with pytest.raises(GuardError, match="no heading for the company name"):
        check_recognised(recognise(["Site web"], {}), ["Site web"], Path("l.csv"))


def test_our_columns_are_those_of_a_partner_account() -> None:
    assert [field.name for field in fields(PartnerAccount)] == ["partner", *COLUMNS]
    assert all(recognise([column], {}) == {column: column} for column in COLUMNS)


def test_no_alias_stands_for_two_columns_or_twice() -> None:
    counts = Counter(squashed(alias) for aliases in ALIASES.values() for alias in aliases)
    assert [alias for alias, count in counts.items() if count > 1] == []
