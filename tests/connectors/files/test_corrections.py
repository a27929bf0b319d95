"""A person corrects rows in the file of bad rows, as people do, and gives it back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.partners import PartnerSettings
from connectors.files import quarantine
from connectors.files.corrections import corrected
from connectors.files.source import ListRead, read_list
from overlap.errors import ConfigError, GuardError

Save = Callable[..., Path]
Rows = list[dict[str, str]]
GLOBEX = PartnerSettings(name="Globex", files="lists/*")
LIST = (
    "Kunden-Nr.;Firma;Website;Status\n"
    "007;Acme;acme.example;Kunde\n"
    "\n"
    "008;=Calc;calc.example;Foe\n"
    "009;;hooli.example;Kunde\n"
    "010;Bell\x07;;Kunde\n"
    "011;Short\n"
)


@pytest.fixture
def sent(save: Save) -> Path:
    return save(LIST, "globex.csv")


@pytest.fixture
def edit(sent: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write the file of bad rows, let a function edit its rows, and save it as a spreadsheet would."""

    def edited(change: Callable[[Rows], Any], delimiter: str = ",", encoding: str = "utf-8-sig") -> Path:
        path = tmp_path / "bad.csv"
        found = read_list(sent, "globex", GLOBEX)
        quarantine.write(found.quarantine, path, found.titles)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows: Rows = list(csv.DictReader(file))
        titles = list(rows[0])
        change(rows)
        with path.open("w", encoding=encoding, newline="", errors="replace") as file:
            writer = csv.DictWriter(file, titles, delimiter=delimiter, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        return path

    return edited


def again(sent: Path, corrections: Path) -> tuple[int, ListRead]:
    target = sent.with_name("again.csv")
    return corrected(sent, corrections, GLOBEX, target), read_list(target, "globex", GLOBEX)


def names(found: ListRead) -> dict[str, str]:
    return dict(found.rows.select("id", "name").iter_rows())


def ship(rows: Rows) -> None:
    """Correct a status, and leave the other rows alone."""
    rows[0]["Status"] = "Kunde"


def test_a_corrected_row_is_read_and_no_other_row_changes(sent: Path, edit: Callable[..., Path]) -> None:
    count, found = again(sent, edit(ship))
    assert (count, found.rows_in, found.quarantine.height) == (1, 5, 3)
    assert names(found) == {"007": "Acme", "008": "=Calc"}
    assert found.quarantine["reason"].to_list() == [
        *("no company name", "control characters", "1 cells where the heading has 4")
    ]


def test_a_row_that_could_not_be_read_is_typed_anew(sent: Path, edit: Callable[..., Path]) -> None:
    def type_it(rows: Rows) -> None:
        rows[3] |= {"Kunden-Nr.": "011", "Firma": "Short", "Status": "Kunde"}
        del rows[:3]  # rows that are left out stay as they are

    count, found = again(sent, edit(type_it))
    assert (count, found.rows_in, names(found)) == (1, 5, {"007": "Acme", "011": "Short"})


def test_what_a_spreadsheet_does_to_ids_is_undone(sent: Path, edit: Callable[..., Path]) -> None:
    def as_excel_saves(rows: Rows) -> None:
        ship(rows)
        for row in rows:
            row["Kunden-Nr."] = row["Kunden-Nr."].lstrip("0")

    count, found = again(sent, edit(as_excel_saves, ";", "cp1252"))
    assert (count, names(found)) == (1, {"007": "Acme", "008": "=Calc"})


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (len, "no row of it was corrected"),
        (
            lambda rows: rows[0].update(Value="Kunde"),
            "of row 4, only 'Value' .* under 'Status'",
        ),
        (lambda rows: rows[0].update(Row="2", Status="Kunde"), "row 2 of the list is none of its bad rows"),
        (lambda rows: rows[0].update(Row="", Status="Kunde"), "line 2 names no row"),
        (lambda rows: rows.append(rows[0]), "line 6 names no row of the list, or one that stands above"),
    ],
    ids=["nothing", "value", "good-row", "no-row", "twice"],
)
def test_a_mistake_is_named(sent: Path, edit: Callable[..., Path], mistake: Callable[[Rows], Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        again(sent, edit(mistake))


def test_another_file_is_refused(sent: Path, save: Save, edit: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match="its first headings must be Row, Column"):
        again(sent, sent)
    corrections = edit(ship)
    other = save("id,name\n1,Acme\n2,\n", "other.csv")
    with pytest.raises(ConfigError, match="not of this list, whose headings are id, name"):
        again(other, corrections)
    corrections.write_text(corrections.read_text("utf-8-sig") + "5,more\n")
    with pytest.raises(GuardError, match=r"line 6 cannot be read \(2 cells"):
        again(sent, corrections)


def test_bad_rows_of_a_single_column_stay_bad(save: Save, tmp_path: Path) -> None:
    path = save("Firma\nAcme\nNu\0l\n" + "x" * 300 + "\n", "one.csv")
    found = read_list(path, "globex", GLOBEX)
    bad = tmp_path / "bad.csv"
    quarantine.write(found.quarantine, bad, found.titles)
    bad.write_text(bad.read_text("utf-8-sig").replace("," + "x" * 300 + "\n", ",Xenon\n"))
    count, again_ = again(path, bad)
    assert (count, again_.rows_in, again_.quarantine.height) == (1, 3, 1)
    assert sorted(again_.rows["name"]) == ["Acme", "Xenon"]
