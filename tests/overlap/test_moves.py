"""How two runs differ: each row of the table changes one thing between them, and that is the cause."""

from __future__ import annotations

import pytest

from overlap.model import Overlap, PartnerAccount
from overlap.moves import moves
from tests.overlap.frames import frame, rated_accounts


def run(overlap=True, ours=True, theirs=True, **changed):
    return {
        "overlaps": frame(Overlap, *([changed] if overlap else [])),
        "accounts": rated_accounts(*([{}] if ours else [])),
        "partner_accounts": frame(PartnerAccount, *([{}] if theirs else [])),
    }


NOTHING = {"overlap": False}
CASES = [  # before, after, what changed, why
    ({**NOTHING, "theirs": False}, {}, "appeared", "new in the partner's list"),
    ({**NOTHING, "ours": False}, {}, "appeared", "new in your CRM, or not excluded any more"),
    (NOTHING, {"reasons": "judged same by ada"}, "appeared", "a verdict of yours"),
    (NOTHING, {}, "appeared", "matches by now: data, a verdict, a setting or the model changed"),
    ({}, {**NOTHING, "theirs": False}, "vanished", "gone from the partner's list"),
    ({}, {**NOTHING, "ours": False}, "vanished", "gone from your CRM, or excluded"),
    ({}, NOTHING, "vanished", "matches no more: data, a verdict, a setting or the model changed"),
    ({}, {"our_population": "Customers"}, "changed", "your population changed"),
    ({}, {"partner_population": "Prospects"}, "changed", "the partner's population changed"),
]


@pytest.mark.parametrize(("before", "after", "change", "why"), CASES)
def test_each_change_has_its_cause(before, after, change, why):
    (found,) = moves(run(**before), run(**after)).to_dicts()
    assert (found["change"], found["why"], found["account_name"], found["theirs_id"]) == (change, why, "Acme", "G1")


def test_what_is_as_before_or_only_ranked_otherwise_is_no_change():
    assert moves(run(), run(priority=5, probability=0.995)).is_empty()
