"""Matching again finds what a run that knows nothing of the last one finds with the same statistics, and does less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from matching import incremental, partners, statistics
from matching.accounts import tables
from matching.changed import changed
from matching.duckdb_engine import DuckDbEngine
from matching.engine import COLUMNS
from matching.incremental import Found
from matching.model import Model
from matching.statements import ArrowView
from matching.statistics import Statistics
from matching.weights import DEFAULT

SCHEMA: dict[str, Any] = dict.fromkeys(COLUMNS, pl.String) | {"headcount": pl.Int64}
#: (crm or partner, id) to what the row says.
Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass
class Store:
    """Statistics by name, each with the engine that made them."""

    kept: dict[str, tuple[Statistics, str]] = field(default_factory=dict)

    def save(self, statistics: Statistics, engine: str) -> str:
        name = f"statistics {len(self.kept)}"
        self.kept[name] = (statistics, engine)
        return name

    def load(self, name: str, engine: str) -> Statistics | None:
        found, made_by = self.kept.get(name, (None, engine))
        return found if made_by == engine else None


@dataclass
class Desk:
    """Both sides, the database with what is kept, and the statistics."""

    ours: Rows = field(default_factory=dict)
    theirs: Rows = field(default_factory=dict)
    away: Rows = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def match(self, model: Model = DEFAULT) -> Found:
        return matched(self.connection, self, model)

    def anew(self, statistics: str | None, model: Model = DEFAULT) -> Found:
        """What is found by a run that knows nothing but these statistics."""
        with duckdb.connect() as connection:
            return matched(connection, self, model, statistics)

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        return frame(self.ours, "crm"), frame(self.theirs, "partner")


def frame(rows: Rows, key: str) -> pl.DataFrame:
    said = [{key: book, "id": number, **row} for (book, number), row in rows.items()]
    return pl.DataFrame(said, schema={key: pl.String, **SCHEMA})


def matched(
    connection: duckdb.DuckDBPyConnection,
    desk: Desk,
    model: Model,
    last: str | None = None,
    end: str = "commit",
    left_out: pl.DataFrame | None = None,
) -> Found:
    for table, rows in zip(("accounts", "partner_accounts"), desk.frames(), strict=True):
        connection.register("landing", ArrowView(rows))
        connection.execute(f"create or replace table {table} as select * from landing").fetchall()
        connection.unregister("landing")
    connection.execute("begin transaction").fetchall()
    found = incremental.match(connection, model, desk.store, last, left_out=left_out)
    connection.execute(end).fetchall()
    return found


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Twenty companies with a website each, all of them on the list of one partner, and forty others there."""
    desk = Desk()
    for number in range(20):
        company = {"name": f"{WORDS[number]}holm Logistics", "website": f"{WORDS[number].lower()}holm.com"}
        desk.ours["sf", str(number)] = company
        desk.theirs["globex", str(number)] = company | {"name": f"{WORDS[number]}holm Ltd"}
    for number in range(40):
        desk.theirs["globex", f"x{number}"] = {"name": f"{WORDS[number % 20]}berg {WORDS[number // 2]}stad"}
    yield desk
    desk.connection.close()


WORDS = (
    *("Alder", "Birch", "Cedar", "Dunmor", "Ester", "Ferro", "Garnet", "Halvor", "Ibsen", "Jasper", "Kestrel"),
    *("Larkin", "Marlow", "Norden", "Ostern", "Palmer", "Quill", "Rowan", "Sorrel", "Tamar"),
)


def assert_as_anew(desk: Desk, found: Found, model: Model = DEFAULT) -> None:
    anew = desk.anew(found.statistics, model)
    assert (anew.statistics, anew.counted_because) == (found.statistics, None)
    assert_frame_equal(found.pairs, anew.pairs, check_exact=True)


# --- what a first run finds -----------------------------------------------------------------------------------------


