"""Errors, named by what to do next. Only `jobs/` catches them.

OverlapError                 something is wrong and it is ours
├── ConfigError              fix the file; the message says file, key and remedy
├── TransientError           the same step may work again later
│   ├── BusyError            the other side did not even look: nothing was taken
│   └── PausedError          stopped on purpose, in good order: the same command goes on when there is room again
│       └── StoppedError     somebody asked for it: the same command goes on at any time
├── RecordError              one record is bad: journal it, go on
├── AccessError              stop this connector: credentials, permission, wrong org
├── StalePlanError           the world moved on: plan again
└── GuardError               held: a person must look and approve
    └── InUseError           another process is at work here: the same again when it has ended
"""

from __future__ import annotations

from typing import ClassVar

from overlap.redaction import redacted


class OverlapError(Exception):
    """Root of every error that we raise on purpose; its text is shown to people as it is."""

    exit_code: ClassVar[int] = 1

    @property
    def kind(self) -> str:
        """What it is, for programs."""
        return type(self).__name__

    def __str__(self) -> str:
        """Return the text without any secret that this process knows: what a CRM or a library said may repeat one."""
        return redacted(super().__str__())

    def __repr__(self) -> str:
        """Return what a library writes of an error that it has caught, without any secret either."""
        return f"{self.kind}({str(self)!r})"


class ConfigError(OverlapError):
    """A setting, argument or workspace is wrong."""

    exit_code: ClassVar[int] = 2


class TransientError(OverlapError):
    """A step failed for a reason that passes: a timeout, a 503, a row lock.

    *retry_after_s* is what the other side asked for, in seconds; None means that it did not say.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BusyError(TransientError):
    """The other side did not even look at what was asked: a limit per second, or a lock. Nothing of it was taken."""


class PausedError(TransientError):
    """The day's budget of API calls is used up; what was done stands."""


class StoppedError(PausedError):
    """The process was asked to end, and did so before the next batch; what was done stands."""

    exit_code: ClassVar[int] = 130


class RecordError(OverlapError):
    """One record was refused; the others are not affected."""

    exit_code: ClassVar[int] = 5


class AccessError(OverlapError):
    """A connector may not go on: sign-in, permission, a missing field, the wrong org."""

    exit_code: ClassVar[int] = 3


class StalePlanError(OverlapError):
    """A plan no longer describes the world it was made for."""

    exit_code: ClassVar[int] = 6


class GuardError(OverlapError):
    """A limit was reached; nothing was written and a person must approve."""

    exit_code: ClassVar[int] = 6


class InUseError(GuardError):
    """Another process changes this workspace; nothing was done."""
