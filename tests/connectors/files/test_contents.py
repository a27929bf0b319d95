from __future__ import annotations

import pytest

from connectors.files.contents import column_like, contradiction

CASES = [  # cells, the column of ours that they are, None where they may be something else
    (["acme.de", "https://www.globex.com/about?x=1", "initech.co.uk", "HOOLI.COM"], "website"),
    (["linkedin.com/company/acme", "linkedin.com/company/globex", "linkedin.com/company/hooli"], None),
    (["j.smith", "a.jones", "b.box"], None),
    (["Acme GmbH", "Globex Söhne AG", "Hooli", "Initech, Inc."], "name"),
    (["Stark S. A. R. L.", "Wayne Sp. z o.o.", "Umbrella Corp (EMEA)"], "name"),
    (["Eva Hill", "Tom Box", "Ann Reed"], None),
    (["Retail Group", "Retail Group", "Retail Group", "Retail Group"], None),
    (["Germany", "DE", "Frankreich", "USA", "Espagne"], "country"),
    (["CA", "DE", "IN", "CO"], None),
    (["DEU", "FRA", "USA"], "country"),
    (["+49 89 123456", "(555) 123-4567", "0043 1 2345"], "phone"),
    (["555-1234", "555-2345", "555-3456"], None),
    (["51-200", "1-10", "51-200", "10,000+"], "headcount"),
    (["12", "4000", "17"], None),
    (["01067", "80331", "10115"], None),
    (["SW1A 1AA", "M1 1AE", "B33 8TH"], "postcode"),
    (["D-80331", "AT-1010", "CH-8001"], "postcode"),
    (["NW-10054", "NW-10068", "NW-10071"], None),
    (["2025-01-01", "2025-02-01", "2025-03-01"], None),
    (["Customer", "Prospect", "Customer"], "population"),
    (["Customer", "Customer", "Customer"], None),
    (["eva@globex.com", "tom@globex.com", "eva@globex.com"], "owner_email"),
    (["eva@acme.com", "tom@hooli.com", "ann@initech.com"], None),
    (["0015g00000XyzAbCDE", "001000000000001AAA", "0015g00000Xyzab"], "id"),
    (["acme.de", "globex.com"], None),
    ([], None),
]


@pytest.mark.parametrize(("cells", "column"), CASES)
def test_tells_a_column_by_its_cells_or_says_nothing(cells: list[str], column: str | None) -> None:
    assert column_like(cells) == column
    assert column_like(cells[::-1]) == column


def test_one_cell_in_ten_may_be_odd() -> None:
    assert column_like([*(f"site{at}.com" for at in range(9)), "none"]) == "website"
    assert column_like([*(f"site{at}.com" for at in range(8)), "none", "-"]) is None


@pytest.mark.parametrize(
    ("column", "cells", "what"),
    [
        ("website", ["1", "2", "3"], "numbers"),
        ("website", ["acme.de", "2", "3"], None),
        ("country", ["1.234,50 €", "20 EUR", "7"], "numbers"),
        ("name", ["eva@a.com", "tom@b.com", "x@c.com"], "e-mail addresses"),
        ("industry", ["85310", "26301", "62090"], None),  # codes of industries are numbers
        ("id", ["1", "2", "3"], None),
        ("website", ["1", "2"], None),
    ],
)
def test_cells_speak_against_a_column_only_plainly(column: str, cells: list[str], what: str | None) -> None:
    assert contradiction(column, cells) == what
