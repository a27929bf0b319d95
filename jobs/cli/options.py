"""Options that several verbs share, and how a verb opens its workspace."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overlap.errors import ConfigError

if TYPE_CHECKING:
    from config.workspace import Workspace
    from jobs.context import Context

Folder = Annotated[Path, typer.Option("--dir", "-C", envvar="OVERLAP_DIR", help="The workspace.", show_default="here")]
Environment = Annotated[
    str | None,
    typer.Option("--env", envvar="OVERLAP_ENV", help="The environment: overlap.ENV.toml over the settings."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Partner = Annotated[str | None, typer.Option("--partner", "-p", help="Only this partner (its key).")]
Crm = Annotated[str | None, typer.Option("--crm", help="Only this CRM connection's accounts.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many rows.")]
HERE = Path()
_MOST_LISTED = 20
#: The environment of the verb that runs: a parameter would pass through every verb.
_ENVIRONMENT: ContextVar[str | None] = ContextVar("environment", default=None)


def environment() -> str | None:
    """Return the environment of the verb that runs."""
    return _ENVIRONMENT.get()


@contextmanager
def opened(folder: Path, quiet: bool = False) -> Iterator[Context]:
    """Open the workspace in *folder*, as the environment has it, for one job; unless *quiet*, progress on stderr."""
    from config.workspace import open_workspace
    from jobs.cli.console import err, progress
    from jobs.cli.times import show_in
    from jobs.context import open_context
    from jobs.service import logs, stopping
    from jobs.sharing.withdraw import withdraw

    workspace = open_workspace(folder, _ENVIRONMENT.get())
    show_in(workspace.zone)
    if quiet or logs.from_environment():
        with stopping.on_sigterm(), open_context(workspace, logs.progress()) as context:
            withdraw(context)
            yield context
        return
    with stopping.on_sigterm(), progress() as report, open_context(workspace, report) as context:
        for said in withdraw(context):
            err.print(said, soft_wrap=True, markup=False)
        yield context


def workspace_in(folder: Path) -> Workspace:
    """Return the workspace in *folder*, as the environment has it, unopened."""
    from config.workspace import open_workspace

    return open_workspace(folder, _ENVIRONMENT.get())


def chosen_environment() -> str | None:
    """Return the environment that the verb was told to take."""
    return _ENVIRONMENT.get()


def with_environment(app: typer.Typer) -> None:
    """Give every verb of *app* that opens a workspace the option ``--env``."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _with_environment(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            with_environment(group.typer_instance)


def _with_environment(verb: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(verb, eval_str=True)
    if Folder not in [parameter.annotation for parameter in signature.parameters.values()]:
        return verb

    @functools.wraps(verb)
    def chosen(*, environment: str | None, **options: Any) -> Any:
        _ENVIRONMENT.set(environment or None)
        return verb(**options)

    option = inspect.Parameter("environment", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Environment)
    chosen.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), option]
    )
    chosen.__annotations__ = {**verb.__annotations__, "environment": Environment}
    return chosen


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
