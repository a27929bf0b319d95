"""Where lists name a person: the accepted ones, and those that lie in the inbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from config.partners import PartnerSettings
from connectors.files.cleaning import Cleaned
from connectors.files.guarded import Reader
from jobs.context import Context
from jobs.partners import arrivals
from jobs.partners.lists_in_force import hints
from jobs.stores import schema
from jobs.stores.digest import digest
from overlap.erasing import Marks, mark_of
from overlap.errors import OverlapError


@dataclass(frozen=True, slots=True)
class Traces:
    """Lists and files that name a person, and what they are without; *names* stood beside the address.

    *sent* are path, sha256 and what is left.
    """

    accepted: tuple[tuple[int, Path, str, Cleaned], ...]
    sent: tuple[tuple[Path, str, Cleaned], ...]
    unread: tuple[str, ...]
    names: frozenset[str]


def find(context: Context, address: str) -> Traces:
    """Return where lists, accepted ones and those that lie in the inbox, name the person with *address*."""
    with ExitStack() as stack:
        # One each: what broke out of a parser by one partner's list must not speak of another's.
        readers = defaultdict[str, Reader](lambda: stack.enter_context(Reader(context.workspace.settings.lists)))
        return _looked_for(context, address, readers)


def _looked_for(context: Context, address: str, readers: Mapping[str, Reader]) -> Traces:
    workspace_id = context.workspace.settings.workspace.id
    person = Marks(workspace_id, frozenset([mark_of(workspace_id, address)]))
    workspace, table = context.workspace, schema.lists
    with context.ledger.engine.connect() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).all()
    accepted: list[tuple[int, Path, str, Cleaned]] = []
    sent: list[tuple[Path, str, Cleaned]] = []
    unread: list[str] = []
    for row in rows:
        path = workspace.lists / f"{row.sha256}{Path(row.file_name).suffix.lower()}"
        settings = PartnerSettings.model_validate_json(row.settings)
        try:
            clean = readers[row.partner].clean(
                path, row.partner, settings, hints(context, row.partner, row.file_name), person
            )
        except OverlapError as error:
            unread.append(f"{row.partner}: {error}")
            continue
        if clean is not None:
            accepted.append((row.id, path, row.file_name, clean))
    for path, partner, settings in _inbox(context):
        sha256 = digest(path)
        try:
            clean = readers[partner].clean(path, partner, settings, hints(context, partner, path.name), person)
        except OverlapError as error:
            unread.append(str(error))
            continue
        if clean is not None:
            sent.append((path, sha256, clean))
    found = [*(clean for *_, clean in accepted), *(clean for *_, clean in sent)]
    names = frozenset(name for clean in found for name in clean.names)
    return Traces(tuple(accepted), tuple(sent), tuple(unread), names)


def _inbox(context: Context) -> Iterator[tuple[Path, str, PartnerSettings]]:
    folder = context.workspace.folder
    for partner, settings in context.workspace.settings.partners.items():
        fetched = arrivals.fetched(folder, partner).glob("*")
        for path in sorted({*folder.glob(settings.files), *fetched}):
            if path.is_file() and not path.name.startswith((".", "~$")):
                yield path, partner, settings
