"""What a run found: a folder of Parquet files and a manifest, immutable once it has its name."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from jobs.steps import step
from jobs.stores.digest import digest
from overlap.errors import ConfigError, OverlapError

_MANIFEST = "manifest.json"
#: The manifest's own hash, beside its facts; an earlier version wrote none.
_SEAL = "sha256"


def publish(runs: Path, run_id: int, frames: Mapping[str, pl.DataFrame], facts: Mapping[str, Any]) -> Path:
    """Write *frames* and a manifest of *facts*, sizes and hashes to ``runs/<run_id>`` and return that folder.

    The folder gets its name last, after everything in it has reached the disk, so that a reader sees all or nothing.
    """
    partial, final = runs / f".{run_id}.partial", runs / str(run_id)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    step("snapshot: write files")
    files = {}
    for name, frame in frames.items():
        path = partial / f"{name}.parquet"
        frame.write_parquet(path)
        sync(path)
        files[path.name] = {"rows": frame.height, "sha256": digest(path)}
    said = json.loads(json.dumps({**facts, "files": files}))
    (partial / _MANIFEST).write_text(json.dumps({**said, _SEAL: _seal(said)}, indent=1), encoding="utf-8")
    sync(partial / _MANIFEST)
    sync(partial)
    step("snapshot: files written")
    partial.rename(final)
    sync(runs)
    step("snapshot: named")
    return final


def read(runs: Path, run_id: str, *names: str) -> tuple[pl.DataFrame, ...]:
    """Return the frames *names* of run *run_id*.

    Raises:
        ConfigError: the run, or a file of it, is missing.
        OverlapError: the files are not what the run wrote.
    """
    files = manifest(runs, run_id)["files"]
    frames = []
    for name in names:
        path = runs / run_id / f"{name}.parquet"
        if path.name not in files or not path.is_file():
            raise ConfigError(f"{path} is missing; 'overlap match' makes a new run")
        if digest(path) != files[path.name]["sha256"]:
            raise _changed(path)
        frames.append(pl.read_parquet(path))
    return tuple(frames)


def former(runs: Path, run_id: str | None, *names: str) -> tuple[dict[str, Any], tuple[pl.DataFrame, ...]] | None:
    """Return the facts of run *run_id* and its frames *names*.

    None if there is no such run, or it cannot be read any more, or has no such frames: a new one does without it.
    """
    if run_id is None or not exists(runs, run_id):
        return None
    try:
        return manifest(runs, run_id), read(runs, run_id, *names)
    except OverlapError:
        return None


def exists(runs: Path, run_id: str) -> bool:
    """Return whether there is a run *run_id*: a folder without its manifest is none."""
    return (runs / run_id / _MANIFEST).is_file()


def manifest(runs: Path, run_id: str) -> dict[str, Any]:
    """Return the facts of run *run_id* and its files.

    Raises:
        ConfigError: there is no such run.
        OverlapError: its manifest is damaged.
    """
    if not exists(runs, run_id):
        raise ConfigError(f"{runs / run_id} is missing; 'overlap match' makes a new run")
    path = runs / run_id / _MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _changed(path) from error
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise _changed(path)
    if found.pop(_SEAL, None) not in (None, _seal(found)):
        raise _changed(path)
    return found


def _seal(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _changed(path: Path) -> OverlapError:
    return OverlapError(f"{path} was changed after its run; 'overlap match' makes a new run")


def sync(path: Path) -> None:
    """Make sure that *path*, a file or the names in a folder, has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
