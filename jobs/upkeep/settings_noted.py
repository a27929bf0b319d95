"""The settings are edited by hand: the audit says when somebody first ran with other ones, and which sections moved."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Final

from config.workspace import Workspace
from jobs.stores.ledger import Ledger

_PIN: Final = "settings:"


def note_settings(ledger: Ledger, workspace: Workspace, who: str, now: datetime) -> None:
    """Note which sections of the settings differ from those of the verb before, in the same environment."""
    said = workspace.settings.model_dump(mode="json")
    digests = {name: hashlib.sha256(json.dumps(part).encode()).hexdigest()[:16] for name, part in said.items()}
    name = f"{_PIN}{workspace.environment or ''}"
    pinned = ledger.pinned(name)
    before = None if pinned is None else json.loads(pinned)
    if digests == before:
        return
    if before is not None:
        moved = sorted(key for key in digests if digests[key] != before.get(key))
        what = {"sections": moved, "environment": workspace.environment}
        if moved:
            ledger.note(who, "changed settings", what, now)
    ledger.pin(name, json.dumps(digests))
