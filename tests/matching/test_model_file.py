"""A model's file: what is written is read back, and every fault is named with its place and remedy."""

from dataclasses import replace

import pytest

from matching.model_file import load, shipped, text
from overlap.errors import ConfigError

SHIPPED = shipped()[0]
LADDER = SHIPPED.same.ladders[0]
LOWEST, HIGHEST = LADDER.levels[0], LADDER.levels[-1]


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "mine.toml"
    place.write_text(text(SHIPPED.named("mine")), encoding="utf-8")
    return place


def refused(path, old, new) -> str:
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path)
    return str(raised.value).replace(f"{path}: ", "")


def line_of(path, ladder, code) -> str:
    """The line of level *code*, which other ladders may have too."""
    content = path.read_text(encoding="utf-8").partition(f"[ladders.{ladder}]")[2]
    return next(line for line in content.splitlines(keepends=True) if line.startswith(f"{code} "))


def test_what_is_written_is_read_back(path) -> None:
    assert load(path) == SHIPPED.named("mine")


def test_weights_of_any_length_and_words_of_any_kind_are_read_back(path) -> None:
    level = replace(LOWEST, weight=-4.512345678, words='a "quoted" \\ word, Ü \x7f')
    ladders = (replace(LADDER, levels=(level, *LADDER.levels[1:])), *SHIPPED.same.ladders[1:])
    other = tuple(
        replace(ladder, levels=(replace(ladder.levels[0], words=level.words), *ladder.levels[1:]))
        if at == 0
        else ladder
        for at, ladder in enumerate(SHIPPED.family.ladders)
    )
    models = replace(
        SHIPPED, same=replace(SHIPPED.same, ladders=ladders), family=replace(SHIPPED.family, ladders=other)
    )
    path.write_text(text(models, ["why"]), encoding="utf-8")
    assert load(path) == models
    assert path.read_text(encoding="utf-8").startswith("# why\n")


def test_the_shipped_model_is_found_by_its_name() -> None:
    assert load(SHIPPED.name) == SHIPPED


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=f"no model 'shiped-1' is shipped; did you mean '{SHIPPED.name}'"):
        load("shiped-1")


FAULTS = {  # what stands in the file: what is put there instead, what is said
    "no name": ('name = "mine"\n', "", "name: Field required"),
    "name": ('name = "mine"', 'name = "Mine!"', "name: String should match pattern"),
    "syntax": ("[same]", "[same", "not valid TOML"),
    "not a number": ("prior = 0.5", "prior = nan", "same.prior: Input should be a finite number"),
    "endless": ("prior = 0.5", "prior = -inf", "same.prior: Input should be a finite number"),
    "text": ("prior = 0.5", 'prior = "0.5"', "same.prior: Input should be a valid number"),
    "truth": ("prior = 0.5", "prior = true", "same.prior: Input should be a valid number"),
    "negative": ("margin = 1.0", "margin = -1.0", "same.margin: Input should be greater than or equal to 0"),
    "key": ("margin = 1.0", "margin = 1.0\nmargn = 1.0", "same.margn: Extra inputs are not permitted"),
    "one knot": ("[[-20.0, -20.0], [20.0, 20.0]]", "[[0.0, 0.0]]", "same.calibration: List should have at least 2"),
    "half a knot": ("[[-20.0, -20.0], [20", "[[-20.0], [20", "same.calibration.0: List should have at least 2"),
    "knots fall": ("[20.0, 20.0]]", "[20.0, -21.0]]", "same.calibration: [20.0, -21.0] may not follow [-20.0, -20.0]"),
    "knots stand": ("[20.0, 20.0]]", "[-20.0, 20.0]]", "same.calibration: [-20.0, 20.0] may not follow"),
    "precision falls": ("[0.98, 0.75]", "[0.98, 0.55]", "same.precision: [0.98, 0.55] may not follow [0.95, 0.6]"),
    "precision ends": (
        "[0.95, 0.6], [0.98, 0.75], [0.99, 0.88], [0.995, 0.97], [0.999, 0.995]",
        "[0.94, 0.6]",
        "same.precision: ends at 0.94; it must",
    ),
    "review above match": ("review_at = 0.5", "review_at = 0.85", "same.precision: a match at 0.5 is less sure than"),
    "comparison": (
        f"[ladders.{LADDER.comparison}]",
        f"[ladders.{LADDER.comparison}x]",
        "unknown comparison; did you mean",
    ),
}


@pytest.mark.parametrize(("old", "new", "says"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_place(path, old, new, says) -> None:
    assert says in refused(path, old, new)


def test_a_missing_comparison_is_named(path) -> None:
    said = refused(path, f"[ladders.{LADDER.comparison}]", "[ladders.other]").splitlines()
    assert said[0].startswith("ladders.other: unknown comparison; known: ")
    assert said[1].startswith(f"ladders.{LADDER.comparison}: this comparison is missing; copy it from 'overlap model")


def test_a_missing_level_is_named_with_where_to_take_it_from(path) -> None:
    said = refused(path, line_of(path, LADDER.comparison, LOWEST.code), "")
    assert said == (
        f"ladders.{LADDER.comparison}.{LOWEST.code}: this level is missing; "
        f"copy it from 'overlap model show {SHIPPED.name} --toml'"
    )


def test_a_misspelt_level_is_answered_with_the_one_that_is_missing(path) -> None:
    line = line_of(path, LADDER.comparison, HIGHEST.code)
    said = refused(path, line, line.replace(HIGHEST.code, f"{HIGHEST.code}s"))
    assert f"{HIGHEST.code}s: unknown level; did you mean '{HIGHEST.code}'?" in said
    assert f"{HIGHEST.code}: this level is missing" in said


def test_a_weight_that_falls_is_named_with_the_one_before_it(path) -> None:
    line = line_of(path, LADDER.comparison, HIGHEST.code)
    said = refused(path, line, line.replace(f"same = {HIGHEST.weight:5.2f}", "same = -9.00"))
    assert said.startswith(f"ladders.{LADDER.comparison}.{HIGHEST.code}.same: -9.0 is less than the ")


def test_levels_in_another_order_are_refused_even_where_they_weigh_the_same(path) -> None:
    twins = next(
        (ladder.comparison, low.code, high.code)
        for ladder, others in zip(SHIPPED.same.ladders, SHIPPED.family.ladders, strict=True)
        for at, (low, high) in enumerate(zip(ladder.levels, ladder.levels[1:], strict=False))
        if low.weight == high.weight and others.levels[at].weight == others.levels[at + 1].weight
    )
    one, two = (line_of(path, twins[0], code) for code in twins[1:])
    assert f"ladders.{twins[0]}: its levels must stand in the order" in refused(path, one + two, two + one)


def test_a_level_without_words_may_not_weigh(path) -> None:
    silent = next((ladder.comparison, at) for ladder in SHIPPED.same.ladders for at in ladder.levels if not at.words)
    line = line_of(path, silent[0], silent[1].code)
    said = refused(path, line, line.replace("same =  0.00", "same =  0.01"))
    assert f"ladders.{silent[0]}.{silent[1].code}.same: weighs 0.01 but has no words" in said


def test_every_fault_is_named_at_once(path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("margin = ", "margn = "), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert len(str(raised.value).splitlines()) == 4


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        load(tmp_path / "none.toml")
