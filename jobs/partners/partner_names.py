"""Partners' names over time, and where their files are: a list on a deal may still say a name that is no more.

A partner that is out of the settings is erased by what is kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jobs.context import Context
from jobs.stores.ledger import Ledger

_PINS: Final = "partner_name:"
_FILES: Final = "partner_files:"


def remember(ledger: Ledger, names: Mapping[str, str]) -> None:
    """Keep which partner each of *names* is, or was."""
    known = ledger.pins(_PINS)
    for name, key in names.items():
        if known.get(name) != key:
            ledger.pin(_PINS + name, key)


def remember_files(ledger: Ledger, files: Mapping[str, str]) -> None:
    """Keep where the files of each partner are, by its key."""
    known = ledger.pins(_FILES)
    for key, pattern in files.items():
        if known.get(key) != pattern:
            ledger.pin(_FILES + key, pattern)


def files_of(ledger: Ledger, partner: str) -> str | None:
    """Return where the files of *partner* were last, None if nobody kept that."""
    return ledger.pinned(_FILES + partner)


def removed_names(context: Context) -> frozenset[str]:
    """Return the names of partners that the settings do not have any more, and that none has by now."""
    partners = context.workspace.settings.partners
    gone = {name for key, name in context.ledger.pins("partner:").items() if key not in partners}
    return frozenset(gone - {one.name for one in partners.values()})


def former_names(context: Context) -> dict[str, str]:
    """Return the names that partners had before, each with the one that its partner has now.

    A name that another partner has by now is that one's.
    """
    partners = context.workspace.settings.partners
    taken = {one.name for one in partners.values()}
    known = context.ledger.pins(_PINS)
    return {name: partners[key].name for name, key in known.items() if key in partners and name not in taken}
