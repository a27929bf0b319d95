from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import fastexcel
import polars as pl
import pytest

from jobs import files_result
from jobs.files_result import COLUMNS, result_of, write
from overlap.errors import ConfigError

FOUND = pl.DataFrame(
    [
        (
            "00017",
            "Ålder & <Söhne>",
            "-7",
            "=cmd|'/C calc'!A1",
            0.9912,
            "match",
            "Same",
            "same name; +1",
            "name|same name|7",
        ),
        ("2", "-", "=1+1", "@Home", 0.61, "review", "Parent", "but other city", "place|other city|-1\nrivals||-2"),
    ],
    schema=list(COLUMNS),
    orient="row",
)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_surest_pair_comes_first_and_names_stand_beside_ids() -> None:
    pairs = pl.DataFrame(
        {
            "ours_id": ["1", "1", "2"],
            "theirs_id": ["a", "b", "a"],
            "probability": [0.7, 0.7, 0.99],
            "decision": ["review", "review", "match"],
            "relation": ["Same"] * 3,
            "reasons": ["r"] * 3,
            "evidence": ["e"] * 3,
        }
    )
    ours = pl.DataFrame({"id": ["1", "2"], "name": ["Acme", "Globex"]})
    theirs = pl.DataFrame({"id": ["a", "b"], "name": ["ACME", "GLOBEX"]})
    found = result_of(pairs, ours, theirs, explain=False)
    assert found.select("left_id", "left_name", "right_id", "right_name").rows() == [
        ("2", "Globex", "a", "ACME"),
        ("1", "Acme", "a", "ACME"),
        ("1", "Acme", "b", "GLOBEX"),
    ]
    assert "evidence" not in found.columns
    assert "evidence" in result_of(pairs, ours, theirs, explain=True).columns


def test_no_cell_of_a_csv_runs_as_a_formula_and_changed_ids_are_counted(tmp_path: Path) -> None:
    notes = write(FOUND, tmp_path / "out.csv")
    first, second = rows(tmp_path / "out.csv")
    assert (first["left_id"], first["right_id"]) == ("00017", "-7")
    assert (first["right_name"], second["right_name"]) == ("'=cmd|'/C calc'!A1", "'@Home")
    assert (second["left_name"], second["right_id"]) == ("'-", "'=1+1")
    assert notes == ("1 pairs have an id that a spreadsheet would run as a formula; it has a ' in front",)


def test_a_workbook_holds_text_only_and_can_be_filtered(tmp_path: Path) -> None:
    assert write(FOUND, tmp_path / "out.xlsx") == ()
    book = fastexcel.read_excel(tmp_path / "out.xlsx").load_sheet(0).to_polars()
    assert book.columns == [column.replace("_", " ") for column in COLUMNS]
    assert book.row(0) == FOUND.row(0)
    assert book.row(1) == FOUND.row(1)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert '<autoFilter ref="A1:I3"/>' in sheet
    assert 'state="frozen"' in sheet
    styles = [sheet.partition(f'<c r="{cell}" s="')[2].partition('"')[0] for cell in ("F2", "F3")]
    assert styles[0] != styles[1]


def test_what_a_sheet_cannot_hold_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_result, "_SHEET_ROWS", 1)
    assert write(FOUND, tmp_path / "out.xlsx") == ("a sheet ends at 1 rows: the last 1 pairs are missing",)
    assert fastexcel.read_excel(tmp_path / "out.xlsx").load_sheet(0).to_polars().height == 1


def test_parquet_holds_the_values_as_they_are(tmp_path: Path) -> None:
    write(FOUND, tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet").equals(FOUND)


def test_a_result_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write(FOUND, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
