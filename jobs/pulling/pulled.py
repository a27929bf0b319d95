"""Whether what was pulled is what the settings ask for now: a changed mapping counts from the next pull on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from jobs.context import Context
from jobs.partners import lists_in_force
from jobs.pulling import drift
from jobs.stores.warehouse import Warehouse
from overlap.errors import ConfigError, GuardError

#: The kind of the marks of CRMs that the last pull could not read.
_UNREAD: Final = "unread"


def require_pulled(context: Context, warehouse: Warehouse) -> None:
    """Make sure that every CRM has been read, and it and the partners' lists as the settings say now, and nobody else.

    Raises:
        ConfigError: a CRM has not been read, or something was read by other settings, or from whom they do not name
            any more; the message names them.
    """
    unread = [crm for crm in context.crms() if warehouse.watermark(crm) is None]
    if unread:
        raise ConfigError(f"nothing has been pulled from '{unread[0]}' yet; run 'overlap pull' first")
    settings = context.workspace.settings
    changed = sorted({f"{_section(stream)}.{side}" for stream, side in removed(context, warehouse)})
    for crm, now in settings.crm.items():
        changed += _moved(f"crm.{crm}", drift.read_by(warehouse, crm), now.reading())
    for partner, said in settings.partners.items():
        changed += _moved(f"partners.{partner}", lists_in_force.read_by(warehouse, partner), said.reading())
        changed += [f"the mapping of '{partner}'"] * lists_in_force.mapping_moved(context, warehouse, partner)
        changed += [f"the list of '{partner}' in force"] * (not lists_in_force.is_landed(context, warehouse, partner))
    if changed:
        raise ConfigError(
            f"{context.workspace.settings_files}: {', '.join(changed)} changed since the last pull; "
            f"run 'overlap pull' first"
        )


def mark_read(warehouse: Warehouse, crm: str, could: bool = True) -> None:
    """Note that a pull has read *crm*, in the transaction that lands it; or that it could not."""
    warehouse.set_mark(f"{_UNREAD}:{crm}", "" if could else "unread")


def behind(context: Context, warehouse: Warehouse) -> dict[str, datetime]:
    """Return the CRMs that the last pull could not read, each with the time up to which an earlier one did."""
    read = {crm: warehouse.watermark(crm) for crm in context.crms() if warehouse.mark(f"{_UNREAD}:{crm}")}
    return {crm: until for crm, until in read.items() if until is not None}


def require_read(context: Context, warehouse: Warehouse) -> None:
    """Refuse to match CRMs as they were at different times: nobody knows what is one company, excluded or off limits.

    Raises:
        GuardError: the last pull could not read some CRM.
    """
    late = behind(context, warehouse)
    if late:
        zone = context.workspace.zone
        named = (f"'{crm}', whose rows are of {at.astimezone(zone):%Y-%m-%d %H:%M}" for crm, at in late.items())
        raise GuardError(
            f"the last pull could not read {' and '.join(named)}; run 'overlap pull' again, "
            f"or say 'overlap match --old-rows' to match what there is"
        )


def removed(context: Context, warehouse: Warehouse) -> Iterator[tuple[str, str]]:
    """Yield stream and side of everything that came from partners and CRMs that the settings do not have any more."""
    for stream, sides in warehouse.sides().items():
        for side in sorted(sides - set(getattr(context.workspace.settings, _section(stream)))):
            yield stream, side


def _section(stream: str) -> str:
    return "partners" if stream == "partner_accounts" else "crm"


def _moved(place: str, then: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[str]:
    """Return which settings of *place* differ; none where nobody kept what they were *then*."""
    return [] if then is None else [f"{place}.{name}" for name, said in sorted(now.items()) if then.get(name) != said]
