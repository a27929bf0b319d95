from __future__ import annotations

from datetime import date

import pytest

from connectors.files.values import day, derived_id, email, headcount, population

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
