"""Options that several verbs share, and how a verb opens its workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jobs.context import Context

Folder = Annotated[Path, typer.Option("--dir", "-C", envvar="OVERLAP_DIR", help="The workspace.", show_default="here")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Partner = Annotated[str | None, typer.Option("--partner", "-p", help="Only this partner (its key).")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many rows.")]
HERE = Path()


@contextmanager
def opened(folder: Path) -> Iterator[Context]:
    """Open the workspace in *folder* for one job, with progress on stderr."""
    from config.workspace import open_workspace
    from jobs.cli.console import progress
    from jobs.context import open_context

    workspace = open_workspace(folder)
    with progress() as report, open_context(workspace, report) as context:
        yield context
