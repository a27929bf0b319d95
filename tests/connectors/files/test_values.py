from __future__ import annotations

from datetime import date

import pytest

from connectors.files.values import (
    day,
    day_order,
    derived_id,
    email,
    headcount,
    literal_parts,
    named_population,
    population,
    strongest,
)

HEADCOUNTS = [
    ("7", 7),
    ("1234", 1234),
    ("1,234", 1234),
    ("1.234", 1234),
    ("1 234 567", 1234567),
    ("1'234", 1234),
    ("250.0", 250),
    ("51-200", 125),
    ("51 – 200", 125),
    ("250 to 499", 374),
    ("51 bis 200", 125),
    ("1,001-5,000 employees", 3000),
    ("10,000+", 10000),
    ("10.001+ Mitarbeiter", 10001),
    ("small", None),
    ("NA", None),
    ("-5", None),
    ("200-51", None),
    ("2050-10-01", None),
    ("Nov 50", None),
    ("12.5", None),
    ("1,23", None),
    ("9999999999999999999999", None),
]
DAYS = [
    ("2025-03-04", date(2025, 3, 4)),
    ("2025-03-04 12:30:00", date(2025, 3, 4)),
    ("2025-03-04T23:59:59.000+0000", date(2025, 3, 4)),
    ("2025-03-04T23:59:59Z", date(2025, 3, 4)),
    ("20250304", date(2025, 3, 4)),
    ("4.3.2025", date(2025, 3, 4)),
    ("04.03.2025", date(2025, 3, 4)),
    ("12/31/2025", date(2025, 12, 31)),
    ("31/12/2025", date(2025, 12, 31)),
    ("31-12-2025", date(2025, 12, 31)),
    ("03/03/2025", date(2025, 3, 3)),
    ("4 March 2025", date(2025, 3, 4)),
    ("4. März 2025", date(2025, 3, 4)),
    ("4-Mar-2025", date(2025, 3, 4)),
    ("1er août 2025", date(2025, 8, 1)),
    ("4 de marzo de 2025", date(2025, 3, 4)),
    ("March 4th, 2025", date(2025, 3, 4)),
    ("Mar 4, 2025 10:30", date(2025, 3, 4)),
    ("4 Foo 2025", None),
    ("31 Feb 2025", None),
    ("45720", date(2025, 3, 4)),  # as Excel stores it
    ("45720.5", date(2025, 3, 4)),
    ("03/04/2025", None),
    ("30.02.2025", None),
    ("2025-13-01", None),
    ("13/13/2025", None),
    ("04.03.25", None),
    ("March 2025", None),
    ("Q3", None),
]
EMAILS = [
    ("eva@globex.com", "eva@globex.com"),
    ("mailto:eva@globex.com", "eva@globex.com"),
    ("Eva.Müller+x@sub.globex.de", "Eva.Müller+x@sub.globex.de"),
    ("Eva <eva@globex.com>", None),
    ("eva@globex.com; tom@globex.com", None),
    ("eva@globex", None),
    ("eva(at)globex.com", None),
    ("e" * 70 + "@globex.com", None),
]
STATUSES = [
    ("Customer - Direct", "Customers"),
    ("KUNDE", "Customers"),
    ("Bestandskunde", "Customers"),
    ("client", "Customers"),
    ("open opportunities", "Open Opportunities"),
    ("opportunity", "Open Opportunities"),
    ("in Verhandlung", "Open Opportunities"),
    ("salesqualifiedlead", "Prospects"),
    ("Interessent", "Prospects"),
    ("Prospect", "Prospects"),
    ("Competitor", "Other"),
    ("former customer", "Other"),
    ("A1", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "count"), HEADCOUNTS)
def test_reads_headcounts_as_they_are_written(text: str, count: int | None) -> None:
    assert headcount(text) == count


@pytest.mark.parametrize(("text", "expected"), DAYS)
def test_reads_days_that_can_mean_one_day_only(text: str, expected: date | None) -> None:
    assert day(text) == expected


@pytest.mark.parametrize(("text", "address"), EMAILS)
def test_takes_an_email_address_that_a_crm_takes(text: str, address: str | None) -> None:
    assert email(text) == address


@pytest.mark.parametrize(("text", "expected"), STATUSES)
def test_knows_common_words_for_a_status(text: str, expected: str | None) -> None:
    assert population(text, {}) == expected


