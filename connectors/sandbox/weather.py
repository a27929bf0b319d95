"""What a sandbox of any CRM is put through from outside: faults, and the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox import faults
from connectors.sandbox.faults import Counted, Vocabulary
from connectors.sandbox.state import State


class Weather:
    """The part of a sandbox's store that is about bad days and the clock. Nothing of it is in the history."""

    database: State
    vocabulary: Vocabulary

    def set_faults(self, script: Any) -> None:
        """Bring the fault script *script* into force in the place of any other; see `faults`. An empty one ends all.

        Raises:
            ConfigError: it is no fault script.
        """
        faults.put(self.database, faults.read(script, self.vocabulary))

    def faults(self) -> list[Counted]:
        """Return the rules in force: how many requests each was about, and how many it struck."""
        return faults.counted(self.database)

    def set_time(self, at: datetime | None) -> None:
        """Stop the org's clock at *at*, an aware time (stamps and the Date header); None lets it run."""
        self.database.keep("time", at.astimezone(UTC).isoformat() if at else None)

    def run_from(self, at: datetime) -> None:
        """Let the org's clock run on from *at*, an aware time."""
        self.database.keep("time", (at - datetime.now(UTC)).total_seconds())

    def advance(self, by: timedelta) -> None:
        """Move the org's clock forward by *by*, stopped or running."""
        with self.database.transaction():
            kept = self.database.setting("time")
            if isinstance(kept, str):
                self.database.keep("time", (datetime.fromisoformat(kept) + by).isoformat())
            else:
                self.database.keep("time", (kept or 0.0) + by.total_seconds())
