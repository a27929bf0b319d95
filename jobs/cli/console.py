"""Where the command line writes: data to stdout, progress and errors to stderr, JSON only when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from overlap.redaction import redacted

if TYPE_CHECKING:
    from jobs.context import Report

SCHEMA_VERSION: Final = 1
out: Final = Console(highlight=False)
err: Final = Console(stderr=True, highlight=False)


@contextmanager
def progress() -> Iterator[Report]:
    """Show a bar on stderr while a person waits; nothing where stderr is no terminal."""
    columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("starting", total=None)

        def report(message: str, share: float | None) -> None:
            bar.update(task, description=message, total=None if share is None else 1.0, completed=share or 0.0)

        yield report


def print_json(facts: Any) -> None:
    """Print *facts* (a mapping or a dataclass) as one JSON object with a ``schema_version``."""
    plain = asdict(facts) if is_dataclass(facts) and not isinstance(facts, type) else dict(facts)
    out.print_json(redacted(json.dumps({"schema_version": SCHEMA_VERSION, **plain}, default=str, ensure_ascii=False)))
