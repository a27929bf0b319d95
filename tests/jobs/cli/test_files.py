"""`overlap match LEFT RIGHT`: two files and no workspace."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.jobs.cli.terminal import overlap

COLUMNS = ("--left-id", "Id", "--right-id", "Nr")


def pairs(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, to be read in this process but where a test says otherwise: starting others takes long."""
    monkeypatch.setenv("OVERLAP_LISTS__SEPARATE_PROCESS", "false")
    (tmp_path / "left.csv").write_text("Id,Company,Web\n1,Alder Pumps GmbH,alderpumps.com\n2,Birch Valves,birch.com\n")
    (tmp_path / "right.csv").write_text("Nr,Name,Website\na,ALDER PUMPS,alderpumps.com\nb,Zinnia Foods,zinnia.com\n")
    return tmp_path


def test_writes_one_row_per_pair_with_its_reasons(files: Path):
    said = overlap("match", files / "left.csv", files / "right.csv", *COLUMNS, "-o", files / "out.csv")
    assert said.code == 0
    assert f"2 x 2 rows: 1 matches, 0 to review, in {files / 'out.csv'}" in said.out
    (pair,) = pairs(files / "out.csv")
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


def test_each_file_is_read_in_a_process_of_its_own_with_limits(files: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OVERLAP_LISTS__SEPARATE_PROCESS")
    said = overlap("match", files / "left.csv", files / "right.csv")
    assert (said.code, "1 matches" in said.out) == (0, True)
    monkeypatch.setenv("OVERLAP_LISTS__FILE_MB", "many")
    said = overlap("match", files / "left.csv", files / "right.csv")
    assert (said.code, "OVERLAP_LISTS__FILE_MB" in said.err) == (2, True)


def test_needs_nothing_but_two_files(files: Path):
    said = overlap("match", files / "left.csv", files / "right.csv")
    assert said.code == 0
    assert f"in {files / 'left-right-overlap.csv'}" in said.out
    assert [(pair["left_id"], pair["right_id"]) for pair in pairs(files / "left-right-overlap.csv")] == [("1", "2")]
    assert "left.csv: id = Id, name = Company, website = Web" in said.err
    assert "right.csv: id = row number, name = Name, website = Website" in said.err
    assert "note: right.csv: no column of ids, so rows are called by their number in the file" in said.err


def test_one_file_alone_is_answered_with_the_whole_call(files: Path):
    said = overlap("match", files / "left.csv")
    assert said.code == 2
    assert "overlap match LEFT RIGHT" in said.err


@pytest.mark.parametrize("option", [["--mode", "same"], ["--precision", "0.9"], ["--least", "0.2"], ["--explain"]])
def test_wishes_without_files_are_not_passed_over(files: Path, option: list[str]):
    said = overlap("match", *option, "--dir", files)
    assert said.code == 2
    assert "name the" in said.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--mode", "famly"], "there is no mode 'famly'; did you mean 'family'?"),
        (["--precision", "99"], "less than or equal to 1"),
        (["--least", "-1"], "greater than or equal to 0"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(files: Path, options: list[str], says: str):
    said = overlap("match", files / "left.csv", files / "right.csv", *options)
    assert said.code == 2
    assert says in said.err.replace("\n", " ")
    assert not (files / "left-right-overlap.csv").exists()


def test_a_file_is_not_matched_with_itself(files: Path):
    (files / "copy.csv").hardlink_to(files / "left.csv")
    for right in ("left.csv", "copy.csv"):
        said = overlap("match", files / "left.csv", files / right)
        assert said.code == 2
        assert "LEFT and RIGHT are the same file" in said.error


def test_json_is_one_object_with_counts_timings_and_columns(files: Path):
    said = overlap("match", files / "left.csv", files / "right.csv", "--json", "--explain", "--diagnose")
    assert said.json["schema_version"] == 1
    assert (said.json["left"], said.json["right"]) == (2, 2)
    assert said.json["counts"] == {"match": 1, "review": 0, "no match": 0}
    assert set(said.json["timings_s"]) == {"reading", "comparing", "writing"}
    assert said.json["columns"]["left"] == {"id": "Id", "name": "Company", "website": "Web"}
    assert said.json["examples"][0]["left_name"] == "Alder Pumps GmbH"
    assert said.json["diagnosis"]["left rows matched"] == 1
    assert said.err == ""


def test_explain_shows_pairs_and_adds_their_evidence(files: Path):
    said = overlap("match", files / "left.csv", files / "right.csv", "--explain")
    assert "Alder Pumps GmbH = ALDER PUMPS" in said.out
    (pair,) = pairs(files / "left-right-overlap.csv")
    assert "website|same website alderpumps.com|" in pair["evidence"]
    overlap("match", files / "left.csv", files / "right.csv")
    assert "evidence" not in pairs(files / "left-right-overlap.csv")[0]


def test_what_is_less_probable_than_wished_is_not_written(files: Path):
    (files / "names.csv").write_text("Name\nAlder Pumps\nALDER PUMPS GMBH\n")
    scores = {}
    for least in ("0.5", "0.9", "1"):
        overlap("match", files / "left.csv", files / "names.csv", "--least", least, "-o", files / "out.csv")
        scores[least] = [float(pair["score"]) for pair in pairs(files / "out.csv")]
    assert scores["0.5"]
    assert scores["0.9"] == [score for score in scores["0.5"] if score >= 0.9]
    assert scores["1"] == []


def test_options_without_files_are_not_passed_over(files: Path):
    said = overlap("match", *COLUMNS, "--dir", files)
    assert said.code == 2
    assert "name the" in said.err


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("out.pdf", "the result is .csv, .xlsx or .parquet; give it a name with one of these endings"),
        ("out", "the result is .csv, .xlsx or .parquet; give it a name with one of these endings"),
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