def test_a_first_run_finds_what_the_engine_finds(desk: Desk) -> None:
    found = desk.match()
    assert found.counted_because == "nothing was matched before"
    assert found.pairs.filter(pl.col("decision") == "match").height == 20
    assert_frame_equal(found.pairs, DuckDbEngine().match(*desk.frames(), DEFAULT), check_exact=True)


def test_unchanged_input_touches_no_row(desk: Desk) -> None:
    first = desk.match()
    again = desk.match()
    assert (again.rows, again.compared, again.decided, again.counted_because) == (0, 0, 0, None)
    assert again.statistics == first.statistics
    assert_frame_equal(again.pairs, first.pairs, check_exact=True)


def test_one_changed_row_is_all_that_is_normalised(desk: Desk) -> None:
    desk.match()
    desk.theirs["globex", "3"] = {"name": "Dunmorholm Spedition"}
    found = desk.match()
    assert found.rows == 1
    assert 0 < found.compared < 10
    assert found.decided < 10
    assert_as_anew(desk, found)


def test_an_account_that_is_left_out_is_taken_for_absent_until_it_is_back(desk: Desk) -> None:
    desk.ours["sf", "double"] = desk.ours["sf", "3"]
    before = desk.match()
    out = pl.DataFrame({"crm": ["sf", "other"], "id": ["3", "4"]})
    found = matched(desk.connection, desk, DEFAULT, left_out=out)
    assert found.rows == 0
    assert found.pairs.filter(pl.col("ours_id") == "3").is_empty()
    kept = desk.ours.pop(("sf", "3"))
    assert_as_anew(desk, found)
    desk.ours["sf", "3"] = kept
    assert_frame_equal(desk.match().pairs, before.pairs, check_exact=True)


def test_the_order_of_rows_is_no_change(desk: Desk) -> None:
    desk.match()
    desk.ours = dict(reversed(desk.ours.items()))
    assert desk.match().rows == 0


def test_a_row_under_another_id_is_another_row(desk: Desk) -> None:
    before = desk.match()
    desk.theirs["globex", "3 new"] = desk.theirs.pop(("globex", "3"))
    found = desk.match()
    moved = before.pairs.with_columns(pl.col("theirs_id").replace({"3": "3 new"}))
    assert_frame_equal(found.pairs, moved, check_exact=True)


def test_ids_that_swap_swap_their_pairs(desk: Desk) -> None:
    desk.match()
    theirs = desk.theirs
    theirs["globex", "3"], theirs["globex", "4"] = theirs["globex", "4"], theirs["globex", "3"]
    found = desk.match()
    assert found.rows == 2
    assert has(found, "3", "4")
    assert not has(found, "3", "3")
    assert_as_anew(desk, found)


def test_a_row_that_goes_and_comes_back_is_what_it_was(desk: Desk) -> None:
    """The last row: its number must not be given to another one, for keys of it are still about."""
    first = desk.match()
    row = desk.theirs.pop(("globex", "x39"))
    assert_as_anew(desk, desk.match())
    desk.theirs["globex", "x40"] = {"name": "Alderholm"}
    assert_as_anew(desk, desk.match())
    del desk.theirs["globex", "x40"]
    desk.theirs["globex", "x39"] = row
    found = desk.match()
    assert found.rows == 1
    assert_frame_equal(found.pairs, first.pairs, check_exact=True)


def test_rows_that_only_moved_are_neither_new_nor_gone() -> None:
    """The database may put rows elsewhere. Of three rows that say the same, one went."""
    before = pl.DataFrame({"row": range(6), "place": [0, 1, 2, 3, 4, 5], "raw": [10, 11, 12, 7, 7, 7]})
    today = pl.DataFrame({"place": [0, 2, 1, 9, 8, 4], "raw": [10, 11, 12, 7, 13, 7]})
    before, today = (rows.cast({"raw": pl.UInt64}) for rows in (before, today))
    new, gone = changed(today, before)
    assert new.rows() == [(8, 13)]
    assert gone["raw"].to_list() == [7]
    assert [part.rows() for part in changed(today.clear(), before)] == [[], before.rows()]
    assert [part.rows() for part in changed(today, before.clear())] == [today.rows(), []]


