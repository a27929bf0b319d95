"""Propose pairs worth comparing: accounts that share a key (a website, a name, a rare word, a typo's rest).

A key that very many accounts share proposes nothing, or one word like "bank" would propose every bank to every bank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matching.statements import run

if TYPE_CHECKING:
    import duckdb

#: Pairs that one key (a word, a prefix) may propose between one crm and one partner.
_PAIRS_PER_KEY: Final = 400
#: The same for a whole name or website: a large group may have hundreds of rows on one side.
_PAIRS_PER_EXACT_KEY: Final = 20_000
#: Candidates kept for each row, those with the most and the rarest keys in common.
_BEST_PER_ROW: Final = 20


def propose(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table ``pairs`` (o, t: rows) from the tables that `comparisons.load` made."""
    run(connection, "candidates", cap=_PAIRS_PER_KEY, exact_cap=_PAIRS_PER_EXACT_KEY, best=_BEST_PER_ROW)
