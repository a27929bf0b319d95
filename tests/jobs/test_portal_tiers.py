"""The table of tiers in the documentation says what portals really hold."""

from __future__ import annotations

import pytest

from connectors.hubspot.paths import FAMILIES
from connectors.sandbox.hubspot.tiers import TIERS
from tests.jobs import portal_tiers


def committed() -> dict[str, dict[str, str]]:
    """The table as the document has it: a column by its heading, a cell by its row."""
    _, text, _ = portal_tiers.parts(portal_tiers.DOCUMENT.read_text(encoding="utf-8"))
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines())
    return {name: {row[0]: row[at] for row in rows} for at, name in enumerate(head) if at}


# Each family of paths once, and one twice: the table says that they leave the same behind.
@pytest.mark.parametrize(
    ("tier", "family"),
    [("free", "v3"), ("starter", "2026-03"), ("professional", "2026-09"), ("enterprise", "v3")],
)
def test_the_committed_table_says_what_a_portal_of_the_tier_holds(tier, family):
    column = committed()[tier.capitalize()]
    assert family in column.pop(portal_tiers.PATHS).split(", ")
    assert column == portal_tiers.holdings(tier, family)


def test_the_committed_table_is_what_the_command_prints_for_it():
    _, text, _ = portal_tiers.parts(portal_tiers.DOCUMENT.read_text(encoding="utf-8"))
    found = {
        (tier, family): {row: said for row, said in column.items() if row != portal_tiers.PATHS}
        for tier, column in zip(TIERS, committed().values(), strict=True)
        for family in FAMILIES
    }
    assert portal_tiers.table(found) == text


def test_families_that_differ_get_columns_of_their_own():
    found = {("free", "2026-09"): {"deals": "3"}, ("free", "v3"): {"deals": "2"}, ("starter", "v3"): {"deals": "2"}}
    assert portal_tiers.table(found).splitlines() == [
        "| after setup and one run | Free, 2026-09 | Free, v3 | Starter |",
        "| --- | --- | --- | --- |",
        "| by the paths of | 2026-09 | v3 | v3 |",
        "| deals | 3 | 2 | 2 |",
    ]
