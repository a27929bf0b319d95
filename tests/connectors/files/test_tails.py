from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.files.reader import ROW_NUMBER, read_table

Save = Callable[..., Path]
COPYRIGHT = "Copyright © 2000-2026 salesforce.com, inc. All rights reserved."
SECRET = "Confidential Information - Do Not Distribute"
ROWS = [["Acme", "acme.de", 10], ["Globex", "globex.com", 20]]
TAILS = [  # rows under the table, how many of them are companies
    ([["Total", "", 30]], 0),
    ([["", "Summe:", 30]], 0),
    ([["Grand Totals (2 records)", "", ""]], 0),
    ([["Subtotal", "", 30], ["Total", "", 30]], 0),
    ([["Total", "total.com", 100_000]], 1),
    ([["Total Energies", "", 100_000]], 1),
    ([["Total", "", ""]], 1),
    ([["Total", "", 30], [""], [SECRET], [COPYRIGHT]], 0),
    ([["Hooli", "", ""], [""], ["Accounts by owner"], [COPYRIGHT]], 1),
    ([["Hooli", "", ""], ["Initech", "", ""]], 2),
]


@pytest.mark.parametrize(("tail", "companies"), TAILS)
def test_totals_and_footers_are_told_and_are_no_rows(
    save_workbook: Save, save: Save, tail: list, companies: int
) -> None:
    text = "".join(",".join(f'"{cell}"' for cell in [*row, "", ""][:3]) + "\n" for row in [*ROWS, *tail])
    files = save_workbook([["Name", "Website", "Employees"], *ROWS, *tail]), save("Name,Website,Employees\n" + text)
    for path in files:
        table = read_table(path)
        assert table.rows.height == table.rows_in == 2 + companies
        assert bool(table.notes) == (companies < len([row for row in tail if row != [""]]))


def test_subtotals_between_the_groups_of_a_report_are_no_rows_and_groups_name_each_row(save_workbook: Save) -> None:
    rows = [
        ["Account Owner  ↑", "Account Name", "Employees"],
        *(["Eva", "Acme", 10], ["", "Globex", 20], ["Subtotal", "", 30], ["", "Count", 2]),
        *(["Tom", "Hooli", 5], ["Subtotal", "", 5]),
        ["Total", "", 35],
    ]
    table = read_table(save_workbook(rows))
    assert table.rows.drop(ROW_NUMBER).rows() == [("Eva", "Acme", "10"), ("Eva", "Globex", "20"), ("Tom", "Hooli", "5")]
    assert table.rows_in == 3


def test_a_company_in_a_plain_list_may_be_called_subtotal(save_workbook: Save) -> None:
    assert read_table(save_workbook([["Name", "Employees"], ["Subtotal", 3], ["Acme", 1]])).rows_in == 2
