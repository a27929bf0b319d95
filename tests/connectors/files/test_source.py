from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.partners import PartnerSettings
from connectors.base import Source
from connectors.files.quarantine import SCHEMA
from connectors.files.source import FilesSource, Hints, ListRead, as_of, newest_list, read_list
from overlap.errors import ConfigError, GuardError
from overlap.model import PartnerAccount, schema_of

Save = Callable[..., Path]
Partner = Callable[..., PartnerSettings]
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def keeps_the_law(read: ListRead) -> bool:
    return read.rows_in == read.rows.height + read.quarantine.height + read.duplicates


def test_a_list_becomes_partner_accounts(save: Save, partner: Partner) -> None:
    path = save(
        "Kundennummer;Firma;Domain;PLZ;Ort;Land;Mitarbeiter;Status;Betreuer;Betreuer E-Mail;Beitrag;Beitrag am\r\n"
        "00007; Acme\u00a0 GmbH ;acme.de;01067;Dresden;DE;51-200;Interessent;Eva;eva@globex.com;Intro;31.01.2025\r\n"
    )
    read = read_list(path, "globex", partner())
    assert dict(read.rows.schema) == dict(schema_of(PartnerAccount))
    assert PartnerAccount(**read.rows.row(0, named=True)) == PartnerAccount(
        partner="globex",
        id="00007",
        name="Acme GmbH",
        website="acme.de",
        phone=None,
        street=None,
        city="Dresden",
        state=None,
        postcode="01067",
        country="DE",
        industry=None,
        headcount=125,
        population="Prospects",
        owner_name="Eva",
        owner_email="eva@globex.com",
        claim="Intro",
        claimed_on=date(2025, 1, 31),
    )
    assert read.headings["population"] == "Status"
    assert (read.rows_in, read.duplicates, read.notes) == (1, 0, ())


def test_csv_and_workbook_say_the_same(save: Save, save_workbook: Save, partner: Partner) -> None:
    rows = [["id", "name", "plz", "employees", "claimed on"], ["00007", "Müller", "01067", "100", "2025-03-01"]]
    typed = [rows[0], ["00007", "Müller", "01067", 100.0, date(2025, 3, 1)]]
    text = read_list(save("\n".join(map(",".join, rows)) + "\n"), "globex", partner())
    book = read_list(save_workbook(typed), "globex", partner())
    assert text.rows.rows() == book.rows.rows()
    assert text.rows.select("id", "postcode", "headcount").row(0) == ("00007", "01067", 100)


REFUSED = [  # a row, the column and the value that the partner is shown, the reason
    ("1,,Customer", "name", None, "no company name"),
    ("1, \u200b ,Customer", "name", None, "no company name"),
    (f"1,{'x' * 256},Customer", "name", "x" * 256, "name longer than 255 characters"),
    ("1,Ac\x07me,Customer", "name", "Ac\x07me", "control characters; type the cell again"),
    ("1,Acme,A1", "Stand", "A1", "this status is not known; map it in the partner's setting 'populations'"),
    ("1.23E+17,Acme,", "id", "1.23E+17", "id damaged by a spreadsheet; format the column as text"),
    ('"1,23E+17",Acme,', "id", "1,23E+17", "id damaged by a spreadsheet; format the column as text"),
    ("1,Acme", "", "1,Acme", "2 cells where the heading has 3"),
    ("1,Ac\0me,", "", "1,Ac\0me,", "holds NUL bytes"),
]


@pytest.mark.parametrize(("row", "column", "value", "reason"), REFUSED, ids=[reason for *_, reason in REFUSED])
def test_a_useless_row_goes_to_quarantine_with_its_reason(
    save: Save, partner: Partner, row: str, column: str, value: str | None, reason: str
) -> None:
    path = save(f"id,name,Stand\n8,Globex,customer\n{row}\n9,Initech,lead\n")
    read = read_list(path, "globex", partner(headings={"population": "Stand"}))
    bad = read.quarantine.with_columns(pl.concat_str("reason", "remedy", separator="; ").alias("reason"))
    assert bad.select("row_number", "column", "value").row(0) == (3, column, value)
    assert bad["reason"].item().startswith(reason)
    assert dict(read.quarantine.schema) == SCHEMA
    assert read.rows["id"].to_list() == ["8", "9"]
    assert keeps_the_law(read)


def test_a_name_of_255_characters_passes(save: Save, partner: Partner) -> None:
    assert read_list(save(f"name\n{'ü' * 255}\n"), "globex", partner()).rows.height == 1


