"""What counts as a task, and cutting a smaller one."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.cut import cut
from benchmarks.tasks import find, known


def task(folder: Path, *files: str) -> None:
    folder.mkdir()
    for file in files:
        (folder / file).write_text("left_id,right_id\n007,1\n", encoding="utf-8")


def test_a_task_is_known_by_its_files(tmp_path: Path) -> None:
    task(tmp_path / "whole", "left.csv", "right_d50.csv", "truth.csv", "ignore.csv")
    task(tmp_path / "no_truth", "left.csv", "right_d0.csv")
    task(tmp_path / "of_a_group", "left.csv", "right_d0.csv", "truth.csv")
    found = {one.name: (one.variants, one.mode, one.ignored.height) for one in find(tmp_path)}
    assert found == {"whole": (("d50",), "company", 1), "of_a_group": (("d0",), "family", 0)}


def test_a_folder_that_is_a_task_is_found_itself(tmp_path: Path) -> None:
    task(tmp_path / "one", "left.csv", "right_d0.csv", "truth.csv")
    assert [one.name for one in find(tmp_path / "one")] == ["one"]


def test_ids_keep_their_zeros(tmp_path: Path) -> None:
    task(tmp_path / "one", "left.csv", "right_d0.csv", "truth.csv")
    assert find(tmp_path)[0].truth["left_id"].to_list() == ["007"]


def test_a_task_of_ones_own_has_no_goals() -> None:
    assert known("goals", "mine", "d0") is None
    assert known("peers", "mine", "d0") is None


def test_a_cut_keeps_the_true_pairs_of_the_rows_it_keeps(tmp_path: Path) -> None:
    numbers = range(100)
    pl.DataFrame({"left_id": [f"0{n}" for n in numbers]}).write_csv(tmp_path / "left.csv")
    pl.DataFrame({"right_id": [f"0{n}" for n in numbers]}).write_csv(tmp_path / "right.csv")
    true = {(f"0{99 - n}", f"0{n}") for n in range(0, 100, 4)}
    pl.DataFrame(sorted(true), schema=["left_id", "right_id"], orient="row").write_csv(tmp_path / "truth.csv")
    smaller = cut(tmp_path, 20, tmp_path)
    sizes = [pl.read_csv(smaller / f"{side}.csv", infer_schema=False).height for side in ("left", "right")]
    assert sizes == [20, 20]
    kept = set(pl.read_csv(smaller / "truth.csv", infer_schema=False).iter_rows())
    assert kept == {(left, right) for left, right in true if int(right) < 20}
