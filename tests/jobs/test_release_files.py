"""The files that partners get: nothing in them runs, and the same share is the same bytes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import fastexcel
import polars as pl
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.sharing import release_files
from jobs.stores import shares
from overlap.errors import ConfigError

SIGNS = "=+-@\0＝＋－＠"
#: Texts full of what spreadsheets trip over; without lone surrogates, which no file of UTF-8 can hold.
TEXTS = st.lists(st.sampled_from([*SIGNS, *";,|\t\r\n\" '", "\ufeff", "\xa0", "1", "a", "SUM(A1)"]), max_size=8).map(
    "".join
)


def share(folder: Path, rows: pl.DataFrame) -> Path:
    return shares.write(folder, "globex", "1", "0123456789abcdef", rows)


def pieces(text: str) -> list[str]:
    """Where a cell may begin, to a reader of another locale; stripped of all that somebody may strip."""
    return [piece.strip(" \t\r\n\xa0\ufeff\u200b\x00") for piece in re.split(r'[;,|\t\r\n"]', text)]


def runs(text: str) -> bool:
    return text[:1] in ("\t", "\r", "\n", "\0") or any(piece.startswith(tuple(SIGNS)) for piece in pieces(text))


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_no_text_is_ever_run_wherever_its_cell_is_taken_to_begin(texts: list[str]) -> None:
    safe = pl.DataFrame({"text": texts}).select(release_files.neutral(pl.col("text"))).to_series().to_list()
    assert not [text for text in safe if runs(text)]
    assert [text for text, was in zip(safe, texts, strict=True) if text.replace("'", "") != was.replace("'", "")] == []


def test_no_cell_of_a_csv_is_run_its_headings_neither(tmp_path: Path) -> None:
    texts = ["=1+1", " +1", 'a";=cmd', "x\n-1", "\t@x", "＝1", "Smith-Jones", "1,5"]
    file = tmp_path / "out.csv"
    release_files.export(share(tmp_path, pl.DataFrame({"=heading": texts})), file, "csv")
    with file.open(newline="", encoding="utf-8-sig") as opened:
        cells = [cell for row in csv.reader(opened) for cell in row]
    assert (len(cells), cells[0], cells[-2:]) == (len(texts) + 1, "'=heading", ["Smith-Jones", "1,5"])
    assert not [cell for cell in cells if runs(cell)]


def test_a_workbook_holds_typed_text_and_numbers(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"their_id": ["00017", "=1+1"], "our_name": ["https://acme.com", None], "our_headcount": [-7, None]}
    )
    file = tmp_path / "out.xlsx"
    release_files.export(share(tmp_path, rows), file, "xlsx")
    said = fastexcel.read_excel(file).load_sheet(0, dtypes="string").to_polars().rows()
    assert said == [("00017", "https://acme.com", "-7"), ("'=1+1", None, None)]
    assert b"<f>" not in file.read_bytes()


@pytest.mark.parametrize("kind", release_files.KINDS)
def test_the_same_rows_are_the_same_bytes_on_another_day(tmp_path: Path, kind: str) -> None:
    rows = pl.DataFrame({"their_id": ["1", "2"], "our_name": ["Acme", "Birch"]})
    made = []
    apart = pl.concat([rows.head(1), rows.tail(1)], rechunk=False)
    for day, parts in (("2026-01-01", rows), ("2026-07-01", apart)):
        file = tmp_path / f"{day}.{kind}"
        with time_machine.travel(day):
            path = share(tmp_path, parts)
            release_files.export(path, file, kind)
        made.append((path.read_bytes(), file.read_bytes()))
    assert made[0] == made[1]


def test_rows_that_a_sheet_cannot_hold_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_files, "_SHEET_ROWS", 1)
    path = share(tmp_path, pl.DataFrame({"their_id": ["1", "2"]}))
    with pytest.raises(ConfigError, match=r"a sheet ends at 1 rows, and these are 2; say --format csv"):
        release_files.export(path, tmp_path / "out.xlsx", "xlsx")
