"""What our CRM's hierarchy of accounts says about a partner's row."""

from dataclasses import replace

import polars as pl
import pytest

from matching.hierarchy import by_hierarchy
from matching.model_file import shipped
from overlap.model import PARENT, SAME, SIBLING, SUBSIDIARY, Account, Match, schema_of
from tests.overlap.frames import frame

MODEL = shipped()[0].same
FAMILY = shipped()[0].family
ACCOUNTS = {  # Acme Holding > Acme > (Acme Berlin, Acme Paris), and a stranger
    "HOLDING": None,
    "ACME": "HOLDING",
    "BERLIN": "ACME",
    "PARIS": "ACME",
    "STRANGER": None,
}


def accounts(**parents: str | None) -> pl.DataFrame:
    rows = (ACCOUNTS | parents).items()
    return frame(Account, *({"id": key, "name": f"{key} Ltd", "parent_id": parent} for key, parent in rows))


def matches(*found: tuple[str, float, str]) -> pl.DataFrame:
    """Pairs of one row of theirs: (our account, probability, relation)."""
    rows = [{"ours_id": key, "theirs_id": "T", "probability": p, "relation": relation} for key, p, relation in found]
    return frame(Match, *rows)


def relations(found: pl.DataFrame) -> dict[str, str]:
    return dict(found.select("ours_id", "relation").iter_rows())


@pytest.mark.parametrize(
    ("theirs_is", "relation_of"),
    [
        ("ACME", {"HOLDING": SUBSIDIARY, "BERLIN": PARENT, "PARIS": PARENT, "STRANGER": SAME}),
        ("HOLDING", {"ACME": PARENT, "BERLIN": PARENT, "STRANGER": SAME}),
        ("BERLIN", {"ACME": SUBSIDIARY, "HOLDING": SUBSIDIARY, "PARIS": SIBLING, "STRANGER": SAME}),
    ],
)
def test_a_row_that_is_one_account_is_to_its_relatives_what_that_account_is(theirs_is, relation_of) -> None:
    lesser = [(key, 0.9, SAME) for key in relation_of]
    found = by_hierarchy(matches((theirs_is, 0.99, SAME), *lesser), accounts(), MODEL)
    assert relations(found) == {theirs_is: SAME, **relation_of}


def test_two_accounts_that_fit_equally_well_are_both_the_company() -> None:
    found = by_hierarchy(matches(("ACME", 0.99, SAME), ("BERLIN", 0.99, SAME)), accounts(), MODEL)
    assert relations(found) == {"ACME": SAME, "BERLIN": SAME}


@pytest.mark.parametrize("lead", [{"decision": "review"}, {"relation": SIBLING}])
def test_only_a_sure_match_of_the_company_itself_speaks(lead: dict[str, str]) -> None:
    pairs = matches(("ACME", 0.99, SAME), ("BERLIN", 0.9, SAME))
    pairs = pairs.with_columns(
        pl.when(pl.col("ours_id") == "ACME").then(pl.lit(value)).otherwise(column).alias(column)
        for column, value in lead.items()
    )
    assert by_hierarchy(pairs, accounts(), MODEL).equals(pairs)


def test_the_hierarchy_beats_what_names_say() -> None:
    pairs = matches(("ACME", 0.99, SAME), ("BERLIN", 0.9, SUBSIDIARY))
    assert relations(by_hierarchy(pairs, accounts(), MODEL))["BERLIN"] == PARENT


def test_one_crm_says_nothing_about_another() -> None:
    pairs = matches(("ACME", 0.99, SAME), ("BERLIN", 0.9, SAME))
    elsewhere = pairs.with_columns(crm=pl.when(pl.col("ours_id") == "BERLIN").then(pl.lit("hubspot")).otherwise("crm"))
    assert by_hierarchy(elsewhere, accounts(), MODEL).equals(elsewhere)


def test_asked_for_the_company_no_pair_is_added() -> None:
    assert by_hierarchy(matches(("ACME", 0.99, SAME)), accounts(), MODEL).height == 1


def test_asked_for_families_parents_and_children_get_a_pair_and_siblings_none() -> None:
    found = by_hierarchy(matches(("BERLIN", 0.96, SAME)), accounts(DRESDEN="BERLIN"), FAMILY)
    assert relations(found) == {"BERLIN": SAME, "ACME": SUBSIDIARY, "HOLDING": SUBSIDIARY, "DRESDEN": PARENT}
    assert found.schema == schema_of(Match)
    added = found.filter(pl.col("ours_id") == "DRESDEN").row(0, named=True)
    assert (added["probability"], added["decision"]) == (0.96, "match")
    assert added["reasons"] == "our CRM's parent account of this one, BERLIN Ltd, is theirs"
    *_, bits = added["evidence"].split("|")
    assert 1 / (1 + 2 ** -float(bits)) == pytest.approx(0.96, abs=0.001)


def test_the_surest_account_speaks_for_a_relative_of_two() -> None:
    pairs = matches(("HOLDING", 0.97, SAME), ("BERLIN", 0.98, SAME))
    added = by_hierarchy(pairs, accounts(), FAMILY).filter(pl.col("ours_id") == "ACME")
    assert added.select("relation", "probability").row(0) == (SUBSIDIARY, 0.98)


def test_a_circle_and_a_parent_that_is_gone_do_no_harm() -> None:
    circle = accounts(HOLDING="PARIS", STRANGER="GONE")
    found = by_hierarchy(matches(("ACME", 0.99, SAME), ("STRANGER", 0.9, SAME)), circle, FAMILY)
    assert relations(found)["STRANGER"] == SAME
    assert relations(found)["BERLIN"] == PARENT
    assert found.height == found.unique(["ours_id", "theirs_id"]).height


def test_files_without_a_hierarchy_are_left_as_they_are() -> None:
    pairs = matches(("ACME", 0.99, SAME), ("BERLIN", 0.9, SAME))
    assert by_hierarchy(pairs, accounts().drop("parent_id"), FAMILY).equals(pairs)
    assert by_hierarchy(pairs, accounts().with_columns(parent_id=pl.lit(None, pl.String)), FAMILY).equals(pairs)


def test_the_threshold_of_a_match_is_not_asked_again() -> None:
    strict = replace(FAMILY, match_at=0.999)
    assert by_hierarchy(matches(("ACME", 0.96, SAME)), accounts(), strict)["decision"].unique().to_list() == ["match"]
