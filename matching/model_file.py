"""Read and write models as TOML, so that the table of weights can be read, compared and kept like any text.

A model must know exactly the levels that the engine of this version gives: those of ``models/default.toml``. One that
lacks a level is refused, because a pair on that level could not be weighed.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, ValidationError

from matching.model import MODES, USUAL_PRECISION, Knots, Ladder, Level, Mode, Model, Models
from overlap.errors import ConfigError

_FOLDER: Final = files("matching").joinpath("models")
_DEFAULT: Final = "default.toml"
_Probability = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
_Bits = Annotated[FiniteFloat, Field(ge=0.0)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class _Level(_Table):
    same: FiniteFloat
    family: FiniteFloat
    words: str


class _Question(_Table):
    prior: FiniteFloat
    lists: _Bits
    margin: _Bits
    slope: _Bits
    most_lost: _Bits
    calibration: Annotated[list[Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]], Field(min_length=2)]
    review_at: _Probability
    precision: Annotated[list[Annotated[list[_Probability], Field(min_length=2, max_length=2)]], Field(min_length=1)]


class _File(_Table):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    same: _Question
    family: _Question
    ladders: dict[str, dict[str, _Level]]


def load(source: str | Path) -> Models:
    """Return the model in the file *source* or, by its name, one that is shipped.

    Raises:
        ConfigError: there is none, or it is no model that this version can use; every fault is named.
    """
    if isinstance(source, Path):
        try:
            return _read(str(source), source.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{source} cannot be read: {error}") from error
    found = {models.name: models for models in shipped()}
    if source not in found:
        raise ConfigError(f"no model '{source}' is shipped{_hint(source, found)}")
    return found[source]


@cache
def shipped() -> tuple[Models, ...]:
    """Return the models that come with this version, the default one first."""
    places = sorted(_FOLDER.iterdir(), key=lambda place: (place.name != _DEFAULT, place.name))
    return tuple(_read(place.name, place.read_text(encoding="utf-8")) for place in places)


def text(models: Models, said: Sequence[str] = ()) -> str:
    """Return *models* as `load` reads them; *said* become comments at the head."""
    lines = [*(f"# {line}" for line in said), f"name = {_quoted(models.name)}"]
    for mode in MODES:
        model = models.for_mode(mode)
        lines += ["", f"[{mode}]"]
        lines += [
            f"{key} = {getattr(model, key)!r}"
            for key in ("prior", "lists", "margin", "slope", "most_lost", "review_at")
        ]
        lines += [f"{key} = {json.dumps(getattr(model, key))}" for key in ("calibration", "precision")]
    for same, family in zip(models.same.ladders, models.family.ladders, strict=True):
        width = max(len(level.code) for level in same.levels)
        lines += ["", f"[ladders.{same.comparison}]"]
        others = {level.code: level.weight for level in family.levels}
        for level in same.levels:
            weights = f"same = {_bits(level.weight)}, family = {_bits(others[level.code])}"
            lines.append(f"{level.code:<{width}} = {{ {weights}, words = {_quoted(level.words)} }}")
    return "\n".join(lines) + "\n"


def _read(place: str, content: str) -> Models:
    """Read the text of the file *place*; the default one says what levels there are, all others must have these."""
    try:
        found = _File.model_validate(tomllib.loads(content))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: not valid TOML: {error}") from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise ConfigError("\n".join(f"{place}: {fault}" for fault in faults)) from error
    faults = [*_faults_of_question("same", found.same), *_faults_of_question("family", found.family)]
    faults += _faults_of_ladders(found)
    if place != _DEFAULT:
        faults += _strangers(found)
    if faults:
        raise ConfigError("\n".join(f"{place}: {fault}" for fault in faults))
    return Models(_model(found, "same"), _model(found, "family"))


def _faults_of_question(mode: Mode, question: _Question) -> Iterator[str]:
    """Say which tables of *question* do not rise."""
    for before, after in pairwise(question.calibration):
        if after[0] <= before[0] or after[1] < before[1]:
            yield f"{mode}.calibration: {after} may not follow {before}; sums must rise, and log-odds not fall"
    for before, after in pairwise(question.precision):
        if after[0] <= before[0] or after[1] < before[1]:
            yield f"{mode}.precision: {after} may not follow {before}; a higher precision needs a surer pair"
    if question.precision[0][1] < question.review_at:
        yield f"{mode}.precision: a match at {question.precision[0][1]} is less sure than review_at"
    if question.precision[-1][0] < USUAL_PRECISION:
        yield f"{mode}.precision: ends at {question.precision[-1][0]}; it must reach at least {USUAL_PRECISION}"


def _faults_of_ladders(found: _File) -> Iterator[str]:
    """Say which weights fall along their ladder, and which levels weigh without a word.

    The order is that of the same company: for a family, a sister's website may be worth more than an equal name.
    """
    for comparison, levels in found.ladders.items():
        for mode in MODES:
            weights = {code: getattr(level, mode) for code, level in levels.items()}
            for (low, before), (high, after) in pairwise(weights.items()):
                if after < before and mode == "same":
                    yield (
                        f"ladders.{comparison}.{high}.{mode}: {after} is less than the {before} of '{low}' before it; "
                        f"weights may not fall along a ladder"
                    )
            for code, weight in weights.items():
                if weight and not levels[code].words:
                    yield f"ladders.{comparison}.{code}.{mode}: weighs {weight} but has no words; say why, or weigh 0"


def _strangers(found: _File) -> Iterator[str]:
    """Say what *found* has that the engine never gives, and what it lacks."""
    ladders = shipped()[0].same.ladders
    known = {ladder.comparison: [level.code for level in ladder.levels] for ladder in ladders}
    remedy = f"copy it from 'overlap model show {shipped()[0].name} --toml'"
    for comparison in found.ladders:
        if comparison not in known:
            yield f"ladders.{comparison}: unknown comparison{_hint(comparison, known)}"
    for comparison, codes in known.items():
        if comparison not in found.ladders:
            yield f"ladders.{comparison}: this comparison is missing; {remedy}"
            continue
        there = list(found.ladders[comparison])
        unknown, missing = [code for code in there if code not in codes], [code for code in codes if code not in there]
        yield from (f"ladders.{comparison}.{code}: unknown level{_hint(code, missing or codes)}" for code in unknown)
        yield from (f"ladders.{comparison}.{code}: this level is missing; {remedy}" for code in missing)
        if not unknown and not missing and there != codes:
            yield f"ladders.{comparison}: its levels must stand in the order {', '.join(codes)}"


def _model(found: _File, mode: Mode) -> Model:
    question: _Question = getattr(found, mode)
    ladders = []
    for name, levels in found.ladders.items():
        weighed = [Level(code, level.words, getattr(level, mode)) for code, level in levels.items()]
        # Ladders rise in either mode, though their levels may come in another order.
        ladders.append(Ladder(name, tuple(sorted(weighed, key=lambda level: level.weight))))
    return Model(
        name=found.name,
        ladders=tuple(ladders),
        prior=question.prior,
        margin=question.margin,
        most_lost=question.most_lost,
        match_at=1.0,
        review_at=question.review_at,
        mode=mode,
        calibration=_knots(question.calibration),
        precision=_knots(question.precision),
        lists=question.lists,
        slope=question.slope,
    ).for_precision(USUAL_PRECISION)


def _knots(rows: list[list[float]]) -> Knots:
    return tuple((float(left), float(right)) for left, right in rows)


def _bits(weight: float) -> str:
    """Return *weight* with two decimals, so that columns stand under one another, or with all that it has."""
    return f"{weight:5.2f}" if round(weight, 2) == weight else repr(weight)


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")


def _hint(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(known) or 'none'}"
