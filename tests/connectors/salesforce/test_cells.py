"""Types of answers. What the CSV of the Bulk API comes to as a whole is tested in test_bulk_query.py."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from connectors.salesforce import cells

WHOLE = datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)
SAID = [  # what Salesforce writes, what it means
    ("2026-03-02T09:00:07.000Z", WHOLE),
    ("2026-03-02T09:00:07.000+0000", WHOLE),
    ("2026-03-02T09:00:07.250Z", WHOLE.replace(microsecond=250_000)),
    ("2026-03-02T10:00:07.000+0100", WHOLE),
    (None, None),
]


@pytest.mark.parametrize("some", [[0], [1], [0, 4], [1, 4], [0, 1], [0, 2, 4], [1, 3], [4]], ids=str)
def test_a_time_is_the_same_however_it_is_written(some: list[int]) -> None:
    texts, times = [SAID[number][0] for number in some], [SAID[number][1] for number in some]
    kinds = {"At": cells.DATETIME, "Id": pl.String()}
    rows = "".join(f'"{text or ""}","1"\n' for text in texts)
    assert cells.of_csv(f'"At","Id"\n{rows}'.encode(), kinds)["At"].to_list() == times
    of_json = cells.of_records([{"At": text, "Id": "1"} for text in texts], kinds)
    assert (of_json["At"].to_list(), of_json.schema["At"]) == (times, cells.DATETIME)
