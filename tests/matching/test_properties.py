"""What holds of comparing accounts whatever they are: sides, order, other rows, more evidence, threads."""

import os
import subprocess
import sys
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from matching import comparisons
from matching.decide import decide
from matching.duckdb_engine import DuckDbEngine
from matching.engine import COLUMNS
from matching.levels import COMPARISONS
from matching.statistics import measure
from matching.weights import DEFAULT
from tests.matching import worlds

Account = dict[str, Any]
SEEDS = st.integers(0, 2**32)
WORLDS = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FOUND = [*COMPARISONS, "shared", "own_a", "own_b", "unit_a", "unit_b", "weight", "rival", "probability", "decision"]
IDS = ["crm", "ours_id", "partner", "theirs_id"]


def decided(accounts: list[Account], **given: Any) -> pl.DataFrame:
    found = decide(worlds.levels(worlds.ours_first(accounts), DEFAULT, **given), DEFAULT)
    return found.select(*IDS, *FOUND).sort(IDS)


@WORLDS
@given(SEEDS)
def test_swapped_sides_are_thought_of_alike(seed: int) -> None:
    accounts = worlds.world(seed).everyone
    other = {"o": "t", "t": "o"}
    there = decided(accounts)
    back = decided([account | {"side": other[account["side"]]} for account in accounts])
    swapped = {"crm": "partner", "ours_id": "theirs_id", "own_a": "own_b", "unit_a": "unit_b"}
    back = back.rename(swapped | {new: old for old, new in swapped.items()}).select(there.columns).sort(IDS)
    assert_frame_equal(there, back, abs_tol=1e-9)


@WORLDS
@given(SEEDS)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    accounts = worlds.world(seed).everyone
    shuffled = Random(seed).sample(accounts, len(accounts))
    assert_frame_equal(decided(accounts), decided(shuffled), check_exact=True)


@WORLDS
@given(SEEDS)
def test_a_pair_is_compared_by_its_two_rows_and_the_statistics_alone(seed: int) -> None:
    world = worlds.world(seed)
    counted = measure(worlds.tables(world.everyone))
    among_all = worlds.levels(world.everyone, DEFAULT, counted)
    some = Random(seed).sample(world.accounts, 12)
    alone = worlds.levels(worlds.ours_first(some), DEFAULT, counted).drop("o", "t", "a", "b")
    rows = among_all.join(alone.select(IDS), on=IDS, how="semi").drop("o", "t", "a", "b")
    assert alone.height > 0
    assert_frame_equal(rows.sort(IDS), alone.sort(IDS), check_exact=True)


@pytest.mark.parametrize("bar", [-9.0, -4.0, 0.0, 4.0])
def test_a_bar_keeps_the_pairs_that_pass_it_and_equal_names_as_they_are(bar: float) -> None:
    world = worlds.world(5)
    every = worlds.levels(world.accounts, DEFAULT)
    kept = worlds.levels(world.accounts, DEFAULT, least_bits=bar)
    assert 0 < kept.height < every.height
    assert_frame_equal(kept, every.join(kept.select(IDS), on=IDS, how="semi", maintain_order="left"))
    is_equal = pl.col("name").cast(pl.String).str.starts_with("equal")
    needed = every.filter((pl.col("weight") - pl.col("prior") >= bar) | is_equal)
    assert needed.join(kept, on=IDS, how="anti").is_empty()


def with_more(kind: str, x: Account, y: Account) -> tuple[Account, Account] | None:
    """The pair with one more thing in which it agrees, or None if there is nothing to add."""
    if kind == "no website before":
        site = {"domain": "velmora.com", "others": None, "label": "velmora", "bare": "velmora"}
        return (x | site, y | site) if not x["domain"] and not y["domain"] else None
    if kind == "alias":
        name = x["names"][0]
        return (x, y | {"names": [*y["names"], name]}) if name[0] not in {core for core, *_ in y["names"]} else None
    keys = {"website": worlds.SITE, "postcode": ("postcode", "outward")}.get(kind, (kind,))
    return (x, y | {key: x[key] for key in keys}) if x[keys[0]] and not y[keys[0]] else None


