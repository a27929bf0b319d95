"""Partners' names over time: a list on a deal may still say a name that its partner has no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jobs.context import Context
from jobs.stores.ledger import Ledger

_PINS: Final = "partner_name:"


def remember(ledger: Ledger, names: Mapping[str, str]) -> None:
    """Keep which partner each of *names* is, or was."""
    known = ledger.pins(_PINS)
    for name, key in names.items():
        if known.get(name) != key:
            ledger.pin(_PINS + name, key)


def former_names(context: Context) -> dict[str, str]:
    """Return the names that partners had before, each with the one that its partner has now.

    A name that another partner has by now is that one's.
    """
    partners = context.workspace.settings.partners
    taken = {one.name for one in partners.values()}
    known = context.ledger.pins(_PINS)
    return {name: partners[key].name for name, key in known.items() if key in partners and name not in taken}
