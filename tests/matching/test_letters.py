import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.normalize.letters import meanings, read_words

SPELLINGS = {
    "tech": "technology",
    "intl": "international",
    "the": "a",
    "isd": "independent school district",
    "labs": "lab",
}
TAILS = {"ltd", "co", "tech", "uk", "a"}
ARTICLES = {"the", "a"}
KNOWN = meanings(SPELLINGS, TAILS, ARTICLES)
WORDS = [*sorted({*SPELLINGS, *TAILS, *ARTICLES}), "acme", "te", "techs", "7"]


def slowly(text: str, *, tails: bool) -> tuple[str, str, str]:
    words = text.split(" ")
    end = len(words)
    while tails and end > 1 and words[end - 1] in TAILS:
        end -= 1
    if end == 1 and words[0] in ARTICLES:
        end = len(words)
    core = " ".join(SPELLINGS.get(word, word) for word in words[:end])
    return core, "".join(words[:end]), "".join(f" {word}" for word in words[end:])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), max_size=6), st.booleans())
def test_reads_words_as_one_reads_them_one_by_one(said: list[str], tails: bool) -> None:
    read = read_words(pl.Series(said, dtype=pl.String), KNOWN, tails=tails)
    assert read.columns == ["core", "squeezed", "tail"]
    assert read.rows() == [slowly(text, tails=tails) for text in said]


def test_words_that_are_spelled_far_longer_have_room() -> None:
    read = read_words(pl.Series(["isd isd", " ".join(["isd"] * 50)]), KNOWN)
    assert read["core"].str.count_matches("district").to_list() == [2, 50]
