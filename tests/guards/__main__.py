"""Take each guard away, one at a time, and see a test go red: ``python -m tests.guards [NAME ...] [--save PATH]``.

A guard is an entry of a file beside this one, a file for each floor: what stands in a source, what stands there without
it, and the tests that must notice. All of these are run with everything in place first: only then is red a sign.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

from benchmarks.report import machine, table, versions

ROOT = Path(__file__).parents[2]
_COPIED = ("overlap", "config", "connectors", "matching", "jobs", "tests", "benchmarks", "docs", "pyproject.toml")
RED = "red"
_GREEN, _RED = 0, 1  # pytest's exit codes for: tests ran, and none, or some failed
_LONGEST_S = 300
_ENDLESS_S = 60


@dataclass(frozen=True)
class Guard:
    """What a guard keeps from happening (*name*), where it stands, and which tests notice that it is gone.

    *endless*: without it a test need not fail, but has no end.
    """

    name: str
    file: str
    old: str
    new: str
    tests: Sequence[str]
    endless: bool = False


def guards() -> list[Guard]:
    """Return every guard, floor by floor."""
    floors = sorted(Path(__file__).parent.glob("*.toml"))
    return [Guard(**entry) for floor in floors for entry in tomllib.loads(floor.read_text(encoding="utf-8"))["guard"]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only guards with this in their name")
    parser.add_argument("--jobs", type=int, default=2, help="how many at the same time")
    parser.add_argument("--save", type=Path, help="where to keep the result, without its ending")
    options = parser.parse_args()
    chosen = [one for one in guards() if not options.names or any(name in one.name for name in options.names)]
    found = []
    with ExitStack() as stack:
        free: SimpleQueue[Path] = SimpleQueue()
        for _ in range(options.jobs):
            free.put(stack.enter_context(copy_of_the_project()))
        folder = free.get()
        require_green(chosen, folder)
        free.put(folder)
        pool = stack.enter_context(ThreadPoolExecutor(options.jobs))

        def tried(guard: Guard) -> tuple[Guard, str]:
            folder = free.get()
            try:
                return guard, without(guard, folder)
            finally:
                free.put(folder)

        for guard, said in pool.map(tried, chosen):
            found.append((guard.name, guard.file, said))
            print(f"{said}: {guard.name}", flush=True)
    missed = [name for name, _, said in found if said != RED]
    print(
        f"{len(found)} guards, {len(missed)} of them missed by nobody" if missed else f"{len(found)} guards, all missed"
    )
    if options.save:
        _save(options.save, found)
    return 1 if missed else 0


@contextmanager
def copy_of_the_project() -> Iterator[Path]:
    """Yield a copy of all sources, to take things out of."""
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, Path(folder) / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
            else:
                shutil.copy(source, folder)
        yield Path(folder)


def require_green(chosen: Sequence[Guard], folder: Path) -> None:
    """Run the tests of all *chosen* guards on the copy in *folder*, and end here if one fails as things are."""
    tests = list(dict.fromkeys(test for guard in chosen for test in guard.tests))
    done = _pytest(tests, folder, None)
    if done.returncode != _GREEN:
        sys.exit(f"with every guard in place, exit code {done.returncode}: {done.stdout[-3000:]}")
    print(f"green: {len(tests)} tests and files of tests, with every guard in place", flush=True)


def without(guard: Guard, folder: Path) -> str:
    """Run the tests of *guard* on the copy in *folder* without it; return `RED`, or what came instead."""
    path = folder / guard.file
    text = path.read_text(encoding="utf-8")
    if text.count(guard.old) != 1:
        return f"its text stands {text.count(guard.old)} times in {guard.file}"
    path.write_text(text.replace(guard.old, guard.new), encoding="utf-8")
    try:
        done = _pytest(guard.tests, folder, _ENDLESS_S if guard.endless else _LONGEST_S)
    except subprocess.TimeoutExpired:
        return RED if guard.endless else f"no end after {_LONGEST_S} s"
    finally:
        path.write_text(text, encoding="utf-8")
    return RED if done.returncode == _RED else f"exit code {done.returncode}: {done.stdout[-300:]}"


def _pytest(tests: Sequence[str], folder: Path, longest_s: float | None) -> subprocess.CompletedProcess[str]:
    """Run *tests* in *folder*; whom they started goes with them if they take too long."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as tested:
        try:
            said, _ = tested.communicate(timeout=longest_s)
        except BaseException:
            os.killpg(tested.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, tested.returncode, said)


def _save(path: Path, found: list[tuple[str, str, str]]) -> None:
    command = "python -m tests.guards"
    at = datetime.now(UTC).isoformat(timespec="seconds")
    kept = {"command": command, "at": at, "machine": machine(), "versions": versions()}
    kept["guards"] = [{"name": name, "file": file, "without it": said} for name, file, said in found]
    path.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    text = f"# Guards\n\n`{command}`, {at}: each was taken away by itself, and its tests run.\n\n"
    rows = [(name, f"`{file}`", said) for name, file, said in found]
    path.with_suffix(".md").write_text(text + table(("guard", "where", "without it"), rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