def test_what_one_side_says_is_not_what_the_other_side_says(desk: Desk) -> None:
    desk.match()
    row = desk.theirs.pop(("globex", "0"))
    desk.ours["globex", "0"] = row
    found = desk.match()
    assert found.counted_because == "crm 'globex' is new"
    assert_as_anew(desk, found)


# --- what does not change itself, and is touched ---------------------------------------------------------------------


def test_a_key_that_too_many_rows_bear_proposes_nothing_until_they_are_gone(desk: Desk) -> None:
    """The misspelt pair has one key in common: a single word, which may propose 25 pairs."""
    desk.ours["sf", "typo"] = {"name": "Xanthopolisity"}
    desk.theirs["globex", "typo"] = {"name": "Zanthopolisity"}
    assert has(desk.match(), "typo", "typo")
    many = {("sf", f"y{number}"): {"name": "Xanthopolisity Ltd"} for number in range(25)}
    with changes_do_not_count():
        desk.ours |= many
        crowded = desk.match()
        assert not has(crowded, "typo", "typo")
        assert_as_anew(desk, crowded)
        for row in many:
            del desk.ours[row]
        found = desk.match()
        assert has(found, "typo", "typo")
        assert_as_anew(desk, found)


def test_a_better_pair_takes_a_row_away_and_leaving_gives_it_back(desk: Desk) -> None:
    desk.theirs["globex", "3"] = {"name": "Dunmorholm Logistics", "city": "Hove", "country": "UK"}
    desk.ours["sf", "3"] = {"name": "Dunmorholm Logistics", "city": "Leeds", "country": "UK"}
    alone = desk.match()
    desk.ours["sf", "rival"] = {"name": "Dunmorholm Logistics", "city": "Hove", "country": "UK"}
    beaten = desk.match()
    assert beaten.rows == 1
    assert probability(beaten, "3", "3") < probability(alone, "3", "3")
    assert_as_anew(desk, beaten)
    del desk.ours["sf", "rival"]
    assert_frame_equal(desk.match().pairs, alone.pairs, check_exact=True)


def test_a_country_that_others_turn_into_a_state_is_read_again(desk: Desk) -> None:
    desk.ours["sf", "3"] |= {"country": "CA"}
    for number in "34":
        desk.theirs["globex", number] |= {"country": "Canada"}
    with changes_do_not_count():
        before = desk.match()
        for number in range(10, 16):
            desk.ours["sf", f"{number}"] |= {"country": "NY"}
        found = desk.match()
        assert found.rows == 7
        assert probability(found, "3", "3") < probability(before, "3", "3")
        assert_as_anew(desk, found)
        desk.ours["sf", "4"] |= {"country": "CA"}
        found = desk.match()
        assert found.rows == 1
        assert_as_anew(desk, found)
        del desk.ours["sf", "4"]
        for number in range(10, 16):
            del desk.ours["sf", f"{number}"]
        found = desk.match()
        assert found.rows == 1
        assert probability(found, "3", "3") == probability(before, "3", "3")
        assert_as_anew(desk, found)


# --- other rules ------------------------------------------------------------------------------------------------------


def test_other_weights_compare_everything_anew_and_normalise_nothing(desk: Desk) -> None:
    desk.match()
    model = replace(DEFAULT, prior=DEFAULT.prior - 1.5)
    found = desk.match(model)
    assert (found.rows, found.counted_because) == (0, None)
    assert found.compared > 0
    assert_as_anew(desk, found, model)


def test_another_threshold_compares_nothing(desk: Desk) -> None:
    assert set(desk.match().pairs["decision"]) == {"match"}
    model = replace(DEFAULT, match_at=1.0)
    found = desk.match(model)
    assert (found.rows, found.compared) == (0, 0)
    assert set(found.pairs["decision"]) == {"review"}
    assert_as_anew(desk, found, model)


# --- statistics -------------------------------------------------------------------------------------------------------


