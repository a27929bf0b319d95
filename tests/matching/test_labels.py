"""Which pairs teach, and what they are said to be."""

import polars as pl

from matching.engine import COLUMNS
from matching.labels import contradicted, from_domains, from_verdicts
from matching.weights import DEFAULT

COMPARISONS = {ladder.comparison for ladder in DEFAULT.ladders}


def rows(side: str, *rows: tuple[str, str, str | None]) -> pl.DataFrame:
    """Rows of one book: id, name, website."""
    frame = pl.DataFrame(rows, schema={"id": pl.String, "name": pl.String, "website": pl.String}, orient="row")
    kinds = dict.fromkeys(COLUMNS, pl.String) | {"headcount": pl.Int64}
    missing = [pl.lit(None, dtype=kinds[column]).alias(column) for column in COLUMNS if column not in frame.columns]
    return frame.with_columns(*missing, pl.lit("book").alias(side))


def taught(ours: pl.DataFrame, theirs: pl.DataFrame) -> dict[tuple[str, str], bool]:
    found = from_domains(ours, theirs, DEFAULT)
    return {(row["ours_id"], row["theirs_id"]): row["same"] for row in found.iter_rows(named=True)}


def test_equal_domains_are_the_same_and_others_are_not() -> None:
    ours = rows("crm", ("a", "Thistlemoor Dairy", "thistlemoor.com"), ("b", "Corvane Systems", "corvane.com"))
    theirs = rows(
        "partner",
        ("1", "Thistlemoor Dairy Ltd", "https://www.thistlemoor.com/uk"),
        ("2", "Corvane Systems", "corvane-systems.org"),
    )
    assert taught(ours, theirs) == {("a", "1"): True, ("b", "2"): False}


def test_another_ending_of_a_domain_is_neither_the_same_nor_different() -> None:
    ours, theirs = rows("crm", ("a", "Velmorant", "velmorant.com")), rows("partner", ("1", "Velmorant", "velmorant.fr"))
    assert taught(ours, theirs) == {}


def test_without_a_website_on_both_sides_nothing_is_known() -> None:
    ours = rows(
        "crm", ("a", "Velmorant", None), ("b", "Corvane", "corvane.com"), ("c", "Zander", "facebook.com/zander")
    )
    theirs = rows("partner", ("1", "Velmorant", "velmorant.fr"), ("2", "Corvane", None), ("3", "Zander", "zander.com"))
    assert taught(ours, theirs) == {}


def test_a_domain_that_many_rows_of_one_book_have_says_nothing() -> None:
    ours = rows("crm", *((str(at), "Velmorant", "velmorant.com") for at in range(4)))
    assert taught(ours, rows("partner", ("1", "Velmorant", "velmorant.com"))) == {}
    assert len(taught(ours.head(3), rows("partner", ("1", "Velmorant", "velmorant.com")))) == 3


def test_a_pair_that_only_its_website_brings_together_does_not_teach() -> None:
    ours = rows("crm", ("a", "Thistlemoor Dairy", "thistlemoor.com"), ("b", "Corvane", "corvane.com"))
    theirs = rows("partner", ("1", "Quillfeather Books", "thistlemoor.com"), ("2", "Corvane", "corvane.com"))
    assert taught(ours, theirs) == {("b", "2"): True}


def test_websites_teach_about_everything_but_websites() -> None:
    ours, theirs = rows("crm", ("b", "Corvane", "corvane.com")), rows("partner", ("2", "Corvane", "corvane.com"))
    found = from_domains(ours, theirs, DEFAULT)
    assert set(found.columns) == COMPARISONS - {"website"} | {"crm", "ours_id", "partner", "theirs_id", "same"}


def test_namesakes_with_two_websites_contradict_a_model_that_is_sure_of_them() -> None:
    known = {name: ladder.levels[-1].code for ladder in DEFAULT.ladders if (name := ladder.comparison) != "website"}
    unsure = {ladder.comparison: ladder.levels[0].code for ladder in DEFAULT.ladders if ladder.comparison in known}
    pairs = [known | {"same": True}] * 3 + [known | {"same": False}] * 2 + [unsure | {"same": False}] * 4
    assert contradicted(pl.DataFrame(pairs), DEFAULT) == (5, 2)


def test_a_verdict_teaches_about_everything() -> None:
    ours = rows("crm", ("a", "Thistlemoor Dairy", "thistlemoor.com"), ("b", "Corvane", "corvane.com"))
    theirs = rows("partner", ("1", "Quillfeather Books", None), ("2", "Corvane", "corvane.com"))
    ids = {"crm": "book", "ours_id": ["a", "b"], "partner": "book", "theirs_id": ["1", "2"]}
    verdicts = pl.DataFrame(ids | {"verdict": ["different", "same"]})
    found = from_verdicts(ours, theirs, verdicts, DEFAULT)
    assert found.select("ours_id", "theirs_id", "same").rows() == [("a", "1", False), ("b", "2", True)]
    known = {(ladder.comparison, level.code) for ladder in DEFAULT.ladders for level in ladder.levels}
    assert {(name, found[name][1]) for name in COMPARISONS} <= known


def test_where_nothing_is_judged_nothing_is_taught() -> None:
    ours, theirs = rows("crm", ("b", "Corvane", None)), rows("partner", ("2", "Corvane", None))
    columns = ("crm", "ours_id", "partner", "theirs_id", "verdict")
    assert from_verdicts(ours, theirs, pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), DEFAULT).is_empty()
