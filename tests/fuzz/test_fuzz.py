from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.campaign import campaign

RUNS = 100_000


def test_no_bytes_break_the_reader_or_the_mapping_of_headings(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this machine")
    fed = campaign(RUNS, tmp_path)
    assert [one.failure for one in fed] == ["", ""]
    assert sum(one.executions for one in fed) >= RUNS
    assert all(one.reached > 20 for one in fed), "the code that is fed is not followed"
