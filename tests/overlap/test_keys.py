from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from overlap.keys import external_key
from tests.overlap.agreed import key_by_hand

PART = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=20)


@given(PART, PART, PART, st.sampled_from(["partner", "overlap", "influence"]))
def test_a_key_is_the_hash_of_its_four_parts(workspace: str, partner: str, record: str, kind: str) -> None:
    assert external_key(workspace, partner, record, kind) == key_by_hand(workspace, partner, record, kind)


def test_a_key_never_changes() -> None:
    # Recorded when the first records were written: another value would write every record a second time.
    assert external_key("contoso-1a2b3c", "globex", "001000000000001AAA", "overlap") == "pi1-b24wj2afxv5duim5c7lmtjbhr3"


def test_parts_do_not_run_into_each_other() -> None:
    assert external_key("ab", "c", "", "overlap") != external_key("a", "bc", "", "overlap")


def test_ids_that_differ_in_case_only_are_two_records() -> None:
    assert external_key("w", "p", "001000000000001AAa", "overlap") != external_key(
        "w", "p", "001000000000001AAA", "overlap"
    )


@given(PART, PART)
def test_a_key_fits_its_field_and_needs_no_escaping(partner: str, record: str) -> None:
    assert re.fullmatch(r"pi1-[a-z2-7]{26}", external_key("w", partner, record, "overlap"))
