from __future__ import annotations

import pytest

from connectors.files.top import Top, find_top

ROWS = [["Acme GmbH", "acme.de", "Customer"], ["Globex", "globex.com", "Prospect"], ["Hooli", "hooli.com", "Customer"]]
CASES = [  # rows, where the table begins
    ([["Account Name", "Website", "Status"], *ROWS], Top(0, is_certain=True)),
    (
        [["Our customers"], ["as of 2026-11-01", "", ""], ["Account Name", "Website", "Status"], *ROWS],
        Top(2, False, True),
    ),
    ([["Acme, Inc. list", "", ""], ["Globex: Company Name", "Globex: Company Website", "x"]], Top(1, is_certain=True)),
    ([["Elenco clienti"], ["Ragione", "Sito", "Stato"], *ROWS], Top(1)),  # words that nobody knows
    ([["Ragione", "Sito", "Stato"], *ROWS], Top(0)),
    ([["Firma"], ["Acme"], ["Globex"]], Top(0, is_certain=True)),
    ([["Stark Inc.", "stark.com", "Customer"], *ROWS], Top(0, is_bare=True)),
    ([["4711", "Stark Inc."], ["4712", "Acme GmbH"], ["4713", "Hooli Ltd"], ["4714", "X AG"]], Top(0, is_bare=True)),
    ([["001", "Acme"], ["002", "Globex"], ["003", "Hooli"]], Top(0)),  # nothing tells: held, not guessed
    ([["Contact", "Site", "Customer"], *ROWS], Top(0)),
    ([["Export date", "2026-11-01"], ["Firma", "Domain"], ["Acme", "acme.de"]], Top(1, is_certain=True)),
    ([["Firma", "Foo", "Bar"], *ROWS, ["Sector", "Domain", "x"]], Top(0, is_certain=True)),  # a company called Sector
]


@pytest.mark.parametrize(("rows", "top"), CASES)
def test_finds_the_row_of_headings_or_that_there_is_none(rows: list[list[str]], top: Top) -> None:
    assert find_top(rows) == top


def test_headings_that_somebody_named_are_known_words() -> None:
    rows = [["List", "of", "Globex"], ["Ragione", "Sito", "Stato"], *ROWS]
    assert find_top(rows).at == 0
    assert find_top(rows, {"ragione", "Sito"}) == Top(1, is_certain=True)
