"""Compare candidate pairs: each comparison of a pair reaches one level, named by a code of `matching.weights`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from matching.normalize import names
from matching.statements import land, run

if TYPE_CHECKING:
    import duckdb

    from matching.normalize.accounts import Tables
    from matching.weights import Model

#: Names that we pretend to have seen beside those at hand, so that small lists do not make every word look common.
_BACKGROUND_NAMES: Final = 20_000


def load(connection: duckdb.DuckDBPyConnection, read: Tables, model: Model) -> None:
    """Create the tables that candidates and comparisons read: accounts, names, words with their information."""
    land(connection, "accounts", read.accounts)
    land(connection, "names", read.names)
    land(connection, "account_names", read.account_names)
    land(connection, "ladder", model.table())
    for name, words in _word_lists().items():
        land(connection, name, pl.DataFrame({"word": sorted(words)}, schema={"word": pl.String}))
    run(connection, "words", background=_BACKGROUND_NAMES, generic=names.vocabulary()["generic"]["bits"])


def levels(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return the levels of the table ``pairs``: one row per pair, sorted by (o, t).

    Columns: ``o`` and ``t`` (rows); one column per comparison with its level's code; ``domain`` (the website that
    speaks, if any); of the best two names ``shared``, ``own_a`` and ``own_b`` (information in 1/100 bit that both, only
    our, only their name carries), ``unit_a`` and ``unit_b`` (what only one carries names a unit of a company).
    """
    run(connection, "names")
    run(connection, "comparisons")
    return pl.DataFrame(connection.sql("select * from levels order by o, t"))


def _word_lists() -> dict[str, frozenset[str]]:
    return {
        "generic": names.generic_words(),
        "common": names.common_words(),
        "units": names.unit_words(),
        "regions": names.region_words(),
    }
