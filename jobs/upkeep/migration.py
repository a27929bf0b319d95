"""Where the ledger stands among the versions of its schema, and bringing it to this one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.workspace import Workspace
from jobs.context import whoami
from jobs.stores import migrating
from jobs.stores.ledger import open_ledger


@dataclass(frozen=True, slots=True)
class Migration:
    """A ledger *of* some version (None: there is none) and what brings it *to* that of this overlap.

    *copy* is where the ledger lies as it was before; None where nothing was done.
    """

    of: str | None
    to: str
    pending: tuple[tuple[str, str], ...]
    copy: str | None = None


def standing(workspace: Workspace) -> Migration:
    """Return what is pending; nothing is changed.

    Raises:
        ConfigError: a newer version of overlap wrote the ledger.
    """
    path = workspace.ledger_file
    version = migrating.version_at(path) if path.is_file() else None
    if version is None:
        return Migration(None, migrating.HEAD, ())
    migrating.require_known(version, path)
    return Migration(version, migrating.HEAD, tuple(migrating.pending(version)))


def migrate(workspace: Workspace, now: datetime) -> Migration:
    """Bring the ledger to this version and return what was done.

    Raises:
        ConfigError: a newer version of overlap wrote it.
    """
    before = standing(workspace)
    if not before.pending:
        return before
    with open_ledger(workspace.ledger_file, workspace.settings.workspace.id) as ledger:
        ledger.note(whoami(), "migrated", {"from": before.of, "to": before.to}, now)
    return Migration(before.of, before.to, before.pending, str(migrating.copies(workspace.ledger_file)[-1]))
