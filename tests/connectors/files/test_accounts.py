from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from connectors.files.accounts import read_accounts
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
        ("L1", "Acme", None, None),
        ("L2", "Globex", "Weg 1", 125),
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
