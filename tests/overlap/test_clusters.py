"""Connected parts, against a search from every thing over all links."""

from hypothesis import given
from hypothesis import strategies as st

from overlap.clusters import connected

LINKS = st.lists(st.tuples(*[st.sampled_from("abcdefghij")] * 2).filter(lambda link: link[0] != link[1]), max_size=14)


def reached(start: str, links: list[tuple[str, str]]) -> set[str]:
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for one, other in links:
            for there in {one, other} - found if here in (one, other) else ():
                found.add(there)
                todo.append(there)
    return found


@given(LINKS, st.randoms())
def test_a_part_is_what_can_be_reached_and_bears_its_smallest_name(links: list[tuple[str, str]], random) -> None:
    shuffled = [tuple(random.sample(link, 2)) for link in random.sample(links, len(links))]
    things = {thing for link in links for thing in link}
    assert connected(shuffled) == {thing: min(reached(thing, links)) for thing in things}


@given(LINKS)
def test_parts_that_may_not_join_stay_apart(links: list[tuple[str, str]]) -> None:
    """No part ever gets larger than what the question allows."""
    part_of = connected(links, lambda one, other: len(one) + len(other) <= 3)
    sizes = [list(part_of.values()).count(part) for part in set(part_of.values())]
    assert max(sizes, default=0) <= 3
    assert set(part_of) == {thing for link in links for thing in link}


def test_the_surest_link_goes_first() -> None:
    alone = {"a": "a", "b": "b", "c": "b"}
    assert connected([("b", "c"), ("a", "b")], lambda one, other: len(one) + len(other) < 3) == alone
