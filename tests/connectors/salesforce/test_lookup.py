"""Given records by few calls, and never by more than was told before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from connectors.salesforce.lookup import Lookup, Question
from overlap.errors import TransientError
from tests.connectors.salesforce.scripted import Script, opened, scripted

KEYS = [f"pi1-{number:026}" for number in range(2000)]
IDS = [f"a00000000000{number:06}" for number in range(3000)]
BY_KEY = Question("Overlap_Partner__c", ("Id", "Partner_Key__c"), "Partner_Key__c")
BY_ID = Question("Overlap_Partner__c", ("Id", "Partner_Key__c"), "Id")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    with scripted(tmp_path_factory.mktemp("scripted")) as script:
        yield script


def page(*ids: str, total: int | None = None, following: str | None = None) -> tuple[int, object]:
    records = [{"Id": one, "Partner_Key__c": f"k-{one}"} for one in ids]
    told = {"totalSize": len(ids) if total is None else total, "done": following is None, "records": records}
    return 200, told | ({"nextRecordsUrl": following} if following else {})


def asked(script: Script, question: Question, values: list[str], *answers: tuple[int, object]) -> tuple[set[str], int]:
    """The ids that were found with these answers, and how many calls it took."""
    script.answers["query"] = list(answers)
    with closing(opened(script)) as session:
        before = session.calls
        found = Lookup(session).records(question, values)
        return {record["Id"] for record in found}, session.calls - before


def test_lists_are_read_where_too_much_lies_between(script: Script) -> None:
    found, calls = asked(script, BY_KEY, KEYS, page("a1", total=99_999, following="/x-1"), page("a2"))
    assert found == {"a2"}
    assert 4 < calls == BY_KEY.most_calls(len(KEYS))


def test_small_pages_make_what_lies_between_too_much(script: Script) -> None:
    """Salesforce hands over 200 wide records at a time: 1,800 of them are nine calls, and no single one."""
    many = page(*IDS[:200], total=1_800, following="/x-1")
    _, calls = asked(script, BY_KEY, KEYS, many, page())
    assert calls == BY_KEY.most_calls(len(KEYS))


def test_ids_that_reading_between_did_not_bring_are_asked_for(script: Script) -> None:
    found, calls = asked(script, BY_ID, IDS, page(IDS[0]), page(IDS[7]))
    assert found == {IDS[0], IDS[7]}
    assert 4 < calls <= BY_ID.most_calls(len(IDS))


def test_few_are_asked_for_by_one_list(script: Script) -> None:
    assert asked(script, BY_KEY, KEYS[:200], page("a1")) == ({"a1"}, 1)
    assert (BY_KEY.most_calls(200), BY_ID.most_calls(200), BY_KEY.most_calls(0)) == (1, 1, 0)


@pytest.mark.parametrize(
    "answer",
    [
        page("a1", total=2),
        page("a1", total=2, following="/x-1"),
        page(total=2, following="/x-1"),
        (200, {"done": True, "records": []}),
        (200, {"done": True, "totalSize": 1, "records": [{"Id": "a1"}]}),
        (200, {"done": True, "totalSize": 1, "records": ["a1"]}),
        (200, ["no page"]),
        (200, "<html>maintenance</html>"),
    ],
    ids=["fewer", "more", "without end", "not counted", "not what was selected", "no record", "no object", "no JSON"],
)
def test_an_answer_that_is_not_whole_is_none(script: Script, answer: tuple[int, object]) -> None:
    with pytest.raises(TransientError):
        asked(script, BY_KEY, ["k1"], answer)


def test_the_bin_is_asked_with_what_salesforce_calls_it(script: Script) -> None:
    asked(script, Question("Overlap_Partner__c", ("Id",), "Partner_Key__c", deleted=True), ["k1"], page())
    assert "/queryAll?q=" in script.requests[-1]
    assert script.requests[-1].endswith("IsDeleted+%3D+true")
