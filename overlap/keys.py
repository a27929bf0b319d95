"""External keys: what makes a record of ours the same record, however often it is written."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

_SEPARATOR: Final = "\x1f"


def external_key(workspace_id: str, partner: str, record_id: str, kind: str) -> str:
    """Return ``pi1-`` and 26 lower-case base32 characters of the sha256 of the four parts.

    *record_id* is the CRM's 18-character id of the account or opportunity, empty for the partner itself; *kind* is
    ``partner``, ``overlap`` or ``influence``. Names, scores and runs are no part of it, so replaying is an upsert.
    """
    parts = _SEPARATOR.join((workspace_id, partner, record_id, kind))
    digest = base64.b32encode(hashlib.sha256(parts.encode()).digest()).decode().lower()
    return f"pi1-{digest[:26]}"
