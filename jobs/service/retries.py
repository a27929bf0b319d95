"""What is tried again is told in the log, and nowhere else."""

from __future__ import annotations

from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from jobs.service import logs


def tell_in_the_log() -> None:
    """Take the place of stamina's own word on each retry, which goes to stdout, with the error as it was raised."""
    set_on_retry_hooks([_told])


def _told(details: RetryDetails) -> None:
    error, wait_s = details.caused_by, round(details.wait_for, 1)
    logs.info("tried again", said=str(error), kind=type(error).__name__, attempt=details.retry_num, seconds=wait_s)
