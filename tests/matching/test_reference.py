"""The compiled comparison, rivals and decisions against the plain reference, on pairs at random."""

from collections import Counter
from typing import Any

import pytest

from matching.decide import decide
from matching.levels import COMPARISONS, codes
from matching.model import MODES
from matching.statistics import measure
from matching.weights import load
from tests.matching import reference, reference_decisions, worlds
from tests.matching.reference_names import count

MODELS = {mode: load("shipped-1").for_mode(mode) for mode in MODES}
#: Worlds of 400 pairs each.
SEEDS = range(34)
SHOWN = [*COMPARISONS, "shared", "own_a", "own_b", "unit_a", "unit_b", "decision"]
MEASURED = ["weight", "rival", "probability"]


def by_engine(world: worlds.World, mode: str) -> dict[tuple[str, str], dict[str, Any]]:
    counted = measure(worlds.tables(world.everyone))
    decided = decide(worlds.levels(world.accounts, MODELS[mode], counted), MODELS[mode])
    return {(row["ours_id"], row["theirs_id"]): row for row in decided.iter_rows(named=True)}


def by_reference(world: worlds.World, mode: str) -> dict[tuple[str, str], dict[str, Any]]:
    counts, model, pairs = count(world.everyone), MODELS[mode], []
    for x in world.accounts:
        for y in world.accounts:
            if (x["side"], y["side"]) == ("o", "t"):
                before = reference_decisions.prior(counts, x["book"], y["book"], model)
                ids = {"crm": x["book"], "ours_id": x["id"], "partner": y["book"], "theirs_id": y["id"]}
                found = reference.compare(x, y, counts, model)
                pairs.append(ids | found | {"weight": found["weight"] + before})
    return {(pair["ours_id"], pair["theirs_id"]): pair for pair in reference_decisions.decide(pairs, model)}


@pytest.mark.parametrize("mode", MODES)
def test_the_engine_thinks_what_the_plain_reference_thinks(mode: str) -> None:
    reached: Counter[tuple[str, str]] = Counter()
    pairs = 0
    for seed in SEEDS if mode == "same" else SEEDS[:5]:
        world = worlds.world(seed)
        engine, plain = by_engine(world, mode), by_reference(world, mode)
        assert engine.keys() == plain.keys()
        for ids, pair in plain.items():
            found = engine[ids]
            assert {name: found[name] for name in SHOWN} == {name: pair[name] for name in SHOWN}, (seed, ids)
            assert {name: found[name] for name in MEASURED} == pytest.approx({name: pair[name] for name in MEASURED})
            reached.update((comparison, pair[comparison]) for comparison in COMPARISONS)
        pairs += len(plain)
    if mode == "same":
        assert pairs > 10_000
        seldom = {
            (name, code): reached[name, code] for name in COMPARISONS for code in codes(name) if reached[name, code] < 3
        }
        assert seldom == {}
