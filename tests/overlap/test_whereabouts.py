"""A company of another environment, found by what it is known by."""

from __future__ import annotations

import pytest

from overlap.whereabouts import Book, Known

ROWS = (
    Known("1", "acme", "acme.com", "US"),
    Known("2", "acme", "acme.de", "DE"),
    Known("3", "acme", "acme.com", "CA"),
    Known("4", "birch", None, "DE"),
    Known("5", "birch", "birch.fr", "FR"),
    Known("6", "cedar", None, None),
    Known("8", "dune", None, "DE"),
    Known("9", "dune", "dune.com", "FR"),
    Known("7", None, "nameless.com", None),
)
CASES = [  # name, domain, country, the rows that it may be
    ("acme", "acme.com", "US", ("1",)),
    ("acme", "acme.com", None, ("1", "3")),  # nothing tells them apart
    ("acme", "acme.com", "MX", ("1", "3")),
    ("acme", None, "DE", ("2",)),
    ("acme", "acme.org", "DE", ()),
    ("birch", "birch.de", "DE", ("4",)),
    ("birch", "birch.fr", "FR", ("5",)),
    ("cedar", "cedar.com", "ES", ("6",)),
    ("dune", "dune.com", "DE", ("9",)),  # a website says more than a country
    ("dogwood", "acme.com", "US", ()),  # a website alone is nobody's name
    (None, "nameless.com", None, ()),
]


@pytest.mark.parametrize(("name", "domain", "country", "ids"), CASES)
def test_the_closest_rows_are_found(name, domain, country, ids) -> None:
    assert Book(ROWS).find(Known("elsewhere", name, domain, country)) == ids
