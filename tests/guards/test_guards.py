"""The list of guards fits the sources. Whether a test notices each is a campaign: ``python -m tests.guards``."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.guards.__main__ import ROOT, guards


@pytest.mark.parametrize("guard", guards(), ids=lambda guard: guard.name)
def test_a_guard_stands_where_its_list_says_and_has_tests(guard):
    assert (ROOT / guard.file).read_text(encoding="utf-8").count(guard.old) == 1
    for test in guard.tests:
        path, _, name = test.partition("::")
        assert (f"def {name}(" if name else "def test_") in (ROOT / path).read_text(encoding="utf-8")


def test_no_guard_is_listed_twice():
    names = Counter(guard.name for guard in guards())
    assert {name for name, count in names.items() if count > 1} == set()
