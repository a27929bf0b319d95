"""Does anything that a partner may not see change what it gets? Many pairs of worlds, and the bytes of all its files.

``python -m tests.noninterference --pairs 10000`` plays pairs 0 to 9,999 and saves what came of it under
``benchmarks/results``. A seed is one pair; it can be played again by itself with ``--first SEED --pairs 1``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.report import save, table
from jobs.sharing import release_files
from jobs.stores import shares
from overlap.sharing import permitted
from tests.overlap.sharing_worlds import GLOBEX, Script, script, world


def files(shared: Script, seed: int, folder: Path, kinds: Sequence[str]) -> Iterator[bytes]:
    """The bytes of the share, and of the files of *kinds*, that the partner gets in one world of *shared*."""
    share = shares.write(folder, GLOBEX, "1", "policy", permitted(world(shared, seed), shared.policy, GLOBEX))
    yield share.read_bytes()
    for kind in kinds:
        file = share.with_suffix(f".{kind}")
        release_files.export(share, file, kind)
        yield file.read_bytes()


def problems(seed: int, folder: Path, kinds: Sequence[str] = release_files.KINDS) -> tuple[int, list[str]]:
    """How many rows go out in the pair of *seed*, and what is wrong with it."""
    shared = script(seed)
    one, other = (list(files(shared, 2 * seed + at, folder, kinds)) for at in (0, 1))
    said = [f"{name} differs" for name, a, b in zip(("share", *kinds), one, other, strict=True) if a != b]
    share = shares.place(folder, GLOBEX, "1", "policy")
    columns = ["their_id", *(f"our_{name}" for name in shared.policy.fields)]
    found = set(shares.read(share).select(columns).iter_rows())
    expected = shared.expected()
    if len(found) != len(expected) or not all(len(found & alike) == 1 for alike in expected):
        said.append("what goes out is not what may")
    return len(found), said


def _played(folder: Path, seed: int) -> tuple[int, int, list[str]]:
    own = folder / str(seed % 64)
    own.mkdir(exist_ok=True)
    return seed, *problems(seed, own)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.noninterference", description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    begun, counts, failed = time.perf_counter(), Counter[str](), {}
    seeds = range(options.first, options.first + options.pairs)
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(options.jobs) as pool:
        for seed, rows, said in pool.map(partial(_played, Path(name)), seeds, chunksize=50):
            counts.update(pairs=1, rows=rows, empty=not rows, differing=bool(said))
            failed |= {str(seed): said} if said else {}
    facts = {name: counts[name] for name in ("pairs", "differing", "rows", "empty")}
    found = {"counts": facts, "failed": failed, "wall_s": round(time.perf_counter() - begun, 1)}
    command = f"python -m tests.noninterference --first {options.first} --pairs {options.pairs} --jobs {options.jobs}"
    shown = [(name, f"{count:,}") for name, count in facts.items()]
    parts = [table(("what", "count"), shown), "Three files of each world are compared byte by byte.\n"]
    print(
        save("noninterference", command, found, [*parts, *([f"Failed seeds: {', '.join(failed)}\n"] if failed else [])])
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
