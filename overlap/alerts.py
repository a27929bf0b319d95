"""When people are told of what is wrong: when it begins, after a while if it still stands, and again if it comes back.

Pure. What is wrong now is worked out in `jobs/telling/causes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: How the id of a cause begins that only a run can tell.
RUN: Final = "run:"


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong. *id* is the same while it is the same thing; *remedy* is what a person does about it.

    Only a run can tell whether one is over whose id begins with `RUN`.
    """

    id: str
    title: str
    detail: str
    remedy: str
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be told *now*, and which open alerts were told *again* or have *ended*, by their cause."""

    now: tuple[Cause, ...]
    again: tuple[str, ...]
    ended: tuple[str, ...]


def turn(
    found: Collection[Cause], told_at: Mapping[str, datetime], now: datetime, remind_days: int, after_run: bool
) -> Turn:
    """Return what follows from the causes *found* where those of *told_at* are open, each told last at that time.

    What only a run can tell ends only *after_run*, one that did all of it.
    """
    by_id = {cause.id: cause for cause in found}
    due = [key for key, at in told_at.items() if key in by_id and now - at >= timedelta(days=remind_days)]
    gone = [key for key in told_at if key not in by_id and (after_run or not key.startswith(RUN))]
    new = [key for key in by_id if key not in told_at]
    return Turn(tuple(by_id[key] for key in (*new, *due)), tuple(due), tuple(gone))


def same_words(message: str) -> str:
    """Return *message* without numbers: what fails in the same way twice is one cause."""
    return re.sub(r"\d+", "#", message)
