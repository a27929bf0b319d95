"""Counts over all rows, against counting them one by one."""

import polars as pl
import pytest

from matching import texts
from matching.statistics import Statistics, measure
from tests.matching import worlds
from tests.matching.reference_names import count

NOTHING = dict.fromkeys((*worlds.SITE, "phone", "country", "state", "city", "postcode", "street", "industry"))


def account(side: str, book: str, name: str, domain: str | None = None) -> worlds.Account:
    beside = {"side": side, "book": book, "id": name, "outward": None, "headcount": None, "domain": domain}
    return NOTHING | beside | {"names": [(name, name.replace(" ", ""), "", "")]}


def measured(*accounts: worlds.Account) -> Statistics:
    return measure(worlds.tables(worlds.ours_first(list(accounts))))


def companies(statistics: Statistics, *squeezed: str) -> list[int]:
    return statistics.companies(texts.packed(pl.Series(squeezed))["hash"]).tolist()


@pytest.mark.parametrize("seed", range(6))
def test_counts_what_one_counts_by_hand(seed: int) -> None:
    everyone = worlds.ours_first(worlds.world(seed).everyone)
    statistics, counts = measured(*everyone), count(everyone)
    assert statistics.names == counts.names
    assert dict(statistics.words.select("word", "occurrences").iter_rows()) == counts.words
    names = sorted({squeezed for one in everyone for _, squeezed, *_ in one["names"]})
    assert companies(statistics, *names) == [counts.companies[name] for name in names]
    columns = worlds.tables(everyone).accounts
    sharers = statistics.sharers_of(columns["side"], columns["book"], columns["domain"]).to_list()
    assert sharers == [counts.sharers[one["side"], one["book"], one["domain"]] or 1 for one in everyone]
    assert {(crm, partner): rest for crm, partner, *rest in statistics.shares.iter_rows()} == {
        books: list(share) for books, share in counts.shares.items()
    }


def test_words_and_names_that_nobody_has_are_known_to_be_such() -> None:
    statistics = measured(account("o", "sf", "acme bank"), account("t", "globex", "acme"))
    hashes = texts.packed(pl.Series(["acme", "bank", "velmora"]))["hash"]
    assert statistics.occurrences(hashes).tolist() == [2, 1, 0]
    assert companies(statistics, "velmora") == [1]


def test_one_company_in_two_lists_is_no_homonym() -> None:
    there = account("t", "globex", "acme", "acme.io")
    assert companies(measured(account("o", "sf", "acme", "acme.com"), there), "acme") == [1]
    assert companies(measured(there, account("t", "globex", "acme", "acme.org")), "acme") == [2]
    assert companies(measured(there, account("t", "globex", "acme", "acme.io")), "acme") == [1]


def test_no_rows_are_no_counts() -> None:
    statistics = measured()
    assert (statistics.names, statistics.words.height, statistics.shares.height) == (0, 0, 0)
    assert statistics.occurrences(texts.packed(pl.Series(["acme"]))["hash"]).tolist() == [0]
