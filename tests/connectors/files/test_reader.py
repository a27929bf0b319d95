from __future__ import annotations

import codecs
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.files.reader import ROW_NUMBER, Table, read_table
from overlap.errors import ConfigError, GuardError, OverlapError

Save = Callable[..., Path]


def cells(table: Table) -> list[tuple[str | None, ...]]:
    return table.rows.drop(ROW_NUMBER).rows()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_reads_each_delimiter_and_line_end(save: Save, delimiter: str, line_end: str) -> None:
    rows = [["id", "name", "city"], ["1", "Acme", "Bonn, Beuel"], ["2", "Globex; Söhne", "Ulm"]]
    quoted = line_end.join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    table = read_table(save(quoted + line_end))
    assert table.headings == ("id", "name", "city")
    assert cells(table) == [("1", "Acme", "Bonn, Beuel"), ("2", "Globex; Söhne", "Ulm")]


def test_a_semicolon_file_may_hold_commas_in_its_headings(save: Save) -> None:
    table = read_table(save("Firma;Umsatz, netto, EUR, 2025;Ort\nAcme, Inc.;1,5;Ulm\nGlobex;2;Bonn\n"))
    assert cells(table) == [("Acme, Inc.", "1,5", "Ulm"), ("Globex", "2", "Bonn")]


def test_an_empty_cell_is_none(save: Save) -> None:
    assert cells(read_table(save('id,name,city\n1,,""\n'))) == [("1", None, None)]


def test_excels_separator_line_is_obeyed_and_not_counted(save: Save) -> None:
    table = read_table(save("sep=;\nid;name\n1;Acme\n"))
    assert table.rows.rows() == [(2, "1", "Acme")]


def test_mixed_line_ends_and_line_breaks_inside_cells(save: Save) -> None:
    table = read_table(save('id,street\r\n1,"Weg 1\nHaus 2"\n2,"a\r\nb"\r\n3,c\r'))
    assert cells(table) == [("1", "Weg 1\nHaus 2"), ("2", "a\r\nb"), ("3", "c")]


def test_rows_are_counted_as_a_spreadsheet_counts_them(save: Save) -> None:
    table = read_table(save('\nid,street\n\n1,"Weg 1\nHaus 2"\n,\n2,x\nshort\n'))
    assert table.rows[ROW_NUMBER].to_list() == [4, 6]
    assert table.rejects.rows() == [(7, "1 cells where the heading has 2", "short")]
    assert table.rows_in == 3


def test_a_row_of_the_wrong_width_costs_only_itself(save: Save) -> None:
    table = read_table(save("id,name,city\n1,Acme,Ulm\n2,Globex\n3,Initech,Inc.,Bonn\n4,Hooli,Köln\n"))
    assert [row[0] for row in cells(table)] == ["1", "4"]
    assert table.rejects.select("row_number", "text").rows() == [(3, "2,Globex"), (4, "3,Initech,Inc.,Bonn")]


def test_nul_bytes_and_broken_quotes_cost_only_their_row(save: Save) -> None:
    table = read_table(save('id,name\n1,Ac\0me\n2,"Glo"bex\n3,5" Pipes Ltd\n'))
    assert cells(table) == [("3", '5" Pipes Ltd')]
    assert table.rejects["row_number"].to_list() == [2, 3]
    assert table.rejects["reason"][0] == "holds NUL bytes"


@pytest.mark.parametrize("rest", ["", '3,"Hooli"\n', "3,Hooli\n" * 50_000])
def test_a_quote_that_runs_on_holds_the_file_and_names_its_row(save: Save, rest: str) -> None:
    with pytest.raises(GuardError, match=r"row 3 .* line 3, which begins '2,\"Globex"):
        read_table(save('id,name\n1,Acme\n2,"Globex\n' + rest))


def test_a_cut_last_line_is_pointed_out(save: Save) -> None:
    assert "cut off" in read_table(save("id,name\n1,Acme\n2,Glo")).notes[0]
    assert read_table(save("id,name\n1,Acme\n")).notes == ()


def test_the_footer_of_a_salesforce_report_is_no_data(save: Save) -> None:
    footer = '"Partner accounts"\n"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."\n"Acme"\n'
    table = read_table(save('"Account ID","Account Name"\n"001","Acme"\n"bad"\n"002","Globex"\n\n\n' + footer))
    assert table.rejects["row_number"].to_list() == [3]
    assert table.notes == ("3 footer lines of a Salesforce report were left out, from row 7 on",)


