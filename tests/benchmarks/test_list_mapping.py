from __future__ import annotations

from pathlib import Path

from benchmarks.list_mapping import _bare, _demo, _measured


def test_the_lists_of_the_demo_are_understood_without_a_hint(tmp_path: Path) -> None:
    assert {one["list"]: one["misses"] for one in map(_measured, _demo(tmp_path))} == {
        "northwind.csv": [],
        "fabrikam.xlsx": [],
    }


def test_a_miss_and_a_column_that_is_read_wrongly_without_headings_are_told(tmp_path: Path) -> None:
    path = tmp_path / "left.csv"
    path.write_text("name,web\n" + "".join(f"Acme {at} AG,a{at}.de\n" for at in range(5)))
    assert _measured(path)["misses"] == ["website: web instead of nothing"]
    assert _bare(path, tmp_path)["bare"] == {"right": 1, "wrong": ["website: web"], "is_held": False}
