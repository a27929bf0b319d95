"""`python -m tests.fuzz --runs N`: feeds the targets, prints and saves what came of it, and fails if one fails."""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.campaign import Fed, campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="executions of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for what was found; with it, a later call goes on from it")
    parser.add_argument("--save", type=Path, help="write PATH.json and PATH.md")
    said = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.exit("atheris is not there: it has wheels for Linux and Python 3.11 to 3.13")
    with TemporaryDirectory() as folder:
        fed = campaign(said.runs, said.keep or Path(folder), said.seed)
    result = {
        "command": f"python -m tests.fuzz --runs {said.runs} --seed {said.seed}",
        "machine": platform.platform(),
        "python": platform.python_version(),
        "targets": [asdict(one) for one in fed],
    }
    if said.save:
        said.save.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
        said.save.with_suffix(".md").write_text(_as_text(result, fed))
    print(json.dumps(result, indent=2))
    return int(any(one.failure for one in fed))


def _as_text(result: dict[str, object], fed: list[Fed]) -> str:
    rows = "".join(
        f"| {one.target} | {one.executions:,} | {one.reached:,} | {one.cpu_s:,} | {'yes' if one.failure else 'no'} |\n"
        for one in fed
    )
    return (
        f"# Fuzzing the reader of lists\n\n`{result['command']}` on {result['machine']}, Python {result['python']}\n\n"
        f"| target | executions | branches reached | CPU s | failed |\n|---|---|---|---|---|\n{rows}"
    )


if __name__ == "__main__":
    sys.exit(main())
