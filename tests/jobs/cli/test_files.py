"""`overlap match LEFT RIGHT`: two files and no workspace."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.jobs.cli.terminal import overlap

COLUMNS = ("--left-id", "Id", "--right-id", "Nr")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "left.csv").write_text("Id,Company,Web\n1,Alder Pumps GmbH,alderpumps.com\n2,Birch Valves,birch.com\n")
    (tmp_path / "right.csv").write_text("Nr,Name,Website\na,ALDER PUMPS,alderpumps.com\nb,Zinnia Foods,zinnia.com\n")
    return tmp_path


def test_writes_one_row_per_pair_with_its_reasons(files: Path):
    said = overlap("match", files / "left.csv", files / "right.csv", *COLUMNS, "-o", files / "out.csv")
    assert said.code == 0
    assert f"2 x 2 rows: 1 matches, 0 to review, in {files / 'out.csv'}" in said.out
    with (files / "out.csv").open(newline="") as file:
        (pair,) = csv.DictReader(file)
    assert (pair["left_id"], pair["right_id"], pair["decision"]) == ("1", "a", "match")
    assert "same website alderpumps.com" in pair["reasons"]


def test_a_wrong_id_column_is_answered_with_those_that_are_there(files: Path):
    said = overlap(
        "match",
        files / "left.csv",
        files / "right.csv",
        "--left-id",
        "ID2",
        "--right-id",
        "Nr",
        "-o",
        files / "out.csv",
    )
    assert said.code == 2
    assert "left.csv: no column 'ID2'; there are: Id, Company, Web" in said.error
    assert not (files / "out.csv").exists()


@pytest.mark.parametrize("left_out", ["--left-id", "--right-id", "-o"])
def test_a_missing_option_is_answered_with_the_whole_call(files: Path, left_out):
    options = {"--left-id": "Id", "--right-id": "Nr", "-o": files / "out.csv"}
    given = [word for option, value in options.items() if option != left_out for word in (option, value)]
    said = overlap("match", files / "left.csv", files / "right.csv", *given)
    assert said.code == 2
    assert "matching two files needs LEFT RIGHT --left-id COL --right-id" in said.err


def test_options_without_files_are_not_passed_over(files: Path):
    said = overlap("match", *COLUMNS, "--dir", files)
    assert said.code == 2
    assert "name the" in said.err


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("out.xlsx", "the result is a CSV; give it a name that ends in .csv"),
        ("left.csv", "is one of the two files to match; give the result another name"),
        ("right.csv", "is one of the two files to match; give the result another name"),
        ("nowhere/out.csv", "make it, or choose another"),
    ],
)
def test_a_result_without_a_place_is_refused_before_the_matching(files: Path, output, says):
    before = {path: path.read_bytes() for path in files.iterdir()}
    said = overlap("match", files / "left.csv", files / "right.csv", *COLUMNS, "-o", files / output)
    assert said.code == 2
    assert str(files / output) in said.error
    assert says in said.error
    assert {path: path.read_bytes() for path in files.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("none.csv", None, 2, "no such file; correct the path"),
        ("empty.csv", b"", 6, "the file is empty"),
        ("page.csv", b"<html>Sign in</html>", 6, "HTML or XML, perhaps a login or error page"),
        ("twice.csv", b"Id,Name,name\n1,a,b\n", 6, "heading 'Name' stands in columns B and C"),
        ("list.doc", b"\xd0\xcf\x11\xe0", 6, "files of type '.doc' are not read; save it as .xlsx or .csv"),
        ("code.csv", b"Id,Name\n1,\x81\x8d\n", 6, "neither UTF-8 nor cp1252"),
        ("anonymous.csv", b"Id,Colour\n1,red\n", 6, "name"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_fault(files: Path, name, content, code, says):
    if content is not None:
        (files / name).write_bytes(content)
    said = overlap("match", files / name, files / "right.csv", *COLUMNS, "-o", files / "out.csv")
    assert said.code == code
    assert name in said.error
    assert says in said.error
    assert not (files / "out.csv").exists()


def test_rows_that_were_left_out_are_counted(files: Path):
    with (files / "left.csv").open("a") as file:
        file.write("3,,nameless.com\n")
    said = overlap("match", files / "left.csv", files / "right.csv", *COLUMNS, "-o", files / "out.csv", "--json")
    assert said.code == 0
    assert said.json["notes"] == ["left.csv: 1 rows without id or name were dropped"]
