"""A list without a person: the address and the name beside it are gone, and everything else is read as before."""

from __future__ import annotations

import polars as pl
import xlsxwriter

from config.partners import PartnerSettings
from connectors.files.cleaning import cleaned
from connectors.files.source import NO_HINTS, read_list
from overlap.erasing import Marks, mark_of

PARTNER = PartnerSettings(name="Globex", files="inbox/*")
SETTINGS = PARTNER.model_copy(update={"encoding": "cp1252"})
TEXT = (
    "ID;Account Name;Owner Name;Owner Email;Partner Influence;Note\r\n"
    '1;Käfer;Jane Doe;JANE@x.example;Jane Doe ran "it", see jane@x.example;"a\r\nb"\r\n'
    "2;Müller;Jane Doe;other@y.example;Jane Doe;\r\n"
    "3;Älg;;;;\r\n"
)


def without(path, address):
    """Clean the list at *path* of the person with *address*."""
    erased = Marks("contoso", frozenset([mark_of("contoso", address)]))
    return cleaned(path, "globex", SETTINGS, NO_HINTS, erased)


def test_only_cells_about_the_person_change(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    found = without(path, "jane@x.example")
    new = tmp_path / "new.csv"
    new.write_bytes(found.content)
    assert (found.rows, found.names) == (1, {"Jane Doe"})
    before, after = (read_list(one, "globex", SETTINGS).rows for one in (path, new))
    empty = pl.col("id") == "1"
    assert after.equals(
        before.with_columns(
            owner_name=pl.when(~empty).then("owner_name"),
            owner_email=pl.when(~empty).then("owner_email"),
            claim=pl.when(empty).then(pl.lit('ran "it", see')).otherwise("claim"),
        )
    )
    assert b"a\r\nb" in found.content


def test_a_list_that_names_nobody_of_them_is_left_alone(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    assert without(path, "jane@y.example") is None


def test_a_short_name_takes_nothing_from_what_says_which_company_it_is(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "ID,Account Name,Website,Owner Name,Owner Email,Partner Influence\n"
        "003MS7,Systems GmbH,ms-systems.com,MS,ms@x.example,MS won the systems deal\n"
        "2,Jan Janssen BV,janssen.nl,Jan,jan.ms@x.example,see jan.ms@x.example.\n"
    )
    found = without(path, "ms@x.example")
    path.write_bytes(found.content)
    assert (found.rows, found.names) == (1, {"MS"})
    rows = read_list(path, "globex", PARTNER).rows.select("id", "name", "website", "owner_name", "claim").rows()
    assert rows == [
        ("003MS7", "Systems GmbH", "ms-systems.com", None, "won the systems deal"),
        ("2", "Jan Janssen BV", "janssen.nl", "Jan", "see jan.ms@x.example."),
    ]


def test_rows_that_cannot_be_read_stay_without_the_person(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("ID,Account Name,Owner Email\n1,Acme,\n2,jane@x.example\n3\n")
    before = read_list(path, "globex", PARTNER)
    path.write_bytes(without(path, "jane@x.example").content)
    after = read_list(path, "globex", PARTNER)
    assert (before.rows_in, before.quarantine.height) == (after.rows_in, after.quarantine.height) == (3, 2)
    assert b"jane" not in path.read_bytes()


def test_rows_of_several_sheets_stay_in_their_populations(tmp_path):
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, number in (("Customers", 1), ("Open Opps", 2), ("Prospects", 3)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["ID", "Company", "Owner Email"])
            sheet.write_row(1, 0, [str(number), f"Company {number}", "jane@x.example"])
    new = tmp_path / "new.xlsx"
    new.write_bytes(without(path, "jane@x.example").content)
    before, after = (read_list(one, "globex", SETTINGS).rows for one in (path, new))
    assert before["population"].n_unique() == 3
    assert after.equals(before.with_columns(owner_email=pl.lit(None, pl.String)))