def test_numbers_that_only_look_damaged_pass(save: Save, partner: Partner) -> None:
    ids = ["123456789012345678", "12E5", "1.23E17x", "E+17"]
    read = read_list(save("id,name\n" + "".join(f"{id_},Acme\n" for id_ in ids)), "globex", partner())
    assert read.rows["id"].to_list() == sorted(ids)


def test_an_id_that_a_workbook_holds_as_a_long_number_is_refused(save_workbook: Save, partner: Partner) -> None:
    path = save_workbook([["id", "name"], [123456789012345678, "Acme"], [17, "Globex"]])
    read = read_list(path, "globex", partner())
    assert read.rows["id"].to_list() == ["17"]
    assert read.quarantine["value"].to_list() == ["1.23457E+17"]


def test_what_a_status_says_beats_the_lists_own_population(save: Save, partner: Partner) -> None:
    path = save("id,name,status\n1,Acme,Kunde\n2,Globex,\n3,Initech,gold\n")
    read = read_list(path, "globex", partner(population="Prospects"))
    assert read.rows.select("id", "population").rows() == [("1", "Customers"), ("2", "Prospects")]
    mapped = read_list(path, "globex", partner(populations={"Gold": "Other"}))
    assert mapped.rows.select("id", "population").rows() == [("2", "Customers"), ("3", "Other")]
    assert "not in the partner's setting 'populations'" in mapped.quarantine["reason"][0]


def test_a_mapping_without_its_column_holds_the_list(save: Save, partner: Partner) -> None:
    with pytest.raises(GuardError, match="no heading for the status was recognised"):
        read_list(save("id,name\n1,Acme\n"), "globex", partner(populations={"gold": "Customers"}))


def test_unreadable_details_are_left_empty_and_noted(save: Save, partner: Partner) -> None:
    path = save(
        "id,name,employees,owner email,claimed on\n"
        "1,Acme,many,eva@globex,03/04/2025\n2,Globex,some,tom@globex.com,soon\n3,Initech,5,,\n"
    )
    read = read_list(path, "globex", partner())
    assert read.rows.select("headcount", "owner_email", "claimed_on").rows() == [
        (None, None, None),
        (None, "tom@globex.com", None),
        (5, None, None),
    ]
    assert read.notes == (
        "headcount: 2 unreadable values were left empty, first 'many' in row 2",
        "claimed_on: 2 unreadable values were left empty, first '03/04/2025' in row 2",
        "owner_email: 1 unreadable values were left empty, first 'eva@globex' in row 2",
    )


def test_rows_without_an_id_get_one_that_stays(save: Save, partner: Partner) -> None:
    read = read_list(save("name,domain\nAcme,acme.de\nGlobex,\n", "a.csv"), "globex", partner())
    again = read_list(save("domain;name\n;GLOBEX\nwww.acme.de;Acme\n", "b.csv"), "globex", partner())
    assert read.rows["id"].str.contains("^h-[0-9a-f]{16}$").all()
    assert read.rows["id"].to_list() == again.rows["id"].to_list()
    mixed = read_list(save("id,name,domain\n,Acme,acme.de\n", "c.csv"), "globex", partner())
    assert mixed.rows["id"].item() in read.rows["id"]


def test_the_same_row_again_is_a_duplicate(save: Save, partner: Partner) -> None:
    read = read_list(save("id,name\n1,Acme\n1,Acme \n2,Acme\n"), "globex", partner())
    assert (read.rows_in, read.rows.height, read.duplicates, read.notes) == (3, 2, 1, ())


def test_of_different_rows_with_one_id_the_fuller_one_stays(save: Save, partner: Partner) -> None:
    read = read_list(save("id,name,city\n1,Acme,\n1,Globex,Ulm\n1,Hooli,Ulm\n"), "globex", partner())
    assert read.rows["name"].to_list() == ["Globex"]
    assert read.duplicates == 2
    assert "1 ids come more than once with different content, first '1' from row 2 on" in read.notes[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.sampled_from(["", "1", "2", "Acme", "Ulm"])] * 3), min_size=1, max_size=8).filter(
        lambda rows: any(any(row) for row in rows)
    ),
    data=st.data(),
)
def test_the_order_of_rows_does_not_matter(
    save: Save, partner: Partner, rows: list[tuple[str, ...]], data: st.DataObject
) -> None:
    def read(rows: list[tuple[str, ...]]) -> ListRead:
        return read_list(save("id,name,city\n" + "".join(f"{','.join(row)}\n" for row in rows)), "globex", partner())

    first, second = read(rows), read(data.draw(st.permutations(rows)))
    assert first.rows.rows() == second.rows.rows()
    assert first.duplicates == second.duplicates


