"""What a partner manager says about pairs of companies (``cases.toml``), against what the engine says.

Each case has a crm and a partner of its own, so that cases neither meet nor compete; only the frequency of words is
everybody's. The expected values are people's: when one fails, mend the engine or show that the person was wrong. A case
with a ``gap`` is known to fail; when it no longer does, the test says so, and the key goes.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from matching.duckdb_engine import DuckDbEngine
from matching.engine import COLUMNS
from matching.relations import relate
from matching.weights import DEFAULT
from overlap.model import PARENT, RELATIONS, SAME, SIBLING, SUBSIDIARY

NO_MATCH = "no match"
ALLOWED = {
    "match": {"match"},
    "review or match": {"match", "review"},
    "review": {"review"},
    "not a match": {"review", NO_MATCH},
    "no match": {NO_MATCH},
}
MIRRORED = {SAME: SAME, PARENT: SUBSIDIARY, SUBSIDIARY: PARENT, SIBLING: SIBLING}
#: Every kind of error that a matcher of companies is known to make.
KINDS = {
    "abbreviation", "accent", "acronym", "alias", "brand-not-first", "case", "changed-domain", "conflict", "division",
    "foreign-homonym", "generic", "homonym", "host-name", "in-address", "kept-word", "legal-form", "look-alike", "note",
    "number", "phone", "place", "postcode", "public-body", "punctuation", "region", "rename", "script", "security",
    "shared-host", "sister", "site-of-one", "size-and-trade", "spacing", "two-sites", "typo", "website", "word-order",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    ours: dict[str, object]
    theirs: dict[str, object]
    expect: str
    why: str
    relation: str | None = None
    gap: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.ours.get('name')} / {self.theirs.get('name')}"


def read_cases() -> list[Case]:
    kinds = tomllib.loads(Path(__file__).with_name("cases.toml").read_text(encoding="utf-8"))
    return [read_case(kind, case) for kind, cases in kinds.items() for case in cases]


def read_case(kind: str, case: dict[str, object]) -> Case:
    try:
        return Case(kind, **case)
    except TypeError as error:  # a key too many or too few: without the case's names nobody finds it
        raise ValueError(f"cases.toml, [[{kind}]], {case}: {error}") from error


CASES = read_cases()


def frame(rows: list[dict[str, object]], book: str) -> pl.DataFrame:
    schema = dict.fromkeys(COLUMNS, pl.String) | {"headcount": pl.Int64}
    numbered = [row | {"id": f"{number:04d}"} for number, row in enumerate(rows)]
    return pl.DataFrame(numbered, schema=schema).select(pl.col("id").alias(book), pl.all())


def engine_says(ours: list[dict[str, object]], theirs: list[dict[str, object]]) -> dict[int, dict[str, object]]:
    mine, yours = frame(ours, "crm"), frame(theirs, "partner")
    found = relate(DuckDbEngine().match(mine, yours, DEFAULT), mine, yours, DEFAULT)
    own = found.filter(pl.col("ours_id") == pl.col("theirs_id"))
    return {int(row["ours_id"]): row for row in own.iter_rows(named=True)}


@pytest.fixture(scope="module")
def straight() -> dict[int, dict[str, object]]:
    return engine_says([case.ours for case in CASES], [case.theirs for case in CASES])


@pytest.fixture(scope="module")
def swapped() -> dict[int, dict[str, object]]:
    return engine_says([case.theirs for case in CASES], [case.ours for case in CASES])


EXPECTED = [
    pytest.param(number, id=str(case), marks=[pytest.mark.xfail(reason=case.gap, strict=True)] if case.gap else [])
    for number, case in enumerate(CASES)
]


@pytest.mark.parametrize("number", EXPECTED)
def test_says_what_a_partner_manager_says(straight: dict[int, dict[str, object]], number: int) -> None:
    case, row = CASES[number], straight.get(number)
    decision = row["decision"] if row else NO_MATCH
    assert decision in ALLOWED[case.expect], f"{case} ({case.why}): {decision}, {row}"
    if row and case.relation:
        assert row["relation"] == case.relation, f"{case} ({case.why}): {row}"


@pytest.mark.parametrize("number", range(len(CASES)), ids=map(str, CASES))
def test_says_the_same_from_the_other_side(
    straight: dict[int, dict[str, object]], swapped: dict[int, dict[str, object]], number: int
) -> None:
    here, there = straight.get(number), swapped.get(number)
    assert (here and here["decision"]) == (there and there["decision"]), f"{CASES[number]}: {here}, {there}"
    assert (here and here["relation"]) == (there and MIRRORED[str(there["relation"])]), f"{CASES[number]}: {here}"


def test_the_table_has_every_kind_of_error_and_three_hundred_cases() -> None:
    assert {case.kind for case in CASES} >= KINDS
    assert len(CASES) >= 300


def test_every_case_is_written_in_known_words() -> None:
    assert [f"{case}: {case.expect}" for case in CASES if case.expect not in ALLOWED] == []
    assert [f"{case}: {case.relation}" for case in CASES if case.relation not in (None, *RELATIONS)] == []
    known = set(COLUMNS) - {"id"}
    assert [str(case) for case in CASES if not case.ours.keys() | case.theirs.keys() <= known] == []
    assert [str(case) for case in CASES if not (case.ours.get("name") and case.theirs.get("name") and case.why)] == []


def test_no_case_is_there_twice() -> None:
    pairs = [(str(sorted(case.ours.items())), str(sorted(case.theirs.items()))) for case in CASES]
    assert [str(case) for case, pair in zip(CASES, pairs, strict=True) if pairs.count(pair) > 1] == []
