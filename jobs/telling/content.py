"""What a message says, in every form that it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Content:
    """*text* and *html* are for e-mail, *slack* is its markup, *facts* are what a program reads.

    *files*, paths in the workspace, go with an e-mail.
    """

    text: str
    html: str = ""
    slack: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
