"""The table ``[partners.NAME.share]``: what may be written there, and what is said of what may not."""

from __future__ import annotations

import pytest

from tests.config.test_settings import WHOLE, read, refused

SHARE = """
[partners.globex.share]
fields = ["name", "country"]
expires = 2026-12-31
[partners.globex.share.cells]
"our Customers x their Prospects" = "overlapping"
"our Open Opportunities x their *" = "overlapping"
"""


def test_nothing_is_shared_by_itself_and_of_ours_the_name_alone(tmp_path) -> None:
    assert read(tmp_path, WHOLE).partners["globex"].share is None
    share = read(tmp_path, WHOLE + "[partners.globex.share]\n").partners["globex"].share
    assert share is not None
    assert (share.cells, share.fields) == ({}, ("name",))


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        (
            "our Customers x their Prospects",
            "Customers x Prospects",
            "share.cells: 'Customers x Prospects' is no cell; write it like 'our Customers x their Prospects'",
        ),
        (
            "our Customers x",
            "our Custmers x",
            "there is no population 'Custmers' in the matrix; did you mean 'Customers'?",
        ),
        ('Prospects" = "overlapping"', 'Prospects" = "all"', "write it as in 'our Customers x their *'"),
        (
            '"our Open Opportunities x their *" = "overlapping"',
            '"our * x their *" = "all"',
            "one line for each population",
        ),
        ('Prospects" = "overlapping"', 'Prospects" = "shown"', "should be 'hidden', 'overlapping' or 'all'"),
        (
            '"our Customers x their Prospects" = "overlapping"',
            '"our Customers x their *" = "all"\n"our * x their Prospects" = "hidden"',
            "all of your Customers are shared, and 'our * x their Prospects' hides some of them",
        ),
        ('"country"', '"contry"', "share.fields: 'contry' is no field that can be shared; did you mean 'country'?"),
        ("expires", "expire", "share.expire: unknown key; did you mean 'expires'?"),
        (
            'fields = ["name", "country"]',
            'never = { filter = "nam = 7" }',
            "partners.globex.share.never.filter: at character 1, 'nam = 7': 'nam' is no field of an account",
        ),
        ('fields = ["name", "country"]', "never = {}", "share.never: it takes nobody; add filter, ids or domains"),
        (
            'fields = ["name", "country"]',
            'fields = ["country"]\ncells = { "our Other x their *" = "all" } # the rest is left away',
            "nothing would be told; add 'name' to fields",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(tmp_path, written: str, instead: str, said: str) -> None:
    text = WHOLE + SHARE
    assert written in text
    changed = text.replace(written, instead, 1)
    if "#" in instead:
        changed = changed.partition("#")[0]
    assert said in refused(tmp_path, changed)


def test_what_is_shared_changes_no_run_and_no_plan(tmp_path) -> None:
    without, shared = read(tmp_path, WHOLE), read(tmp_path, WHOLE + SHARE)
    assert without.fingerprint() == shared.fingerprint()
    assert without.run_fingerprints() == shared.run_fingerprints()
