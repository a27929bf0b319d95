"""What became of a review workbook. Light: every pull knows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a workbook that was not taken: its number, the verdict in it, why not, and what to do."""

    row: int
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class WorkbookReport:
    """What became of one workbook: verdicts *taken*, *known* already, rows left for *later*, and *bad* rows.

    *unread* says why nothing of it could be read, and where it went is *kept*, if it was moved. *partner* is the one it
    asks about.
    """

    file: str
    judged_by: str
    taken: int = 0
    known: int = 0
    later: int = 0
    bad: tuple[BadRow, ...] = ()
    unread: str | None = None
    kept: str | None = None
    partner: str | None = None