def test_words_are_counted_again_when_a_tenth_of_the_rows_has_changed(desk: Desk) -> None:
    first = desk.match()
    for number in range(8):  # of 80
        desk.theirs["globex", f"x{number}"] = {"name": f"{WORDS[number]}holm Nautica"}
        found = desk.match()
        assert (found.counted_because, found.statistics) == (None, first.statistics)
    desk.theirs["globex", "x8"] = {"name": "Quillholm Nautica"}
    found = desk.match()
    assert found.counted_because == "9 of 80 rows changed since words were last counted"
    assert found.statistics != first.statistics
    assert found.rows == 1
    assert_frame_equal(found.pairs, DuckDbEngine().match(*desk.frames(), DEFAULT), check_exact=True)
    desk.theirs["globex", "x9"] = {"name": "Quillholm Optica"}
    assert desk.match().counted_because is None


def test_words_are_counted_again_for_a_new_partner(desk: Desk) -> None:
    desk.match()
    desk.theirs["initech", "1"] = {"name": "Birchholm"}
    found = desk.match()
    assert found.counted_because == "partner 'initech' is new"
    assert_frame_equal(found.pairs, DuckDbEngine().match(*desk.frames(), DEFAULT), check_exact=True)


def test_a_partner_that_is_gone_takes_its_pairs_along(desk: Desk) -> None:
    desk.theirs["initech", "1"] = {"name": "Birchholm", "website": "birchholm.com"}
    assert "initech" in desk.match().pairs["partner"]
    del desk.theirs["initech", "1"]
    found = desk.match()
    assert "initech" not in found.pairs["partner"]
    assert_as_anew(desk, found)


def test_a_partner_that_comes_back_is_matched_as_before(desk: Desk) -> None:
    rows = {("initech", str(number)): {"name": f"{WORDS[number]}holm"} for number in range(8)}
    desk.theirs |= rows
    first = desk.match()
    with changes_do_not_count():
        for row in rows:
            del desk.theirs[row]
        assert_as_anew(desk, desk.match())
        desk.theirs |= rows
        found = desk.match()
    assert found.counted_because is None
    assert_frame_equal(found.pairs, first.pairs, check_exact=True)


def test_statistics_that_are_lost_or_of_another_engine_are_counted_again(desk: Desk) -> None:
    name = desk.match().statistics
    assert name is not None
    desk.store.kept[name] = (desk.store.kept[name][0], "another engine")
    found = desk.match()
    assert found.counted_because is not None
    assert "another version of the engine" in found.counted_because


def test_what_another_engine_has_kept_is_made_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.match()
    monkeypatch.setattr("matching.kept.engine_version", lambda: "another engine")
    again = desk.match()
    assert (again.rows, again.compared) == (first.rows, first.compared)
    assert_frame_equal(again.pairs, first.pairs, check_exact=True)


def test_statistics_outlive_the_state(desk: Desk) -> None:
    name = desk.match().statistics
    with changes_do_not_count():
        for number in range(20):
            desk.theirs["globex", f"x{number}"] = {"name": f"{WORDS[number]}holm Nautica"}
        found = desk.match()
    desk.connection = duckdb.connect()
    again = matched(desk.connection, desk, DEFAULT, last=name)
    assert (again.statistics, again.counted_because) == (name, None)
    assert_frame_equal(again.pairs, found.pairs, check_exact=True)


# --- what may happen -------------------------------------------------------------------------------------------------


def test_a_run_that_is_cut_off_leaves_the_state_of_the_last_one(desk: Desk) -> None:
    desk.match()
    desk.theirs["globex", "3"] = {"name": "Dunmorholm Spedition"}
    matched(desk.connection, desk, DEFAULT, end="rollback")
    found = desk.match()
    assert found.rows == 1
    assert_as_anew(desk, found)


def test_a_side_without_rows_has_no_pairs_and_may_fill_again(desk: Desk) -> None:
    ours, desk.ours = desk.ours, {}
    assert desk.match().pairs.is_empty()
    desk.ours = ours
    assert desk.match().pairs.height == 20
    desk.theirs = {}
    assert desk.match().pairs.is_empty()


