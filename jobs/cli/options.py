"""Options that several verbs share, and how a verb opens its workspace."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlap.errors import ConfigError

if TYPE_CHECKING:
    from jobs.context import Context

Folder = Annotated[Path, typer.Option("--dir", "-C", envvar="OVERLAP_DIR", help="The workspace.", show_default="here")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Partner = Annotated[str | None, typer.Option("--partner", "-p", help="Only this partner (its key).")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many rows.")]
HERE = Path()
_MOST_LISTED = 20


@contextmanager
def opened(folder: Path) -> Iterator[Context]:
    """Open the workspace in *folder* for one job, with progress on stderr."""
    from config.workspace import open_workspace
    from jobs.cli.console import progress
    from jobs.context import open_context

    workspace = open_workspace(folder)
    with progress() as report, open_context(workspace, report) as context:
        yield context


def memory_size(text: str | None) -> str | None:
    """Return *text* if it is a size as DuckDB takes it ("2GB", "500 MiB").

    Raises:
        typer.BadParameter: it is none.
    """
    if text is not None and not re.fullmatch(r"(?i)\d+(\.\d+)?\s*[KMGT]i?B", text.strip()):
        raise typer.BadParameter(f"'{text}' is no size; say it like 2GB or 500MB")
    return text


def require_known(what: str, wanted: Collection[str], known: Collection[str]) -> None:
    """Make sure that each name of *wanted* is one of *known*: a misspelt one must not be passed over in silence.

    Raises:
        ConfigError: one is not; the message suggests the nearest.
    """
    for name in wanted:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            listed = f"known: {', '.join(known) or 'none'}" if len(known) <= _MOST_LISTED else "check its spelling"
            hint = f"did you mean '{close[0]}'?" if close else listed
            raise ConfigError(f"there is no {what} '{name}'; {hint}")