def moved(row: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The levels that are others after than before."""
    return {name: (row[name], row[f"{name}_after"]) for name in COMPARISONS if row[name] != row[f"{name}_after"]}


MORE = {  # what is added; the level of a comparison, before or after, on which the shipped weights may yet fall
    "phone": {},
    "city": {},
    "no website before": {},
    # Sisters of a group live at one address.
    "postcode": {"post": {"sisters"}},
    # That a website of the one is the other's name is worth more than that both have a website that many have.
    "website": {"website": {"is_other_name"}},
    # A name beside the main one makes names alike; then a website that reads so tells less, one that differs more.
    "alias": {
        "website": {"is_other_name", "is_brand_own", "is_brand_partly", "begins_name", "different_unclear"},
        "post": {"outward_other"},
        "place": {"country_named"},
    },
}


@pytest.mark.parametrize("kind", MORE)
def test_one_more_thing_in_which_they_agree_never_tells_against_a_pair(kind: str) -> None:
    tried = 0
    for seed in range(12):
        world = worlds.world(seed)
        counted = measure(worlds.tables(world.everyone))
        ours, theirs = ([one for one in world.accounts if one["side"] == side] for side in ("o", "t"))
        pairs = [(x, y, with_more(kind, x, y)) for x in ours for y in theirs]
        before = worlds.beside([(x, y) for x, y, more in pairs if more], DEFAULT, counted)
        after = worlds.beside([more for _, _, more in pairs if more], DEFAULT, counted)
        both = before.join(after, on=IDS, suffix="_after").filter(pl.col("weight_after") < pl.col("weight") - 1e-9)
        for comparison, known in MORE[kind].items():
            at = (pl.col(name).cast(pl.String).is_in(sorted(known)) for name in (comparison, f"{comparison}_after"))
            both = both.filter(~pl.any_horizontal(at))
        assert [moved(row) for row in both.iter_rows(named=True)] == []
        tried += before.height
    assert tried > 300


ODD = (
    st.text(max_size=30)
    | st.text(alphabet="0123456789 .-", max_size=12)
    | st.text(alphabet="!?()[]{}&@/\\|.,;:-_'\"#*", max_size=12)
    | st.sampled_from(
        ["\0", "a\0b", "Acme\nGmbH", "Acme\r\n", "Acme " * 300, "x" * 5000, "\u200b", "\u202eemca", "ß" * 40]
    )
    | st.sampled_from(
        [
            "1",
            "7 7 7",
            "A.B.C.",
            "(",
            "((()",
            "株式会社",
            "ООО",
            "🏢🏢",
            "e\u0301",
            "ﬁnance",
            "İstanbul",
            "DE",
            "GB-ENG",
        ]
    )
    | st.sampled_from(["http://[", "a@b@c.de", "xn--", "https://acme.com:99999/", "..", "acme", "acme.com", "co.uk"])
)
TEXT_COLUMNS = [column for column in COLUMNS if column not in ("id", "headcount")]
ODD_ROW = st.fixed_dictionaries(
    {column: ODD | st.none() for column in TEXT_COLUMNS} | {"headcount": st.none() | st.integers(-(2**63), 2**63 - 1)}
)


def frame(rows: list[Account], key: str, book: str) -> pl.DataFrame:
    schema: Any = dict.fromkeys(COLUMNS, pl.String) | {"headcount": pl.Int64}
    return pl.DataFrame([row | {"id": str(at)} for at, row in enumerate(rows)], schema=schema).select(
        pl.lit(book).alias(key), pl.all()
    )


def every_pair(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    mine, yours = ours.select("crm", ours_id="id"), theirs.select("partner", theirs_id="id")
    return mine.join(yours, how="cross")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ODD_ROW, min_size=1, max_size=5), st.lists(ODD_ROW, min_size=1, max_size=5))
def test_nothing_that_people_write_into_a_field_stops_the_engine(mine: list[Account], yours: list[Account]) -> None:
    ours, theirs = frame(mine, "crm", "sf"), frame(yours, "partner", "globex")
    compared = DuckDbEngine().compare(ours, theirs, every_pair(ours, theirs), DEFAULT)
    assert compared["probability"].is_between(0, 1).all()
    found = DuckDbEngine().match(ours, theirs, DEFAULT)
    assert found["decision"].is_in(["match", "review"]).all()


COMPANIES = [
    ("Halvorsen Logistics Ltd", "halvorsen-logistics.co.uk", "Leeds", "United Kingdom"),
    ("Velmorant GmbH & Co. KG", "https://www.velmorant.de/en", "Munich", "de"),
    ("The Quillfeather Company (prev. Brixley)", "getbrixley.com", "San Francisco", "usa"),
    ("Kestridge Intl Mfg Inc.", None, "St. Louis", "United States"),
    ("IBM", "ibm.com", None, None),
]


@pytest.mark.parametrize("written", [str.lower, str.upper, str.swapcase])
def test_case_says_nothing(written: Any) -> None:
    keys = ("name", "website", "city", "country")
    rows = [dict.fromkeys(TEXT_COLUMNS) | dict(zip(keys, row, strict=True)) | {"headcount": None} for row in COMPANIES]
    other = [row | {key: row[key] and written(row[key]) for key in keys} for row in rows]
    ours, theirs = frame(rows, "crm", "sf"), frame(rows, "partner", "globex")
    pairs = every_pair(ours, theirs)
    as_it_was = DuckDbEngine().compare(ours, theirs, pairs, DEFAULT)
    assert_frame_equal(as_it_was, DuckDbEngine().compare(ours, frame(other, "partner", "globex"), pairs, DEFAULT))


def test_pairs_in_many_small_chunks_are_compared_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = worlds.world(1).accounts
    whole = worlds.levels(accounts, DEFAULT)
    monkeypatch.setattr(comparisons, "_CHUNK", 7)
    assert_frame_equal(whole, worlds.levels(accounts, DEFAULT), check_exact=True)


BY_ONE_THREAD = """
import polars as pl
from matching.weights import DEFAULT
from tests.matching import worlds
assert pl.thread_pool_size() == 1
print(worlds.levels(worlds.world(1).accounts, DEFAULT).write_json())
"""


def test_one_thread_finds_what_many_find() -> None:
    one = {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", BY_ONE_THREAD],
        env=os.environ | one,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == worlds.levels(worlds.world(1).accounts, DEFAULT).write_json()
