"""A message as it leaves, and what every channel promises about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one *recipient* (empty where the channel has one end only), in every form that it may take.

    *id* is the same however often it is sent. *facts* are what a program reads; the forms are for people, and so are
    *files*, workbooks, which only e-mail takes along.
    """

    id: str
    kind: str
    recipient: str
    title: str
    text: str
    html: str
    slack: str
    made_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[Path] = ()


class Channel(Protocol):
    """A way to people."""

    @property
    def repeats(self) -> bool:
        """Whether a message of which no answer came may be sent again: its receiver knows it by its id."""

    def send(self, letter: Letter) -> None:
        """Send *letter*; when this returns, it was taken.

        Raises:
            BusyError: it surely was not taken, and may be by and by.
            TransientError: no answer came: it may have been taken.
            RecordError: it, or its recipient, is refused.
            AccessError: the channel takes nothing: a credential, a certificate, or an address that is not allowed.
        """
