"""Which answers have a shape, and what is said of one that has not."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.shapes import fits, shaped, taken_apart
from overlap.errors import AccessError, TransientError

PAGE = {"done": bool, "records": [{"Id": str, "Owner?": {"Name": str}}], "next?": str | int}
GOOD = {"Id": "1", "more": 7}
CASES = [  # answer, the place that is wrong
    ({"done": True, "records": []}, None),
    ({"done": True, "records": [GOOD, {**GOOD, "Owner": None}], "next": 5, "more": 1}, None),
    ({"done": True, "records": [GOOD], "next": []}, "next"),
    ({"done": True, "records": [GOOD, {"Id": None}]}, "records[1].Id"),
    ({"done": True, "records": [{**GOOD, "Owner": {}}]}, "records[0].Owner.Name"),
    ({"done": True, "records": {"Id": "1"}}, "records"),
    ({"done": "true", "records": []}, "done"),
    ({"records": []}, "done"),
    ([], "all of it"),
    (None, "all of it"),
    ("<html>Sign in</html>", "all of it"),
]


@pytest.mark.parametrize(("answer", "place"), CASES)
def test_an_answer_of_another_shape_is_refused_with_the_place(answer: Any, place: str | None) -> None:
    assert fits(answer, PAGE) == (place is None)
    if place is None:
        assert shaped("crm 'x'", answer, PAGE) is answer
        return
    with pytest.raises(TransientError) as caught:
        shaped("crm 'x'", answer, PAGE)
    assert str(caught.value).startswith(f"crm 'x': the answer has an unknown shape ({place}); try again later")


def test_values_of_other_types_end_in_one_error_and_our_own_errors_stay_what_they_are() -> None:
    with (
        pytest.raises(TransientError, match="unknown shape \\(records of Account\\)"),
        taken_apart("x", "records of Account"),
    ):
        {"Id": []}["Name"]
    with pytest.raises(AccessError, match="no right"), taken_apart("x", "records of Account"):
        raise AccessError("no right")
