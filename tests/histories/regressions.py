"""Histories that failed once, whole, as files: a seed makes another history as soon as its maker changes.

A campaign keeps each failing one in ``tests/histories/regressions``; once the defect is mended, its file is committed,
and every run of the tests plays it again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.histories.events import Event
from tests.histories.script import Fate, Fault, History, Stage, Week

FOLDER = Path(__file__).with_name("regressions")


def keep(crm: str, history: History, problems: list[str], folder: Path = FOLDER) -> Path:
    """Write *history*, which was played on the CRMs that *crm* names, and what was wrong with it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{crm}-{history.seed}.json"
    kept = {"crm": crm, "problems": problems, **asdict(history)}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def kept(path: Path) -> tuple[str, History]:
    """Return the name of the CRMs that the history in *path* was played on, and the history."""
    said = json.loads(path.read_text(encoding="utf-8"))
    weeks = tuple(Week(_events(week["events"]), tuple(map(_stage, week["stages"]))) for week in said["weeks"])
    return said["crm"], History(said["seed"], weeks)


def _stage(said: dict[str, Any]) -> Stage:
    fates = (Fate(one["die"], tuple(Fault(**fault) for fault in one["faults"])) for one in said["fates"])
    return Stage(said["verb"], tuple(fates), _events(said["race"]))


def _events(said: list[dict[str, Any]]) -> tuple[Event, ...]:
    return tuple(Event(**one) for one in said)