CELLS = st.sampled_from(
    [
        "",
        " ",
        "1",
        "2",
        "1E+17",
        "1.2E+17",
        "Acme",
        "Müller",
        "Kunde",
        "gold",
        "x" * 256,
        "a\x07",
        "51-200",
        "\u200b",
        '5"',
    ]
)
DAMAGE = st.sampled_from(["", "", "", ",", ",,", "\0", '"a"b,', "\r", "\n\n", " "])


def counted(lines: list[str]) -> int:
    """Count rows that hold text, the slow way: no quoted cell of these runs over a line end."""
    return sum(bool(line.replace(",", "").strip(" \u200b")) or "\u200b" in line for line in lines)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(rows=st.lists(st.tuples(st.tuples(CELLS, CELLS, CELLS, CELLS), DAMAGE), max_size=12))
def test_no_row_is_lost_whatever_is_wrong_with_it(
    save: Save, partner: Partner, rows: list[tuple[tuple[str, ...], str]]
) -> None:
    body = "".join(f"{damage}{','.join(row)}\n" for row, damage in rows)
    lines = [line for line in body.replace("\r", "\n").split("\n") if line]
    try:
        read = read_list(save("id,name,status,employees\n" + body), "globex", partner())
    except GuardError as error:
        assert "no rows" in str(error)
        assert counted(lines) == 0
        return
    assert keeps_the_law(read)
    assert read.rows_in == counted(lines)
    assert read.quarantine["row_number"].is_unique().all()
    assert read.rows["id"].is_unique().all()
    assert read.rows["name"].is_not_null().all()


def test_the_source_gives_the_list_whole_and_dates_it(save: Save, partner: Partner) -> None:
    source: Source = FilesSource(save("id,name\n2,Globex\n1,Acme\n,\n"), "globex", partner(), NOON)
    assert source.now() == NOON
    [page] = source.pages(None, NOON)
    assert page.stream == "partner_accounts"
    assert page.rows["id"].to_list() == ["1", "2"]
    assert [(stream, ids.to_list()) for stream, ids in source.ids()] == [("partner_accounts", ["1", "2"])]
    assert [page.rows["id"].to_list() for page in source.rows("partner_accounts", ["2", "9"], NOON)] == [["2"]]
    assert [page.rows.height for page in source.pages(NOON, NOON)] == [2]
    assert list(source.pages(NOON + timedelta(seconds=1), NOON + timedelta(days=1))) == []


def test_the_date_in_a_name_is_midnight_in_the_zone(tmp_path: Path) -> None:
    summer = datetime(2025, 6, 30, 22, tzinfo=UTC)
    for name in (
        "acme-2025-07-01.csv",
        "acme_20250701.xlsx",
        "20250701 acme 99999999.csv",
        "2024-01-01_2025-07-01.csv",
    ):
        assert as_of(tmp_path / name, "Europe/Berlin") == summer
    assert as_of(tmp_path / "acme-2025-07-01.csv", "UTC") == datetime(2025, 7, 1, tzinfo=UTC)


def test_without_a_date_in_the_name_the_last_write_counts(save: Save) -> None:
    path = save("name\nAcme\n", "acme 120250701 v2.csv")
    os.utime(path, (1_700_000_000.9, 1_700_000_000.9))
    assert as_of(path, "Europe/Berlin") == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_the_newest_list_is_by_date_then_by_name(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    assert newest_list("lists/*.csv", tmp_path) is None
    for name in ("b-2025-01-01.csv", "a-2025-02-01.csv", "c-2025-02-01.csv", "d-2024-12-31.csv"):
        (lists / name).touch()
    for name in (".z-2025-03-01.csv", "~$z-2025-03-01.csv", "z-2025-03-01.xlsx"):
        (lists / name).touch()
    (lists / "z-2025-03-01.csv").mkdir()
    assert newest_list("lists/*.csv", tmp_path) == lists / "c-2025-02-01.csv"
    assert newest_list("lists/acme*.csv", tmp_path) is None


@pytest.mark.parametrize("pattern", ["", "/lists/*.csv"])
def test_a_pattern_must_stay_relative_to_the_workspace(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError, match="within the workspace"):
        newest_list(pattern, tmp_path)


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    with xlsxwriter.Workbook(path) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name.replace("_", " "))
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def test_sheets_named_after_populations_are_read_together_each_row_in_its_sheets(
    tmp_path: Path, partner: Partner
) -> None:
    path = workbook(
        tmp_path / "globex.xlsx",
        Read_me=[["These are our accounts"], ["Contact", "eva@globex.com"]],
        Customers=[["Our customers"], [], ["ID", "Company", "Domain"], ["1", "Acme", "acme.de"], ["2", "", "x.de"]],
        Open_Opps=[["Domain", "ID", "Account Name", "Status"], ["hooli.com", "3", "Hooli", ""]],
        Prospects=[["ID", "Company", "Domain"], ["4", "", "y.de"], ["5", "Initech", ""]],
    )
    read = read_list(path, "globex", partner(population="Other"))
    assert read.rows.select("id", "name", "website", "population").rows() == [
        ("1", "Acme", "acme.de", "Customers"),
        ("3", "Hooli", "hooli.com", "Open Opportunities"),
        ("5", "Initech", None, "Prospects"),
    ]
    assert read.quarantine.select("row_number", "column").rows() == [(2, "Prospects!Company"), (5, "Customers!Company")]
    assert keeps_the_law(read)
    assert read.rows_in == 5
    one = read_list(path, "globex", partner(sheet="Prospects"))
    assert one.rows.select("id", "population").rows() == [("5", "Prospects")]


