"""The comparisons and the levels that each can reach. Their words and weights are in the model; their rules in `pairs`.

A level's code in the model is its name here in lower case. ``UNKNOWN`` says nothing and weighs nothing.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.model import Model


class Name(IntEnum):
    """The best two names of two accounts."""

    WEAK = 0
    CONFLICT_LONG = 1
    CONFLICT_FIRST = 2
    MOST = 3
    INSIDE_LATE = 4
    INITIALS = 5
    RESEMBLES = 6
    INSIDE_MIXED = 7
    INSIDE = 8
    INSIDE_LONG = 9
    GENERIC_BOTH = 10
    BEGINS = 11
    GENERIC_REST = 12
    TINY_REST = 13
    TINY_REST_LONG = 14
    NEAR = 15
    ABBREVIATED_COMMON = 16
    ABBREVIATED = 17
    ABBREVIATED_LONG = 18
    SCRIPTS = 19
    BRAND_LATE = 20
    EQUAL_COMMON = 21
    EQUAL_ALIAS = 22
    EQUAL_KNOWN = 23
    EQUAL = 24
    EQUAL_DISTINCTIVE = 25


class Website(IntEnum):
    """Websites beside each other, or one website beside the other side's name."""

    UNKNOWN = 0
    DIFFERENT = 1
    DIFFERENT_UNCLEAR = 2
    DIFFERENT_WEAK = 3
    DIFFERENT_NAMED = 4
    UNLIKE = 5
    UNLIKE_BOTH = 6
    BEGINS_OWN = 7
    BEGINS_NAME = 8
    IS_BRAND_PARTLY = 9
    IS_BRAND_OWN = 10
    IS_BRAND = 11
    IS_NAME_PARTLY = 12
    IS_NAME_ELSEWHERE = 13
    IS_NAME = 14
    IS_DISTINCTIVE = 15
    IS_OTHER_NAME = 16
    SAME_LABEL = 17
    SAME_SHARED_OTHER = 18
    SAME_SHARED_ENTITIES = 19
    SAME_SHARED = 20
    SAME_OTHER = 21
    SAME_ENTITIES = 22
    SAME = 23
    SAME_LABEL_BRAND = 24


class Place(IntEnum):
    """Country, state and city."""

    UNKNOWN = 0
    COUNTRY_DIFFERS = 1
    COUNTRY_NAMED = 2
    CITY_DIFFERS = 3
    CITY_ONLY = 4
    COUNTRY = 5
    STATE_ONLY = 6
    STATE = 7
    CITY = 8
    COUNTRY_UNIT = 9


class Post(IntEnum):
    """Postcodes; the levels from ``ALONE`` on are given by `rivals`, which sees a row's other pairs."""

    UNKNOWN = 0
    DIFFERS = 1
    DIFFERS_OTHER = 2
    SISTERS = 3
    OUTWARD_OTHER = 4
    OUTWARD = 5
    POSTCODE = 6
    ALONE = 7
    ALONE_IN_INDUSTRY = 8
    ALONE_INDUSTRY = 9


class Size(IntEnum):
    """Headcounts."""

    UNKNOWN = 0
    TINY = 1
    SMALL = 2
    FAR = 3
    OFF = 4
    NEAR = 5
    SAME = 6


class Industry(IntEnum):
    """Industries, as sets of codes or as texts."""

    UNKNOWN = 0
    DIFFERS = 1
    OVERLAP = 2
    OTHER_SECTOR = 3
    SECTOR = 4
    SAME = 5
    SAME_MANY = 6


class Form(IntEnum):
    """Legal forms of two equal names."""

    UNKNOWN = 0
    DIFFERS = 1
    SAME = 2


class Phone(IntEnum):
    """Phone numbers."""

    UNKNOWN = 0
    SAME = 1


class Taken(IntEnum):
    """Whether a row has a company of the very name elsewhere; given by `rivals`."""

    UNKNOWN = 0
    ONE_TAKEN = 1
    BOTH_TAKEN = 2


#: The comparisons in the order in which the arrays of `pairs` have them.
COMPARISONS: Final[dict[str, type[IntEnum]]] = {
    "name": Name,
    "website": Website,
    "place": Place,
    "post": Post,
    "size": Size,
    "industry": Industry,
    "form": Form,
    "phone": Phone,
    "taken": Taken,
}
_MOST_LEVELS: Final = max(len(levels) for levels in COMPARISONS.values())


def codes(comparison: str) -> list[str]:
    """Return the codes of a comparison's levels, in the order of their numbers."""
    return [level.name.lower() for level in COMPARISONS[comparison]]


def weights(model: Model) -> NDArray[Any]:
    """Return the weight in bits of each comparison (rows) and level (columns)."""
    table = np.zeros((len(COMPARISONS), _MOST_LEVELS))
    for ladder in model.ladders:
        number = list(COMPARISONS).index(ladder.comparison)
        for level in ladder.levels:
            table[number, COMPARISONS[ladder.comparison][level.code.upper()]] = level.weight
    return table


def named(comparison: str, numbers: NDArray[Any]) -> pl.Series:
    """Return levels by their codes."""
    return pl.Series(comparison, numbers.astype(np.uint8)).cat.to(pl.Enum(codes(comparison)))
