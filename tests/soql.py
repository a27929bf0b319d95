"""Every query that any test makes us send, judged by a SOQL grammar that nobody here wrote."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tests import node

_JUDGE, _PARSER = Path(__file__).with_name("soql_judge.js"), "@jetstreamapp/soql-parser-js"


def refused(queries: Collection[str]) -> object:
    """Return those of *queries* that are no SOQL, with what is wrong; skip where no judge can be asked."""
    return node.run(_JUDGE, _PARSER, sorted(queries))


def assert_soql(queries: Collection[str]) -> None:
    """Fail if one of *queries* is no SOQL."""
    if queries:
        assert refused(queries) == {}