@pytest.mark.parametrize("most", [1, 70, 100])
def test_partners_in_portions_are_matched_as_all_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    desk.ours["sf", "typo"] = {"name": "Xanthopolisity"}
    for partner in ("initech", "umbrella", "hooli"):
        for number in range(20):
            desk.theirs[partner, str(number)] = {
                "name": f"{WORDS[number]}holm {partner}",
                "phone": f"030 555 01{number}",
            }
    desk.theirs["hooli", "typo"] = {"name": "Zanthopolisity"}
    at_once = DuckDbEngine().match(*desk.frames(), DEFAULT)
    counted = statistics.measure(tables(*desk.frames()))
    monkeypatch.setattr(partners, "MOST_ROWS", most)
    found = desk.match()
    assert_frame_equal(found.pairs, at_once, check_exact=True)
    assert_frame_equal(DuckDbEngine().match(*desk.frames(), DEFAULT), at_once, check_exact=True)
    ((united, _),) = desk.store.kept.values()
    for name in ("words", "homonyms", "shares", "sharers"):
        assert_frame_equal(
            getattr(united, name), getattr(counted, name), check_row_order=False, check_column_order=False
        )
    assert united.names == counted.names
    assert DEFAULT.match_at < 1
    model = replace(DEFAULT, match_at=0.99)
    assert_as_anew(desk, desk.match(model), model)


def has(found: Found, ours: str, theirs: str) -> bool:
    return found.pairs.filter(ours_id=ours, theirs_id=theirs).height == 1


def probability(found: Found, ours: str, theirs: str) -> float:
    rows = found.pairs.filter(ours_id=ours, theirs_id=theirs)["probability"]
    return float(rows[0]) if len(rows) else 0.0