def test_of_sheets_that_name_no_populations_the_first_with_headings_is_read(tmp_path: Path, partner: Partner) -> None:
    table = [["Company", "Domain"], ["Acme", "acme.de"]]
    path = workbook(tmp_path / "l.xlsx", Cover=[["Globex"], ["November"]], Accounts=table, Old=[*table, ["X", "x.de"]])
    read = read_list(path, "globex", partner())
    assert read.rows["name"].to_list() == ["Acme"]
    assert read.notes[0] == "only sheet 'Accounts' was read, not 'Cover', 'Old'; the setting 'sheet' names one"


def test_hidden_rows_are_data_and_told(tmp_path: Path, partner: Partner) -> None:
    path = tmp_path / "l.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("A & B")
        for at, cell in enumerate(("Name", "Acme", "Globex", "Hooli")):
            sheet.write(at, 0, cell)
        sheet.set_row(2, None, None, {"hidden": True})
    read = read_list(path, "globex", partner())
    assert read.rows_in == 3
    assert read.notes == ("1 rows that are hidden in the workbook were read like the others",)


def test_where_the_status_says_nothing_the_files_name_does_and_then_the_settings(save: Save, partner: Partner) -> None:
    text = "id,name,status\n1,Acme,Customer\n2,Globex,\n"
    for name, population in (("globex_leads_2026-11.csv", "Prospects"), ("globex.csv", "Other")):
        read = read_list(save(text, name), "globex", partner(population="Other"))
        assert read.rows["population"].to_list() == ["Customers", population]
    kept = read_list(save(text, "0a1b.csv"), "globex", partner(population="Other"), Hints("globex_leads.csv"))
    assert kept.rows["population"].to_list() == ["Customers", "Prospects"]
    assert kept.notes == ("rows without a status are Prospects, by the file's name",)


def test_a_file_without_headings_is_read_from_its_first_row_on(save: Save, partner: Partner) -> None:
    rows = [(f"{at}", f"Company {at} GmbH", f"site{at}.de", "Germany") for at in range(1, 6)]
    read = read_list(save("".join(";".join(row) + "\n" for row in rows)), "globex", partner())
    assert sorted(read.rows["name"]) == [row[1] for row in rows]
    assert read.headings == {"name": "column B", "website": "column C", "country": "column D"}
    assert keeps_the_law(read)
    named = read_list(
        save("".join(";".join(row) + "\n" for row in rows)), "globex", partner(headings={"id": "column A"})
    )
    assert named.rows["id"].to_list() == ["1", "2", "3", "4", "5"]


def test_a_file_without_headings_or_plain_names_is_held_and_says_so(save: Save, partner: Partner) -> None:
    with pytest.raises(GuardError, match=r'no row of headings, and no column .* headings = { name = "column B" }'):
        read_list(save("acme.de\nglobex.com\nhooli.com\ninitech.com\n"), "globex", partner())


def test_a_status_that_is_a_list_of_nothing_is_no_status(save: Save, partner: Partner) -> None:
    text = 'id,name,status\n1,Acme,[]\n2,Hooli,"[""Customers"",""Prospects""]"\n3,X,"[""Gold""]"\n'
    read = read_list(save(text), "globex", partner(population="Other"))
    assert read.rows["population"].to_list() == ["Other", "Customers"]
    assert read.quarantine["value"].to_list() == ['["Gold"]']


def test_dates_of_claims_are_read_in_the_order_that_their_column_has(save: Save, partner: Partner) -> None:
    text = "id,name,claim,claimed on\n1,Acme,intro,03/04/2026\n2,Globex,intro,25/12/2025\n3,Hooli,intro,4. März 2026\n"
    read = read_list(save(text), "globex", partner())
    assert read.rows["claimed_on"].to_list() == [date(2026, 4, 3), date(2025, 12, 25), date(2026, 3, 4)]
