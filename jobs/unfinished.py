"""What stops one CRM stops no other one: it is kept, and raised when the others are done, with what was done.

Settings that are wrong are none of it: they stop everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from overlap.errors import AccessError, GuardError, OverlapError, StalePlanError, TransientError

_Report = TypeVar("_Report")
#: What may be wrong with one CRM, or with the plan for it, alone.
_OF_ONE: Final = (TransientError, AccessError, GuardError, StalePlanError)
#: Kinds of errors for which nobody need do anything: other work was in the way, and a new run finds its way.
AGAIN: Final = ("InUseError", "StalePlanError")


class UnfinishedError(OverlapError, Generic[_Report]):
    """CRMs were stopped, by *stopped* each; *report* is what was done all the same.

    What may pass by itself gives the exit code, before what a person must look at.
    """

    def __init__(self, stopped: Mapping[str, OverlapError], report: _Report) -> None:
        super().__init__("\n".join(map(str, stopped.values())))
        self.stopped = dict(stopped)
        self.report = report
        self.exit_code = min(error.exit_code for error in stopped.values())  # type: ignore[misc]  # that of an error kept

    @property
    def kind(self) -> str:
        """The kind of what stopped a CRM; of several, one after which the same may work again counts."""
        kinds = [error.kind for error in self.stopped.values()]
        return next((one for one in AGAIN if one in kinds), kinds[0])


@contextmanager
def keeping(stopped: dict[str, OverlapError], crm: str) -> Iterator[None]:
    """Keep what stops *crm*, the first of it, instead of raising it."""
    try:
        yield
    except _OF_ONE as error:
        stopped.setdefault(crm, error)