def test_a_bad_last_row_above_a_footer_is_still_rejected(save: Save) -> None:
    table = read_table(save("id,name,city\n1,Acme,Ulm\n2,Globex\n\nCopyright (c) 2000-2026 salesforce.com\n"))
    assert table.rejects["row_number"].to_list() == [3]


def test_brackets_in_a_heading_are_no_json(save: Save) -> None:
    assert read_table(save("[Account].[Id],[Account].[Name]\n1,Acme\n")).rows.height == 1


def test_other_last_lines_are_rejected_and_not_dropped(save: Save) -> None:
    assert read_table(save("id,name\n1,Acme\nTotal: 1\n")).rejects["row_number"].to_list() == [3]


@pytest.mark.parametrize("value", ["00007", "01067", "123456789012345678", "1E5", "TRUE", "NULL", "NA", "2025-03-01"])
def test_keeps_ids_and_postcodes_as_text(save: Save, save_workbook: Save, tmp_path: Path, value: str) -> None:
    pl.DataFrame({"id": [value]}).write_parquet(tmp_path / "list.parquet")
    for path in (save(f"id\n{value}\n"), save_workbook([["id"], [value]]), tmp_path / "list.parquet"):
        assert cells(read_table(path)) == [(value,)]


def test_spreadsheet_values_become_the_text_that_a_person_sees(save_workbook: Save) -> None:
    row = [100.0, 0.5, date(2025, 3, 1), datetime(2025, 3, 1, 12, 30), True, "", "Weg 1\nHaus 2"]
    table = read_table(save_workbook([[*"abcdefg"], row]))
    assert cells(table) == [("100", "0.5", "2025-03-01", "2025-03-01 12:30:00", "true", None, "Weg 1\nHaus 2")]
    assert table.encoding == "xlsx"


def test_numbers_beyond_the_digits_of_a_spreadsheet_show_their_damage(save_workbook: Save) -> None:
    assert cells(read_table(save_workbook([["id"], [123456789012345678]]))) == [("1.23457E+17",)]


def test_rows_of_a_workbook_are_counted_from_its_top(save_workbook: Save) -> None:
    table = read_table(save_workbook([["id", "name"], ["1", "Acme"], ["", ""], ["2", "Globex"]], start=(3, 2)))
    assert table.rows.rows() == [(5, "1", "Acme"), (7, "2", "Globex")]


