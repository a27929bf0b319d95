"""What a test or an admin turns on in the org: locks, sharing, editions, and rules of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.sandbox import faults, locks
from connectors.sandbox.database import Database
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.org import Org
from connectors.sandbox.schema import FEATURES, visible
from connectors.sandbox.weather import Weather
from overlap.errors import RecordError

_BY_HAND = "a person"


class Switches(Org, Weather):
    """Nothing here is a record, and nothing of it is in the history."""

    database: Database
    vocabulary = faults.SALESFORCE

    # --- locks and sharing ------------------------------------------------------------------------------------------

    def lock_record(self, record_id: str) -> None:
        """Hold the lock of a record: to write it, or what points to it if it is an account, is UNABLE_TO_LOCK_ROW."""
        locks.lock(self.database, [with_checksum(record_id)], _BY_HAND)

    def unlock_records(self) -> None:
        """Let go of every lock that `lock_record` took."""
        locks.unlock(self.database, _BY_HAND)

    def hide_record(self, object_name: str, record_id: str) -> None:
        """Take a record from the API user by sharing: queries leave it out, and it cannot be written."""
        found = self._find(self._entity(object_name), record_id)
        self.database.rows(
            "insert or replace into hidden_row values (?, ?)", (found, self.database.setting("api_user"))
        )

    def show_record(self, record_id: str) -> None:
        """Give back a record that `hide_record` took."""
        self.database.rows("delete from hidden_row where id = ?", (with_checksum(record_id),))

    def is_hidden(self, record_id: str) -> bool:
        """Return whether sharing hides the record."""
        return bool(self.database.rows("select 1 from hidden_row where id = ?", (with_checksum(record_id),)))

    # --- editions and rules -----------------------------------------------------------------------------------------

    def set_features(self, *features: str) -> None:
        """Turn on just these: multi-currency, record-types, person-accounts. Their fields are absent without.

        Raises:
            RecordError: there is no such feature.
        """
        unknown = set(features) - FEATURES.keys()
        if unknown:
            raise RecordError(f"the sandbox has no feature '{min(unknown)}'; it has {', '.join(FEATURES)}")
        with self.database.transaction():
            self.database.keep("features", sorted(features))
            for entity in visible().entities.values():
                currency = entity.column("CurrencyIsoCode")
                if currency is not None and "multi-currency" in features:
                    sql = f'update "{entity.name}" set "CurrencyIsoCode" = ? where "CurrencyIsoCode" is null'
                    self.database.rows(sql, (currency.default,))

    def add_rule(self, object_name: str, values: Mapping[str, Any], message: str) -> None:
        """Add a validation rule of the org's own: a record that has all of *values* after a write is refused."""
        rules = self.database.setting("rules", [])
        self.database.keep("rules", [*rules, [self._entity(object_name).name, dict(values), message]])

    def set_duplicate_rule(self, object_name: str, *fields: str) -> None:
        """Refuse a record that has the same values in all of *fields* as another one; none ends the rule."""
        rules = self.database.setting("duplicate_rules", {})
        self.database.keep("duplicate_rules", {**rules, self._entity(object_name).name: fields})

    def set_our_rules(self, on: bool) -> None:
        """Without them, the org lacks the validation rules that setup deploys with our objects."""
        self.database.keep("our_rules", on)

    def let_change_late(self, user: str | None = None) -> None:
        """Let *user* (Id or Name, the administrator by default) change the influence of a deal that is closed won."""
        self.database.keep("late_changers", [*self.database.setting("late_changers", []), self._user(user)])
