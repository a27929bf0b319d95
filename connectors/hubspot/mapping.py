"""Properties of the portal's own that the settings map to columns of ours, checked against its definitions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connectors.hubspot.cells import LABEL
from connectors.hubspot.columns import Reading
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.session import Properties
from connectors.hubspot.views import Column
from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings ask for: properties beside, or in place of, the usual, and what makes a customer or partner."""

    account_fields: Mapping[str, str] = field(default_factory=dict)
    opportunity_fields: Mapping[str, str] = field(default_factory=dict)
    customer_stages: tuple[str, ...] = ()
    partner_types: tuple[str, ...] = ()


def mapped(reading: Reading, crm: str, wishes: Wishes, defined: Properties) -> Reading:
    """Return *reading* whose first view reads what the settings of *crm* wish, by our names.

    A name that is a column gets the property in place of the usual one; any other name goes to the JSON of ``custom``.

    Raises:
        ConfigError: the portal has no such property.
    """
    kinds = {
        COMPANIES: ("account_fields", wishes.account_fields),
        DEALS: ("opportunity_fields", wishes.opportunity_fields),
    }
    section, wanted = kinds.get(reading.object_name, ("", {}))
    if not wanted:
        return reading
    first, *others = reading.views
    columns = {column.name: column for column in first.columns}
    custom: dict[str, Column] = {}
    for name, property_ in wanted.items():
        if property_ not in defined:
            raise _unknown(f"[crm.{crm}.{section}] {name} = '{property_}'", reading.object_name, property_, defined)
        required = name in columns and columns[name].required
        is_listed = name not in first.schema and defined[property_].get("options")
        source = property_ + LABEL if is_listed else property_
        (columns if name in first.schema else custom)[name] = Column(name, source, property_, required)
    view = replace(first, columns=tuple(columns.values()), custom=tuple(custom.values()))
    return replace(reading, views=(view, *others))


def _unknown(asked: str, object_name: str, name: str, defined: Properties) -> ConfigError:
    labelled = {str(facts.get("label", "")).lower(): known for known, facts in defined.items()}
    same = labelled | {known.lower(): known for known in defined}
    close = difflib.get_close_matches(name.lower(), same, n=1)
    hint = f"; did you mean '{same[close[0]]}'?" if close else ""
    return ConfigError(f"{asked}: {object_name} has no property with the internal name '{name}'{hint}")
