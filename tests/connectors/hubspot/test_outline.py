from __future__ import annotations

from dataclasses import replace

from connectors.hubspot.columns import readings
from connectors.hubspot.derived import Stage
from connectors.hubspot.mapping import Wishes
from connectors.hubspot.outline import outline
from connectors.hubspot.portal import Portal

OPEN, WON = Stage("Contract sent", "Sales", False, False), Stage("Closed won", "Sales", True, True)
STAGES = {"sent": OPEN, "won": WON}


def told(stages: dict[str, Stage], labels: dict[int, str]) -> tuple[str, str]:
    portal = Portal("1", "STANDARD", "EUR", (), "UTC")
    said = outline(readings(portal), lambda _: {}, Wishes(), stages, labels)
    return said["opportunities.stage"], said["opportunity_partners"]


def test_a_stage_that_is_another_one_shows_and_their_order_does_not() -> None:
    first, _ = told(STAGES, {})
    assert told(dict(reversed(STAGES.items())), {})[0] == first
    for other in (replace(WON, label="Won"), replace(WON, is_won=False), replace(WON, pipeline="Renewals")):
        assert told({**STAGES, "won": other}, {})[0] != first
    assert told({"sent": OPEN}, {})[0] != first


def test_labels_are_named_and_a_new_one_of_the_same_words_is_another_one() -> None:
    _, none = told(STAGES, {})
    _, first = told(STAGES, {1: "Sourced by", 3: "Endorsed by"})
    assert none == "no labels"
    assert first.endswith(": Endorsed by, Sourced by")
    assert first == told(STAGES, {3: "Endorsed by", 1: "Sourced by"})[1]
    assert first != told(STAGES, {5: "Sourced by", 3: "Endorsed by"})[1]
