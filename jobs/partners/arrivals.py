"""Find the newest file of a partner, wherever its lists are."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Final

from config.sources import kind
from connectors.files.inbox import require_ours
from connectors.files.source import newest_list
from jobs.context import Context, vault_of
from overlap.errors import BusyError

_FETCHED: Final = Path("inbox") / ".fetched"
#: How many times a file that was written just now is looked at.
_LOOKS: Final = 3


def newest_file(context: Context, partner: str) -> Path | None:
    """Return the newest file of *partner*, None if there is none. One that lies elsewhere is fetched first.

    Raises:
        AccessError, TransientError, GuardError, ConfigError: it cannot be fetched, see `connectors.files.remote`.
        BusyError: it is still being written.
    """
    settings = context.workspace.settings.partners[partner]
    folder = context.workspace.folder
    if kind(settings.files) is None:
        file = arrived(context, partner)
        if file is not None:
            wait_for(context, file)
        return file
    from connectors.files.remote import fetch_newest  # few have lists elsewhere

    context.report(f"{partner}: looking at {settings.files}")
    source = settings.source
    if source.ca_file is not None:
        source = source.model_copy(update={"ca_file": folder / source.ca_file})
    return fetch_newest(settings.files, source, fetched(folder, partner), vault_of(context.workspace).secret)


def fetched(folder: Path, partner: str) -> Path:
    """Return the place in workspace *folder* of what was fetched of *partner*."""
    return folder / _FETCHED / partner


def arrived(context: Context, partner: str) -> Path | None:
    """Return the newest file of *partner* that is on this machine, as it was left or fetched; None if there is none.

    Raises:
        GuardError: a link leads out of the folder that the settings name, or the file's name cannot be shown.
    """
    folder, files = context.workspace.folder, context.workspace.settings.partners[partner].files
    if kind(files) is not None:
        return newest_list("*", fetched(folder, partner))
    file = newest_list(files, folder)
    if file is not None:
        require_ours(file, files, folder)
    return file


def rest_s(written_s: float, now: datetime, quiet_s: float) -> float:
    """Return how long a file must still be left alone, in seconds; 0 if nobody writes it, or its clock is ahead."""
    age_s = now.timestamp() - written_s
    return quiet_s - age_s if 0 <= age_s < quiet_s else 0.0


def wait_for(context: Context, file: Path) -> None:
    """Wait until nobody writes *file*, for a while.

    Raises:
        BusyError: somebody still does.
    """
    quiet_s = context.workspace.settings.guards.list_quiet_s
    for _ in range(_LOOKS):
        rest = rest_s(file.stat().st_mtime, context.by_now(), quiet_s)
        if not rest:
            return
        context.report(f"{file.name}: waiting until nobody writes it")
        time.sleep(rest)
    raise BusyError(f"{file.name} is still being written; it is taken by a pull that finds it at rest")
