"""npm packages that a few tests ask for a second opinion: kept in a cache folder, never part of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def node_packages(name: str, dependencies: dict[str, str], overrides: dict[str, str] | None = None) -> Path:
    """Return a folder in which node finds *dependencies*; without node or a registry the test is skipped.

    ``OVERLAP_NODE_CACHE`` says where the folders are, by default in the user's cache.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed; this test asks an npm package")
    home = Path(os.environ.get("OVERLAP_NODE_CACHE") or Path.home() / ".cache" / "overlap-tests")
    folder = home / name
    wanted = json.dumps({"private": True, "dependencies": dependencies, "overrides": overrides or {}})
    listed = folder / "package.json"
    if not (folder / ".complete").exists() or listed.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        listed.write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"npm cannot install {', '.join(dependencies)} here: {done.stderr.strip()[-200:]}")
        (folder / ".complete").touch()
    return folder
