from __future__ import annotations

import csv
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.quarantine import SCHEMA, unharmed, write


def quarantine(*values: str | None) -> pl.DataFrame:
    rows = [(at, "Firma", value, "no company name", "write it", ["7", value]) for at, value in enumerate(values, 2)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_a_partner_manager_can_open_it(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine('Müller "&" Co,\nUlm', None), path, ["Nr", "Firma"])
    assert read(path) == [
        ["Row", "Column", "Value", "Reason", "Remedy", "Nr", "Firma"],
        ["2", "Firma", 'Müller "&" Co,\nUlm', "no company name", "write it", "7", 'Müller "&" Co,\nUlm'],
        ["3", "Firma", "", "no company name", "write it", "7", ""],
    ]


@pytest.mark.parametrize(
    "value", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A", "'=1"]
)
def test_formulas_are_neutralised(tmp_path: Path, value: str) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine(value), path, ["Nr", value])
    heading, row = read(path)
    assert (row[2], row[6], heading[6]) == ("'" + value,) * 3


@given(st.text(alphabet="'=+-@\t\r\n＝＋－＠aü ", max_size=6))
def test_what_was_neutralised_comes_back_unharmed(value: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "quarantine.csv"
        write(quarantine(value), path, ["Nr", "Firma"])
        _, row = read(path)
    assert not re.match("[=+@\t\r\n＝＋－＠-]", row[6])
    assert pl.DataFrame({"a": [row[6]]}).select(unharmed(pl.col("a"))).item() == value


def test_control_characters_are_shown_as_lost(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine("Ac\0me\x1b"), path, ["Nr", "Firma"])
    assert read(path)[1][2] == "Ac\N{REPLACEMENT CHARACTER}me\N{REPLACEMENT CHARACTER}"


def test_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    write(quarantine("first"), path, ["Nr", "Firma"])
    before = path.read_bytes()
    with pytest.raises(pl.exceptions.PolarsError):
        write(quarantine("second").with_columns(pl.lit([1]).alias("reason")), path, ["Nr", "Firma"])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["quarantine.csv"]
    write(quarantine("second"), path, ["Nr", "Firma"])
    assert read(path)[1][2] == "second"
