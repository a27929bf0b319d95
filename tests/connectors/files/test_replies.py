"""What a process that was taken over might say of its list, and who would believe it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from config.partners import PartnerSettings
from connectors.files import replies
from connectors.files.accounts import read_accounts
from connectors.files.source import read_list

Change = Callable[[pl.DataFrame], pl.DataFrame]
MEMORY_MB = 4
LIST = "id,name,city\n1,Acme,Ulm\n2,Globex,Bonn\n3,,\n"


@pytest.fixture
def tables(save: Callable[..., Path], tmp_path: Path) -> list[Path]:
    found = read_list(save(LIST), "globex", PartnerSettings(name="Globex", files="x"))
    paths = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    for frame, path in zip((found.rows, found.quarantine), paths, strict=True):
        frame.write_parquet(path, compression="uncompressed")
    return paths


def told(**changed: Any) -> dict[str, Any]:
    titles = ["id", "name", "city"]
    headings = {title: title for title in titles}
    return {
        "rows_in": 3,
        "duplicates": 0,
        "headings": headings,
        "reading": {"columns": {}, "headings": []},
        "titles": titles,
        "notes": [],
    } | changed


def test_what_is_true_is_believed(tables: list[Path]) -> None:
    found = replies.list_read(told(notes=["one\x1b[2J"]), tables, "globex", MEMORY_MB)
    assert (found.rows.height, found.quarantine.height, found.rows_in) == (2, 1, 3)
    assert (found.titles, found.notes) == (("id", "name", "city"), ("one\N{REPLACEMENT CHARACTER}[2J",))


@pytest.mark.parametrize(
    "changed",
    [
        {"rows_in": 4},
        {"rows_in": "3"},
        {"rows_in": 2, "duplicates": -1},
        {"rows_in": 3.0},
        {"headings": {"id": "id", "name": "Other"}},
        {"headings": {"secret": "id"}},
        {"titles": "id"},
        {"notes": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_reply_of_another_shape_is_not(tables: list[Path], changed: dict[str, Any]) -> None:
    with pytest.raises(replies.NonsenseError):
        replies.list_read(told(**changed), tables, "globex", MEMORY_MB)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.drop("city"),
        lambda rows: rows.select(pl.exclude("name"), "name"),
        lambda rows: rows.with_columns(pl.lit(1).alias("headcount")),
        lambda rows: rows.with_columns(pl.lit("other").alias("partner")),
        lambda rows: rows.with_columns(pl.lit(None, pl.String).alias("id")),
        lambda rows: rows.with_columns(pl.lit("1").alias("id")),
        lambda rows: rows.reverse(),
        lambda rows: rows.with_columns(pl.lit(None, pl.String).alias("name")),
        lambda rows: rows.with_columns(pl.lit(None, pl.String).alias("population")),
        lambda rows: rows.with_columns(pl.lit("Winners").alias("population")),
        lambda rows: rows.head(1),
    ],
    ids=(
        "column",
        "order",
        "type",
        "partner",
        "no-id",
        "one-id",
        "unsorted",
        "no-name",
        "no-population",
        "new-population",
        "fewer",
    ),
)
def test_a_table_of_another_shape_is_not(tables: list[Path], change: Change) -> None:
    change(pl.read_parquet(tables[0])).write_parquet(tables[0])
    with pytest.raises(replies.NonsenseError):
        replies.list_read(told(), tables, "globex", MEMORY_MB)


def test_a_table_is_a_file_and_no_way_to_another_one(tables: list[Path], tmp_path: Path) -> None:
    other = tables[0].rename(tmp_path / "others.parquet")
    tables[0].symlink_to(other)
    with pytest.raises(replies.NonsenseError, match="no table"):
        replies.list_read(told(), tables, "globex", MEMORY_MB)


def test_few_bytes_that_say_many_rows_fill_nobodys_memory(tables: list[Path], tmp_path: Path) -> None:
    rows = pl.read_parquet(tables[0]).head(1)
    many = pl.select(*(pl.repeat(rows[name][0], 20_000, dtype=kind).alias(name) for name, kind in rows.schema.items()))
    many.write_parquet(tables[0])
    assert tables[0].stat().st_size < 20_000
    with pytest.raises(replies.NonsenseError, match="more rows in"):
        replies.list_read(told(), tables, "globex", MEMORY_MB)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MEMORY_MB * 1_000_000 + 1)
    with pytest.raises(replies.NonsenseError, match="larger than its memory"):
        replies.corrections({"corrected": 1}, [large], tmp_path / "target", MEMORY_MB)


def test_no_damaged_table_breaks_this_process(tables: list[Path]) -> None:
    chance, whole = random.Random(3), tables[0].read_bytes()
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        tables[0].write_bytes(damaged)
        try:
            found = replies.list_read(told(), tables, "globex", MEMORY_MB)
        except replies.NonsenseError:
            continue
        assert found.rows.height == 2


def test_accounts_have_an_id_and_a_name_each(save: Callable[..., Path], tmp_path: Path) -> None:
    rows = read_accounts(save("id,name\n1,Acme\n2,Globex\n")).rows
    said = {"dropped": 0, "notes": [], "columns": {"id": "id", "name": "name"}}
    path = tmp_path / "0.parquet"
    for change, good in (("2", True), ("1", False), (None, False)):
        ids = pl.Series("id", ["1", change], dtype=pl.String)
        rows.with_columns(ids).write_parquet(path)
        if good:
            assert replies.accounts(said, [path], MEMORY_MB).rows.height == 2
        else:
            with pytest.raises(replies.NonsenseError):
                replies.accounts(said, [path], MEMORY_MB)
