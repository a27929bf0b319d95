"""npm packages that a few tests ask, clients and parsers that nobody here wrote: kept in a cache folder, never part of
the project.

The folder is ``~/.cache/overlap-npm`` or what OVERLAP_NPM_CACHE names. What is missing there is installed once, pinned;
without node, npm or a registry the tests that need it skip, and nobody asks for it again for an hour.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

PINNED = {
    "jsforce": "3.10.26",
    "@jetstreamapp/soql-parser-js": "6.3.1",
    "@salesforce/source-deploy-retrieve": "12.25.0",  # the newest that runs on node 20
}
#: Later ones need a newer node than 20.
UNDICI = "7.16.0"
_OPTIONS = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=2000")
_INSTALL_S, _RUN_S, _NOT_AGAIN_S = 300, 120, 3600


def run(script: Path, package: str, given: object, **environment: str) -> object:
    """Run *script* with node, *package* at hand and *given* as JSON on stdin; return what it prints as JSON."""
    modules = installed(package) / "node_modules"
    done = subprocess.run(
        [shutil.which("node") or "node", "--input-type=commonjs", "-"],
        input=f"const given = {json.dumps(given)};\n{script.read_text(encoding='utf-8')}",
        capture_output=True,
        text=True,
        timeout=_RUN_S,
        env={**os.environ, "NODE_PATH": str(modules), **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def installed(package: str) -> Path:
    """Return a folder in which node finds *package*."""
    version = PINNED[package]
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"node and npm are needed to run {package}")
    cache = Path(os.environ.get("OVERLAP_NPM_CACHE") or Path.home() / ".cache" / "overlap-npm")
    folder = cache / f"{package.replace('/', '+')}-{version}"
    if not (folder / ".complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        failed = folder / ".failed"
        if failed.exists() and time.time() - failed.stat().st_mtime < _NOT_AGAIN_S:
            pytest.skip(f"{failed.read_text(encoding='utf-8')}; remove {failed} to try again")
        wanted = {"private": True, "dependencies": {package: version}, "overrides": {"undici": UNDICI}}
        (folder / "package.json").write_text(json.dumps(wanted), encoding="utf-8")
        command = [npm, "install", "--prefix", str(folder), *_OPTIONS]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
        if done.returncode != 0:
            why = f"npm cannot install {package} {version}: {' '.join(done.stderr.split())[:300]}"
            failed.write_text(why, encoding="utf-8")
            pytest.skip(why)
        (folder / ".complete").touch()
    return folder
