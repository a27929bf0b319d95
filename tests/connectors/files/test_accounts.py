from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from connectors.files.accounts import read_accounts
from connectors.files.values import headcount
from matching.engine import COLUMNS
from overlap.errors import ConfigError, GuardError

Save = Callable[..., Path]


def test_reads_companies_under_the_named_id(save: Save) -> None:
    path = save("left_id,Account ID,name,address,employees,owner\nL2,1,Globex,Weg 1,51-200,Eva\nL1,2,Acme,,many,\n")
    accounts = read_accounts(path, "left_id")
    assert tuple(accounts.rows.columns) == COLUMNS
    assert [name for name, dtype in accounts.rows.schema.items() if dtype != pl.String] == ["headcount"]
    assert accounts.rows.schema["headcount"] == pl.Int64
    assert accounts.rows.select("id", "name", "street", "headcount").rows() == [
        ("L2", "Globex", "Weg 1", 125),
        ("L1", "Acme", None, None),
    ]
    assert accounts.dropped == 0
    assert accounts.notes == ("headcount: 1 unreadable values were left empty, first 'many' in row 3",)


def test_counts_what_it_drops_and_says_why(save: Save) -> None:
    accounts = read_accounts(save("id,name\n1,Acme\n,Globex\n3,\n1,Acme\nshort\n"), "id")
    assert accounts.rows["id"].to_list() == ["1"]
    assert accounts.dropped == 4
    assert accounts.notes == (
        "1 rows could not be read",
        "2 rows without id or name were dropped",
        "1 rows with an id that comes again were dropped",
    )


def test_an_unknown_id_column_is_named_with_what_was_meant(save: Save) -> None:
    with pytest.raises(ConfigError, match=r"list\.csv: no column 'leftid'; did you mean 'left_id'\?"):
        read_accounts(save("left_id,name\n1,Acme\n"), "leftid")


def test_a_table_without_names_is_held(save: Save) -> None:
    with pytest.raises(GuardError, match="no heading for the company name"):
        read_accounts(save("id,xyz\n1,Acme\n"), "id")


def test_reads_another_encoding_when_told(save: Save) -> None:
    path = save("id,name\n1,Łódź\n".encode("cp1250"))
    assert read_accounts(path, "id", encoding="cp1250").rows["name"].to_list() == ["Łódź"]


GUESSED = [  # headings, two rows, the column that is taken
    ("Account ID,Account Name,left_id", ["001,Acme,L1", "002,Globex,L2"], "Account ID"),
    ("Company name,Record ID", ["Acme,9", "Globex,7"], "Record ID"),
    ("name,hs_object_id", ["Acme,9", "Globex,7"], "hs_object_id"),
    ("right_id,name", ["R1,Acme", "R2,Globex"], "right_id"),
    ("ParentId,Name,VendorId", ["p,Acme,1", "q,Globex,2"], "VendorId"),
    ("Customer ID,Name,External_ID__c", ["1,Acme,x", "1,Globex,y"], "External_ID__c"),
    ("id,name,uuid", ["1.5E+17,Acme,x", "2,Globex,y"], "uuid"),
    ("Paid,name", ["1,Acme", "2,Globex"], "row number"),
    ("Owner ID,name", ["1,Acme", "2,Globex"], "row number"),
    ("id,name", ["1,Acme", ",Globex"], "row number"),
]


@pytest.mark.parametrize(("headings", "rows", "taken"), GUESSED, ids=[headings for headings, *_ in GUESSED])
def test_guesses_the_column_in_which_each_row_has_an_id_of_its_own(
    save: Save, headings: str, rows: list[str], taken: str
) -> None:
    accounts = read_accounts(save("\n".join([headings, *rows]) + "\n"))
    assert accounts.columns["id"] == taken
    assert accounts.rows.height == 2
    assert accounts.rows["id"].n_unique() == 2


def test_rows_without_ids_are_called_by_their_number_and_that_is_said(save: Save) -> None:
    accounts = read_accounts(save("Account ID,name\n1,Acme\n\n1,Globex\n2,Initech\n"))
    assert accounts.rows["id"].to_list() == ["2", "4", "5"]
    assert accounts.notes == (
        "'Account ID' has a value more than once: so rows are called by their number in the file",
    )


def test_a_missing_website_is_looked_for_in_other_columns_and_in_emails(save: Save) -> None:
    path = save(
        "id,name,Company Domain Name,Website URL,Email,Owner Email\n"
        "1,Acme,acme.de,https://acme.com,x@acme.fr,me@us.com\n"
        "2,Globex,,https://globex.com,x@globex.fr,me@us.com\n"
        "3,Initech,n/a,,Ann <ann@initech.com>,me@us.com\n"
        "4,Hooli,n/a,,,me@us.com\n"
    )
    accounts = read_accounts(path)
    assert accounts.rows["website"].to_list() == ["acme.de", "https://globex.com", "initech.com", "n/a"]
    assert accounts.columns["website"] == "Company Domain Name or Website URL or Email"


def test_an_email_column_alone_gives_websites(save: Save) -> None:
    accounts = read_accounts(save("id,name,E-Mail\n1,Acme,x@acme.de\n"))
    assert accounts.rows["website"].to_list() == ["acme.de"]
    assert accounts.columns["website"] == "E-Mail"


def test_a_file_of_which_no_row_can_be_used_is_held(save: Save) -> None:
    with pytest.raises(GuardError, match=r"list\.csv: no row has both an id in 'nr' and a name in 'name'"):
        read_accounts(save("nr,name\n,Acme\n1,\n"), "nr")


UNTIDY = [
    "Acme",
    "",
    " ",
    " Acme",
    "Acme ",
    "A  B",
    "A\tB",
    "A\u00a0B",
    "\u200bAcme",
    "A\u2003\u2003B",
    "Müller",
    "\u3000",
]


def test_cells_are_trimmed_alike_however_few_need_it(save: Save) -> None:
    def tidy(text: str) -> str | None:
        return " ".join(text.replace("\u200b", "").split()) or None

    rows = [(str(n), "x", cell) for n, cell in enumerate(UNTIDY * 3)]
    accounts = read_accounts(save("id,name,city\n" + "".join(",".join(row) + "\n" for row in rows)))
    assert accounts.rows["city"].to_list() == [tidy(cell) for *_, cell in rows]


def test_counts_in_digits_are_read_as_the_parser_reads_them(save: Save) -> None:
    texts = ["7", "007", "1234567890", "+5", "-5", "51-200", "1.234", "", "٣"]
    path = save("id,name,employees\n" + "".join(f"{n},x,{text}\n" for n, text in enumerate(texts)))
    assert read_accounts(path).rows["headcount"].to_list() == [headcount(text) for text in texts]