def test_a_partners_own_words_replace_the_common_ones() -> None:
    own = {"A1": "Customers", "Kunde": "Prospects"}
    assert [population(text, own) for text in ("a1", "Kunde", "open opportunities", "Interessent")] == [
        "Customers",
        "Prospects",
        "Open Opportunities",
        None,
    ]
    grades = {"A+": "Customers", "A": "Prospects"}
    assert [population(text, grades) for text in ("A+", "a", "A-")] == ["Customers", "Prospects", None]


ORDERS = [  # a column, whether it writes the day first
    (["03/04/2025", "31/12/2025"], True),
    (["03/04/2025", "12/31/2025"], False),
    (["03/04/2025", "31/12/2025", "12/31/2025"], None),
    (["03/04/2025", "31.12.2025", ""], None),
]


@pytest.mark.parametrize(("texts", "is_day_first"), ORDERS)
def test_one_date_tells_in_which_order_a_column_writes_all(texts: list[str], is_day_first: bool | None) -> None:
    assert day_order(texts) is is_day_first
    april, march = date(2025, 4, 3), date(2025, 3, 4)
    assert day("03/04/2025", is_day_first) == {True: april, False: march, None: None}[is_day_first]


NAMED = [  # a name of a sheet, a file or a population, what it speaks of
    ("Customers", "Customers"),
    ("Q3 Open Opps", "Open Opportunities"),
    ("globex_customers_2026-11", "Customers"),
    ("Interessenten", "Prospects"),
    ("EMEA-Leads (all)", "Prospects"),
    ("Former customers", None),
    ("Non-Customers", None),
    ("Customers and prospects", None),
    ("Our_Prospects_vs_Customers", None),
    ("Read me", None),
    ("customersuccess", None),
]


@pytest.mark.parametrize(("name", "expected"), NAMED)
def test_a_name_may_speak_of_one_population(name: str, expected: str | None) -> None:
    assert named_population(name) == expected


def test_the_partners_own_name_speaks_of_no_population() -> None:
    assert named_population("customer-labs_2026-11", ("customer-labs", "Customer Labs")) is None
    assert named_population("customer-labs_prospects", ("customer-labs", "Customer Labs")) == "Prospects"


LITERALS = [
    ('["Customers", "Prospects"]', ("Customers", "Prospects")),
    ("('a',)", ("a",)),
    ('("2026-01-01T00:00:00Z")', ("2026-01-01T00:00:00Z",)),
    ('["a \\"b\\", c"]', ('a "b", c',)),
    ("[]", ()),
    ("()", ()),
    ("Acme (Holding)", None),
    ("(Holding)", None),
    ("[draft]", None),
]


@pytest.mark.parametrize(("text", "parts"), LITERALS)
def test_takes_a_list_in_a_cell_apart(text: str, parts: tuple[str, ...] | None) -> None:
    assert literal_parts(text) == parts


def test_of_several_populations_in_a_cell_the_strongest_counts() -> None:
    assert strongest('["Prospects", "Customers", "Gold"]', {}) == "Customers"
    assert strongest('["Other", "Open Opportunity"]', {}) == "Open Opportunities"
    assert strongest('["Gold"]', {"gold": "Prospects"}) == "Prospects"
    assert strongest("EMEA Customers", {}) is None
    assert strongest("EMEA Customers", {}, is_name=True) == "Customers"
    assert strongest("EMEA Customers", {"gold": "Prospects"}, is_name=True) is None


def test_a_derived_id_survives_how_a_company_is_written() -> None:
    first = derived_id("Acme GmbH", "https://www.acme.de/kontakt?x=1", "Germany")
    assert first == derived_id("ACME GmbH", "acme.de", "GERMANY")
    assert derived_id("Café", None, None) == derived_id("Cafe\u0301", None, None)
    others = {derived_id("Acme", "acme.de", "Germany"), derived_id("Acme GmbH", None, "Germany")}
    others |= {derived_id("Acme GmbH", "acme.de", None), derived_id("Acme GmbH", "acme.com", "Germany")}
    assert len(others | {first}) == 5


def test_a_derived_id_never_changes() -> None:
    # sha256sum of "acme gmbh|acme.de|germany", first 16 digits: a change would retire every record of such a list.
    assert derived_id("Acme GmbH", "acme.de", "Germany") == "h-5f955719e30fe4ab"