@contextmanager
def changes_do_not_count() -> Iterator[None]:
    """Keep the statistics however much changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incremental, "_MOST_CHANGED_PERCENT", 10**9)
        yield


# --- any changes -----------------------------------------------------------------------------------------------------

#: Few words, so that rows share names, keys and websites, some by one letter less.
NAMES = st.builds(
    "{} {} {}".format,
    st.sampled_from(["Alderholm", "Aldrholm", "Birchberg", "Cedarstad", "Dunmor", "Dunmr", "First National"]),
    st.sampled_from(["Logistics", "Bank", "Optics Nord", "Holding", "(formerly Xantholm)", "Deutschland", ""]),
    st.sampled_from(["GmbH", "Ltd", ""]),
)
ROW = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "website": st.sampled_from(["alderholm.com", "alderholm.de", "birchberg.com", "group.com", "dunmor.io"]),
        "city": st.sampled_from(["Leeds", "Hove", "Köln"]),
        "country": st.sampled_from(["UK", "DE", "France", "NY", "TX", "CA", "IL"]),
        "postcode": st.sampled_from(["LS1 4AP", "50667"]),
        "street": st.sampled_from(["1 High Street", "Domplatz 3"]),
        "phone": st.sampled_from(["+44 113 4960000", "0221 123456"]),
        "industry": st.sampled_from(["4711", "Banking"]),
        "headcount": st.sampled_from([3, 200, 210]),
    },
)
#: One letter apart, with one key in common, of a single word: a crowd takes it away.
SLIPS: Rows = {("sf", "slip"): {"name": "Xanthopolisity"}, ("globex", "slip"): {"name": "Zanthopolisity"}}
SLIP = st.sampled_from(list(SLIPS.values()))
#: One name in two cities: whoever is in the same city takes the row away.
RIVALS: Rows = {
    ("sf", "rival"): {"name": "Dunmorholm Logistics", "city": "Leeds", "country": "UK"},
    ("globex", "rival"): {"name": "Dunmorholm Logistics", "city": "Hove", "country": "UK"},
}
RIVAL = st.sampled_from(list(RIVALS.values()))
BOOKS = st.sampled_from(["sf", "sf2", "globex", "initech"])
PLACE = st.tuples(BOOKS, st.integers(0, 11).map(str))
CHANGE = st.one_of(
    st.tuples(st.just("put"), PLACE, ROW),
    st.tuples(st.just("put"), st.sampled_from([("sf", "new rival"), ("globex", "new rival")]), RIVAL),
    st.tuples(st.just("drop"), PLACE, st.none()),
    st.tuples(st.just("move"), PLACE, PLACE),
    st.tuples(st.just("double"), PLACE, PLACE),
    st.tuples(st.just("crowd"), BOOKS, st.one_of(ROW, SLIP)),
    st.tuples(st.just("disperse"), BOOKS, st.none()),
    st.tuples(st.just("swap"), PLACE, PLACE),
    st.tuples(st.just("leave"), BOOKS, st.none()),
    st.tuples(st.just("come back"), BOOKS, st.none()),
    st.tuples(st.just("turn around"), BOOKS, st.none()),
)
MODELS = (DEFAULT, replace(DEFAULT, match_at=0.995), replace(DEFAULT, prior=DEFAULT.prior - 1.5))
#: What is changed before a run, by which model it matches, and whether it is cut off and runs again.
STEP = st.tuples(
    st.lists(CHANGE, min_size=1, max_size=4),
    st.sampled_from([DEFAULT, DEFAULT, *MODELS]),
    st.sampled_from([False, False, True]),
)


def change(desk: Desk, what: str, where: Any, value: Any) -> None:
    """Do one thing to the rows; what cannot be done is nothing."""
    book = where if isinstance(where, str) else where[0]
    rows = desk.ours if book.startswith("sf") else desk.theirs
    away = {key: row for key, row in desk.away.items() if key[0] == book}
    if what == "put":
        rows[where] = value
    elif what == "drop":
        rows.pop(where, None)
    elif what in ("move", "double") and where in rows:
        row = rows.pop(where) if what == "move" else rows[where]
        (desk.ours if value[0].startswith("sf") else desk.theirs)[value] = row
    elif what == "crowd":
        rows |= {(book, f"crowd {number}"): value for number in range(30)}
    elif what == "disperse":
        for key in [key for key in rows if key[0] == book and key[1].startswith("crowd")]:
            del rows[key]
    elif what == "swap" and where in rows and value in rows:
        rows[where], rows[value] = rows[value], rows[where]
    elif what == "leave":
        desk.away |= {key: rows.pop(key) for key in [key for key in rows if key[0] == book]}
    elif what == "come back":
        rows |= away
    elif what == "turn around":
        turned = dict(reversed(rows.items()))
        rows.clear()
        rows |= turned


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(PLACE, ROW, min_size=6, max_size=30),
    st.lists(STEP, min_size=1, max_size=4),
)
@example(
    {("sf", "0"): {"name": "Alderholm"}, ("globex", "0"): {"name": "Alderholm"}},
    [
        ([("put", ("sf", "new rival"), RIVALS["globex", "rival"])], DEFAULT, False),
        ([("crowd", "sf", SLIPS["sf", "slip"])], DEFAULT, True),
        ([("drop", ("sf", "new rival"), None), ("disperse", "sf", None)], DEFAULT, False),
    ],
)
def test_finds_after_any_changes_what_a_run_anew_finds(start: Rows, steps: list[tuple[Any, Model, bool]]) -> None:
    start = start | SLIPS | RIVALS
    desk = Desk(
        {key: row for key, row in start.items() if key[0].startswith("sf")},
        {key: row for key, row in start.items() if not key[0].startswith("sf")},
    )
    with changes_do_not_count():
        for changes, model, is_cut_off in [([], DEFAULT, False), *steps]:
            for one in changes:
                change(desk, *one)
            if is_cut_off:
                matched(desk.connection, desk, model, end="rollback")
            found = desk.match(model)
            event(f"counted: {found.counted_because is not None}, pairs: {found.pairs.height > 0}")
            if found.statistics is not None:
                assert_as_anew(desk, found, model)
            if found.counted_because is not None:
                assert_frame_equal(found.pairs, DuckDbEngine().match(*desk.frames(), model), check_exact=True)
