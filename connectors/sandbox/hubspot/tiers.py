"""What an account may have and how much it may call, by its tier.

Source: HubSpot's usage guidelines and its product and services catalog. The number of labels per pair of objects, and
of a free account's properties, are not said in one place: they are what is commonly reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Tier:
    """*properties* are custom ones of one object, *labels* those of one pair of objects."""

    name: str
    calls_per_10_s: int
    calls_per_day: int
    custom_objects: int
    properties: int
    labels: int


TIERS: Final = {
    tier.name: tier
    for tier in (
        Tier("free", 100, 250_000, 0, 10, 0),
        Tier("starter", 100, 250_000, 0, 1_000, 0),
        Tier("professional", 190, 625_000, 0, 1_000, 10),
        Tier("enterprise", 190, 1_000_000, 10, 1_000, 50),
    )
}
#: Searches of an account in any one second.
SEARCHES_PER_S: Final = 5
UNIQUE_PROPERTIES: Final = 10


def named(name: str) -> Tier:
    """Return the tier called *name*.

    Raises:
        ConfigError: there is none.
    """
    if name not in TIERS:
        raise ConfigError(f"HubSpot has no tier '{name}'; take {', '.join(TIERS)}")
    return TIERS[name]
