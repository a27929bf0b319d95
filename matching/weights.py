"""The table of weights: what is compared, the levels that a comparison can reach, and what each level is worth.

Read it aloud. A weight is evidence in bits: +1 doubles the odds that the two accounts are one company, -1 halves
them. The levels' codes are given by ``sql/comparisons.sql``; the words are what a person reads in a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True, slots=True)
class Level:
    """One rung of a ladder: *words* for people ("" is never mentioned), *weight* in bits.

    ``{website}`` in the words stands for the domain that is spoken of.
    """

    code: str
    words: str
    weight: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """One comparison and its levels, from what speaks most against to what speaks most for."""

    comparison: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Ladders, and how their sum becomes a decision.

    *prior* is added to the sum, in bits. A pair that a rival on either row beats by more than *margin* bits loses what
    lies beyond, at most *most_lost*. *match_at* and *review_at* are the least probabilities of the two decisions.
    """

    name: str
    ladders: tuple[Ladder, ...]
    prior: float
    margin: float
    most_lost: float
    match_at: float
    review_at: float

    def table(self) -> pl.DataFrame:
        """Return all levels as a frame: ``comparison``, ``level``, ``words``, ``weight`` in bits."""
        rows = [(ladder.comparison, at.code, at.words, at.weight) for ladder in self.ladders for at in ladder.levels]
        return pl.DataFrame(rows, schema=["comparison", "level", "words", "weight"], orient="row")


_NAME: Final = Ladder(
    "name",
    (
        Level("weak", "names differ", -4.5),
        Level("some", "only some words shared", -2.0),
        Level("initials", "one name is the other's initials", -1.5),
        Level("resembles", "short names, but for one letter the same", 1.0),
        Level("most", "most of the name shared", 1.5),
        Level("inside", "one name inside the other", 2.0),
        Level("nearly_all", "same name but for common words", 3.3),
        Level("equal_common", "same name, but a common one", 3.6),
        Level("begins", "one name begins with the other", 4.0),
        Level("near", "same name but for one letter", 4.5),
        Level("equal_alias", "same name as one given beside it", 5.2),
        Level("equal", "same name", 5.2),
        Level("equal_distinctive", "same distinctive name", 7.0),
    ),
)
_WEBSITE: Final = Ladder(
    "website",
    (
        Level("different", "different websites", -2.5),
        Level("unlike", "website {website} is not like the other name", -1.0),
        Level("different_unclear", "different websites that do not read like the names", -0.8),
        Level("different_named", "different websites, one reading like the other's name", -0.5),
        Level("unknown", "", 0.0),
        Level("begins_name", "website {website} begins like the name", 0.6),
        Level("same_label", "same website but for its ending", 1.0),
        Level("is_brand", "website {website} is the brand", 1.0),
        Level("is_name", "website {website} is the name", 2.0),
        Level("is_distinctive", "website {website} is the distinctive name", 3.5),
        Level("same_shared", "same website {website}, shared by many", 3.5),
        Level("same", "same website {website}", 7.5),
    ),
)
_PLACE: Final = Ladder(
    "place",
    (
        Level("country_differs", "other country", -2.5),
        Level("country_named", "other country, as the name says", -0.5),
        Level("city_differs", "other city", -0.4),
        Level("unknown", "", 0.0),
        Level("country", "same country", 0.3),
        Level("state", "same state", 1.2),
        Level("city", "same city", 2.2),
    ),
)
_POST: Final = Ladder(
    "post",
    (
        Level("differs", "other postcode", -1.0),
        Level("unknown", "", 0.0),
        Level("sisters", "same postcode, as sister companies have", 1.0),
        Level("outward", "same postal district", 1.0),
        Level("postcode", "same postcode", 2.5),
        Level("street", "same street address", 3.0),
    ),
)
#: A site or estate that bears one company's name often houses that company.
_ADDRESS: Final = Ladder("address", (Level("unknown", "", 0.0), Level("named", "one name in the other's address", 1.0)))
_PHONE: Final = Ladder("phone", (Level("unknown", "", 0.0), Level("same", "same phone number", 3.0)))
_FORM: Final = Ladder(
    "form",
    (Level("differs", "other legal form", -0.5), Level("unknown", "", 0.0), Level("same", "same legal form", 0.5)),
)

#: Weights by hand, checked against lists with known truth. Change them by measuring, never for one pair.
DEFAULT: Final = Model(
    name="by-hand-1",
    ladders=(_NAME, _WEBSITE, _PLACE, _POST, _ADDRESS, _PHONE, _FORM),
    prior=-3.5,
    margin=1.0,
    most_lost=4.0,
    match_at=0.9,
    review_at=0.5,
)
