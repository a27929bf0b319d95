"""The day's budget of API calls: a share of the org's allowance for us, and never the last part of it.

The org says what everybody has used of it, our own ledger what we have: both are rolling counts of 24 hours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection as Transaction

from connectors.base import Connection
from jobs.context import Context
from jobs.stores import api_calls
from jobs.stores.api_calls import Meter
from overlap.errors import PausedError

_DAY: Final = timedelta(hours=24)


class Budget:
    """What may still be called at *connection* today. *meter* counts its calls in the ledger, None: nothing does."""

    def __init__(self, context: Context, connection: Connection, meter: Meter | None = None) -> None:
        self._context = context
        self._meter = meter
        self._guards = context.workspace.settings.guards
        self._connection = connection
        self._ours_before = api_calls.since(context.ledger, connection.name, context.now - _DAY)

    def left(self) -> int | None:
        """Return how many calls are left, 0 at least; None if the CRM does not say what it allows."""
        said = self._connection.api_calls_left()
        if said is None:
            return None
        used, allowed = said
        ours = self._ours_before + self._connection.api_calls_made()
        of_us = allowed * self._guards.api_budget_percent // 100 - ours
        of_all = allowed * self._guards.api_total_percent // 100 - used
        return max(0, min(of_us, of_all))

    def note(self, transaction: Transaction) -> None:
        """Bring the ledger's count of our calls up to date within *transaction*."""
        if self._meter is not None:
            self._meter.count(transaction, self._connection.api_calls_made(), self._context.by_now())

    def require(self, calls: int) -> None:
        """Make sure that *calls* more may be made.

        Raises:
            PausedError: they are more than what is left.
        """
        left = self.left()
        if left is not None and calls > left:
            raise PausedError(
                f"paused: {calls:,} API calls are needed next and {left:,} are left of today's budget "
                f"(guards.api_budget_percent {self._guards.api_budget_percent}, "
                f"api_total_percent {self._guards.api_total_percent}); what was written stands"
            )
