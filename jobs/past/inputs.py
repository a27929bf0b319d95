"""What a pull reads by, beside the CRMs: settings, mappings, files. Where none of it moved, a new one reads alike."""

from __future__ import annotations

import hashlib
import json
from itertools import chain
from pathlib import Path
from typing import Any

from jobs.context import Context
from jobs.stores import list_mappings


def mark(context: Context) -> dict[str, Any]:
    """Return what changes when a setting does, or a file in the inbox or where the settings look for lists: hashes.

    What lies on another machine is not looked at. Secrets stand in settings by reference only.
    """
    folder, settings = context.workspace.folder, context.workspace.settings
    patterns = ["inbox/*", *(one.files for one in settings.partners.values() if "://" not in one.files)]
    places = (folder / pattern for pattern in patterns)  # an absolute one leads elsewhere
    found = chain.from_iterable(Path(place.anchor).glob(str(place.relative_to(place.anchor))) for place in places)
    files = {path for path in found if path.is_file()}
    told = sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return {"settings": _digest(settings.model_dump(mode="json")), "files": _digest(told)}


def mappings(context: Context) -> dict[str, Any]:
    """Return which mapping of each partner's lists is the newest; accepting a list makes one too."""
    partners = context.workspace.settings.partners
    return {"mappings": {key: list_mappings.memory(context.ledger, key)[1] for key in partners}}


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, default=str, sort_keys=True).encode()).hexdigest()[:16]
