"""A sitting at doubtful pairs, key by key."""

from __future__ import annotations

import pytest

from jobs.reviewing.session import KEYS, Session, Wish


def after(keys: str, pairs: int = 3) -> tuple[Session, list[Wish]]:
    session, wishes = Session.of(pairs), []
    for key in keys:
        session, wish = session.press(key)
        wishes += [wish] if wish else []
    return session, wishes


CASES = [  # keys, where one is then, what was stored
    ("", 0, []),
    ("j", 1, []),
    ("jjjj", 2, []),
    ("jk", 0, []),
    ("k", 0, []),
    ("a", 1, [(0, "same")]),
    ("r", 1, [(0, "different")]),
    ("A", 1, [(0, "same")]),
    ("ar", 2, [(0, "same"), (1, "different")]),
    ("s", 1, []),
    ("sa", 2, [(1, "same")]),
    ("jaa", 0, [(1, "same"), (2, "same")]),  # round to what was passed over
    ("jja", 0, [(2, "same")]),
    ("aaa", 2, [(0, "same"), (1, "same"), (2, "same")]),
    ("au", 0, [(0, "same"), (0, "undo")]),
    ("aruu", 0, [(0, "same"), (1, "different"), (1, "undo"), (0, "undo")]),
    ("u", 0, []),
    ("auu", 0, [(0, "same"), (0, "undo")]),
    ("akr", 1, [(0, "same"), (0, "different")]),
    ("akru", 0, [(0, "same"), (0, "different"), (0, "same")]),  # what was in force before is so again
    ("x", 0, []),
    ("?", 0, []),
]


@pytest.mark.parametrize(("keys", "at", "stored"), CASES)
def test_keys_lead_from_pair_to_pair_and_store_verdicts(keys: str, at: int, stored: list) -> None:
    session, wishes = after(keys)
    assert (session.at, wishes) == (at, stored)


def test_what_is_in_force_at_the_end_is_what_the_wishes_left() -> None:
    session, wishes = after("arakkrusjau")
    kept: dict[int, str] = {}
    for at, verdict in wishes:
        kept.pop(at, None)
        if verdict != "undo":
            kept[at] = verdict
    assert {at: verdict for at, verdict in enumerate(session.verdicts) if verdict} == kept


def test_only_q_ends_the_sitting_and_help_goes_away_with_the_next_key() -> None:
    assert not after("aaa")[0].ended
    assert after("aq")[0].ended
    assert [after(keys)[0].shows_help for keys in ("?", "??", "?j")] == [True, False, False]


def test_what_was_set_aside_is_not_asked_again_in_this_sitting() -> None:
    assert [after(keys)[0].left for keys in ("", "s", "sa", "ska")] == [3, 2, 1, 2]
    assert after("jska")[0].at == 2


def test_arrows_and_escape_do_what_letters_do() -> None:
    session = Session.of(3)
    assert [session.press(key)[0].at for key in ("\x1b[B", "\x1b[C", " ")] == [1, 1, 1]
    assert session.press("\x1b")[0].ended


def test_every_key_of_the_help_does_something() -> None:
    middle = after("sj", pairs=4)[0].press("a")[0]
    assert all(middle.press(key)[0] != middle for key in KEYS)
