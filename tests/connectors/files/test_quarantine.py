from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from connectors.files.quarantine import SCHEMA, write


def quarantine(*values: str | None) -> pl.DataFrame:
    rows = [(at, "Firma", value, "no company name") for at, value in enumerate(values, start=2)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_a_partner_manager_can_open_it(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine('Müller "&" Co,\nUlm', None), path)
    assert read(path) == [
        ["Row", "Column", "Value", "Reason"],
        ["2", "Firma", 'Müller "&" Co,\nUlm', "no company name"],
        ["3", "Firma", "", "no company name"],
    ]


@pytest.mark.parametrize("value", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_formulas_are_neutralised(tmp_path: Path, value: str) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine(value), path)
    assert read(path)[1][2] == "'" + value


def test_control_characters_are_shown_as_lost(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine("Ac\0me\x1b"), path)
    assert read(path)[1][2] == "Ac\N{REPLACEMENT CHARACTER}me\N{REPLACEMENT CHARACTER}"


def test_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine("first"), path)
    before = path.read_bytes()
    with pytest.raises(pl.exceptions.PolarsError):
        write(quarantine("second").with_columns(pl.lit([1]).alias("nested")), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["quarantine.csv"]
    write(quarantine("second"), path)
    assert read(path)[1][2] == "second"