def test_reads_the_first_visible_or_the_named_sheet(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        for name in ("Hidden", "Accounts", "Old"):
            workbook.add_worksheet(name).write_column(0, 0, ["id", name])
        workbook.get_worksheet_by_name("Accounts").activate()
        workbook.get_worksheet_by_name("Accounts").set_first_sheet()
        workbook.get_worksheet_by_name("Hidden").hide()
    table = read_table(path)
    assert cells(table) == [("Accounts",)]
    assert table.notes == ("only sheet 'Accounts' was read, not 'Hidden', 'Old'; the setting 'sheet' names one",)
    assert cells(read_table(path, sheet="Old")) == [("Old",)]
    with pytest.raises(ConfigError, match="no sheet 'Acounts'; did you mean 'Accounts'"):
        read_table(path, sheet="Acounts")


def test_parquet_values_become_text(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    pl.DataFrame(
        {"id": [7, 8], "size": [100.0, float("nan")], "on": [date(2025, 3, 1), None], "at": [datetime(2025, 3, 1)] * 2}
    ).write_parquet(path)
    assert read_table(path).rows.rows() == [
        (2, "7", "100", "2025-03-01", "2025-03-01"),
        (3, "8", None, None, "2025-03-01"),
    ]


GOOD = "id,name\n1,Acme\n"
HELD = [  # file name, content, what the message says
    ("list.csv", "", "the file is empty"),
    ("list.csv", codecs.BOM_UTF8 + b" \n\n", "the file is empty"),
    ("list.csv", "<!DOCTYPE html><html><form>Log in</form></html>", "HTML or XML, perhaps a login"),
    ("list.csv", "\n<?xml version='1.0'?><rows/>", "HTML or XML"),
    ("list.csv", '{"error": "expired"}', "JSON"),
    ("list.csv", '[{"id": 1}]', "JSON"),
    ("list.csv", b"PK\x03\x04rest", "rename it to .xlsx"),
    ("list.csv", b"\xd0\xcf\x11\xe0rest", "password"),
    ("list.csv", b"\x1f\x8brest", "gzip"),
    ("list.csv", b"%PDF-1.7", "PDF"),
    ("list.csv", "id,name\n", "headings but no rows"),
    ("list.csv", "id,name\n,\n\n", "headings but no rows"),
    ("list.csv", "id,name,ID \n1,Acme,2\n", "heading 'id' stands in columns A and C"),
    ("list.csv", "id,name,,\n1,Acme,,\n2,Globex,,x\n", "column D has no heading but holds values, first in row 3"),
    ("list.csv", "#row,name\n1,Acme\n", "'#row' is taken"),
    ("list.csv", '"id"x,name\n1,Acme\n', "the row of headings cannot be read"),
    ("list.csv", "id,na\0me\n1,Acme\n", "NUL bytes in the heading"),
    ("list.xls", GOOD, r"'\.xls' are not read; save it as \.xlsx or \.csv"),
    ("list.xlsm", GOOD, r"'\.xlsm' are not read; save it as \.xlsx or \.csv"),
    ("list", GOOD, "save it as"),
    ("list.xlsx", GOOD, r"not a workbook; if it is text, rename it to \.csv"),
    ("list.xlsx", "", "empty"),
    ("list.xlsx", b"\xd0\xcf\x11\xe0rest", "protected by a password"),
    ("list.xlsx", b"PK\x03\x04 and no more", "damaged workbook"),
    ("list.parquet", b"PAR1 and no more", "no readable Parquet file"),
]


@pytest.mark.parametrize(("name", "content", "says"), HELD, ids=[says for _, _, says in HELD])
def test_holds_a_file_that_cannot_be_trusted(save: Save, name: str, content: str | bytes, says: str) -> None:
    with pytest.raises(GuardError, match=says) as raised:
        read_table(save(content, name))
    assert name in str(raised.value)


def test_a_missing_file_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_table(tmp_path / "none.csv")


def test_an_empty_column_without_a_heading_is_left_out(save: Save) -> None:
    assert read_table(save("id,name,\n1,Acme,\n")).headings == ("id", "name")


def test_holds_a_workbook_cut_or_changed_anywhere(save_workbook: Save, tmp_path: Path) -> None:
    whole = save_workbook([["id", "name"], *([str(n), f"Acme {n}"] for n in range(200))]).read_bytes()
    cut = tmp_path / "cut.xlsx"
    for length in range(10, len(whole) - 1, len(whole) // 20):
        cut.write_bytes(whole[:length])
        with pytest.raises(GuardError):
            read_table(cut)
    with zipfile.ZipFile(tmp_path / "list.xlsx") as packed, zipfile.ZipFile(cut, "w") as plain:
        for name in packed.namelist():
            plain.writestr(name, packed.read(name))
    assert read_table(cut).rows.height == 200
    cut.write_bytes(cut.read_bytes().replace(b"Acme 7<", b"Acne 7<"))
    with pytest.raises(GuardError, match=r"damaged workbook \(in xl/sharedStrings\.xml\)"):
        read_table(cut)


def test_holds_an_empty_sheet(save_workbook: Save) -> None:
    with pytest.raises(GuardError, match="sheet 'Accounts' is empty"):
        read_table(save_workbook([]))


def test_holds_parquet_with_nested_columns(tmp_path: Path) -> None:
    pl.DataFrame({"id": ["1"], "tags": [["a"]]}).write_parquet(tmp_path / "list.parquet")
    with pytest.raises(GuardError, match="column 'tags' holds no plain values"):
        read_table(tmp_path / "list.parquet")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='ab,;\t|"\n\r\0ü ', max_size=60).map(str.encode))
def test_any_bytes_are_read_in_full_or_held(save: Save, content: bytes) -> None:
    try:
        table = read_table(save(content))
    except OverlapError:
        return
    assert table.rows_in == table.rows.height + table.rejects.height > 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 10_000))
def test_a_file_cut_anywhere_yields_a_beginning_of_its_rows_or_is_held(save: Save, length: int) -> None:
    whole = ("id,name,city\n" + "".join(f'{n},"Acme, {n}",Köln\n' for n in range(20))).encode()
    full = cells(read_table(save(whole)))
    try:
        table = read_table(save(whole[:length]))
    except GuardError:
        return
    got = cells(table)
    *whole_rows, last = got or [None]
    assert whole_rows == full[: len(whole_rows)]
    assert last is None or last == full[len(got) - 1] or table.notes
