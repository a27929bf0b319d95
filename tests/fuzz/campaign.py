"""So many executions, parted between the targets, and what came of them."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS, seeds

#: Of so many executions, one is a list: it takes as long as some dozen rows of headings.
_LISTS = 40


@dataclass(frozen=True)
class Fed:
    """What came of feeding one target. *failure* is the end of what it said, "" if it failed at nothing."""

    target: str
    executions: int
    reached: int
    cpu_s: float
    failure: str


def feed(target: str, runs: int, folder: Path, seed: int) -> Fed:
    """Feed *target* *runs* times; what makes it fail is kept in *folder*."""
    corpus = folder / f"{target}-corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for at, content in enumerate(seeds(target)):
        (corpus / f"seed-{at}").write_bytes(content)
    options = [
        f"-runs={runs}",
        f"-seed={seed}",
        "-max_len=4096",
        "-timeout=30",
        "-rss_limit_mb=0",
        "-print_final_stats=1",
    ]
    command = [sys.executable, "-m", "tests.fuzz.one", target, *options, f"-artifact_prefix={folder}/{target}-"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, str(corpus)], capture_output=True, check=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = done.stderr.decode(errors="replace")
    return Fed(
        target=target,
        executions=_last(r"stat::number_of_executed_units:\s*(\d+)", said),
        reached=_last(r"cov: (\d+)", said),
        cpu_s=round(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, 1),
        failure=said[-3_000:] + done.stdout.decode(errors="replace")[-3_000:] if done.returncode else "",
    )


def campaign(runs: int, folder: Path, seed: int = 1) -> list[Fed]:
    """Feed the targets *runs* times altogether."""
    of_lists = max(runs // _LISTS, 1)
    parts = {"headings": runs - of_lists, "lists": of_lists}
    return [feed(target, parts[target], folder, seed) for target in TARGETS]


def _last(pattern: str, said: str) -> int:
    found = re.findall(pattern, said)
    return int(found[-1]) if found else 0
