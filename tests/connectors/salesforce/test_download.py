"""Work ahead of who uses it. Downloads themselves are tested where they are made, in test_bulk_query.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.salesforce.download import ahead


def test_everything_comes_in_its_order() -> None:
    assert list(ahead(iter(range(5)))) == [0, 1, 2, 3, 4]
    assert list(ahead(iter(()))) == []


def test_what_goes_wrong_comes_after_what_was_right() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("the second")

    items = ahead(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="the second"):
        next(items)


def test_no_more_than_one_is_made_in_advance() -> None:
    made: list[int] = []

    def making() -> Iterator[int]:
        for number in range(9):
            made.append(number)
            yield number

    items = ahead(making())
    assert [next(items), next(items)] == [0, 1]
    items.close()  # type: ignore[attr-defined]
    assert made == [0, 1, 2]
