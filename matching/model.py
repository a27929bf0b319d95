"""A model: ladders of levels with their weights, and how their sum becomes a probability and a decision.

A weight is evidence in bits: +1 doubles the odds that the answer is yes, -1 halves them. A sum of weights is not yet a
probability: comparisons lean on one another, and `Model.probability` takes that back.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import reduce
from itertools import pairwise
from math import log
from operator import add
from typing import Final, Literal, get_args

import polars as pl

from overlap.errors import ConfigError

#: What is asked: are two accounts the ``same`` company, or of the same account ``family`` (group, parent, subsidiary,
#: sister, or the company itself)?
Mode = Literal["same", "family"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
#: Straight lines through points (sum of weights, log-odds of the truth), both in bits.
Knots = tuple[tuple[float, float], ...]
IDENTITY: Final[Knots] = ((-20.0, -20.0), (20.0, 20.0))
#: The precision that matches are expected to have where nobody asked for another.
USUAL_PRECISION: Final = 0.99


@dataclass(frozen=True, slots=True)
class Level:
    """One rung of a ladder: *words* for people, *weight* in bits.

    ``{website}`` in the words stands for the domain that is spoken of. A level without words says nothing and weighs 0.
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
    """Ladders for one question, and how their sum becomes a decision.

    *prior* is added to the sum, in bits, and so is *lists* times the log-odds that a row of the smaller list has a
    company of the very name in the other one. A pair that a rival on either row beats by more than *margin* bits loses
    *slope* times what lies beyond, at most *most_lost*. *match_at* and *review_at* are the least probabilities of the
    two decisions; *precision* says what *match_at* makes matches how precise, as rising (precision, least probability).
    """

    name: str
    ladders: tuple[Ladder, ...]
    prior: float
    margin: float
    most_lost: float
    match_at: float
    review_at: float
    mode: Mode = "same"
    calibration: Knots = IDENTITY
    precision: Knots = ()
    lists: float = 0.0
    slope: float = 1.0

    @property
    def version(self) -> str:
        """The name and 8 hex digits that change with anything that moves a pair, but for *match_at*: settings do."""
        facts = asdict(replace(self, name="", match_at=0.0))
        return f"{self.name} {hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]}"

    @property
    def is_identity(self) -> bool:
        """Whether the sum of weights is taken for the log-odds as it is."""
        return all(bits == known for bits, known in self.calibration)

    def table(self) -> pl.DataFrame:
        """Return all levels as a frame: ``comparison``, ``level``, ``words``, ``weight`` in bits."""
        rows = [(ladder.comparison, at.code, at.words, at.weight) for ladder in self.ladders for at in ladder.levels]
        return pl.DataFrame(rows, schema=["comparison", "level", "words", "weight"], orient="row")

    def probability(self, bits: pl.Expr) -> pl.Expr:
        """Return the probability, 0..1, of a sum of weights (prior and rivals included) in bits.

        The sum is read off the straight lines between the knots of *calibration*; before the first and after the last
        knot the nearest line goes on. Log-odds b are the probability 2^b / (1 + 2^b).
        """
        last = len(self.calibration) - 2
        pieces = []
        for at, ((left, low), (right, high)) in enumerate(pairwise(self.calibration)):
            within = bits.clip(left if at > 0 else None, right if at < last else None)
            pieces.append((within - left) * ((high - low) / (right - left)))
        log_odds = reduce(add, pieces) + self.calibration[0][1]
        return ((log_odds * -log(2)).exp() + 1).pow(-1)

    def for_precision(self, target: float) -> Model:
        """Return this model with the *match_at* that is expected to make *target* (0..1) of its matches true.

        Between two rows of the table the stricter one counts.

        Raises:
            ConfigError: the table ends before *target*.
        """
        for precision, least in self.precision:
            if precision >= target:
                return replace(self, match_at=least)
        highest = max((precision for precision, _ in self.precision), default=0.0)
        raise ConfigError(f"model '{self.name}' cannot promise a precision of {target}; ask for at most {highest}")


@dataclass(frozen=True, slots=True)
class Models:
    """What one model file holds: the same ladders weighed for either question."""

    same: Model
    family: Model

    @property
    def name(self) -> str:
        """What the file calls itself."""
        return self.same.name

    def for_mode(self, mode: Mode) -> Model:
        """Return the model that answers the question *mode*."""
        return self.same if mode == "same" else self.family

    def named(self, name: str) -> Models:
        """Return the same weights under another name."""
        return Models(replace(self.same, name=name), replace(self.family, name=name))

    def with_model(self, model: Model) -> Models:
        """Return these with *model* in the place of the one of its mode."""
        return replace(self, **{model.mode: model})
