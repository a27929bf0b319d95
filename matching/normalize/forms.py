"""Tell a company's legal form from its name: "Acme Co., Ltd." is Acme, and a ``ltd``.

Forms are cut from the end (a few from the start), never the first word: "SAS Institute", "Limited Brands" and "The
Limited" keep all of theirs. What is a form is decided once for each distinct run of such words at the end of a name;
there are some thousands of them among a million names.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import polars as pl

from matching.normalize.letters import Meanings, meanings, read_words
from matching.normalize.words import either, generic_words, region_words, spellings, table

#: What a name may not be reduced to.
_ARTICLES: Final = ("the", "a", "an", "and", "los", "las", "la", "le", "les", "el", "de", "der", "die", "das")
#: Kinds of phrases that are no forms; no form's key begins with a dot.
_BESIDE, _BEFORE, _ALONE, _KEPT, _REGION = ".beside", ".before", ".alone", ".kept", ".region"


class Tail(NamedTuple):
    """What the last words of a name say: its short *form*, "" for none, and the words *kept* in the name."""

    form: str
    kept: tuple[str, ...]


def split_forms(texts: pl.Series) -> pl.DataFrame:
    """Return what *texts*, as `folding.plain_text` leaves them, are less their legal forms, a row each.

    Columns: ``core``, ``squeezed`` and ``form`` as in `names.variants`; ``tail``, the words that were looked at, and
    ``kept``, what is left of them, each with a space before it. A region that stood behind the form stays: "acme ltd
    uk" becomes "acme uk", as "acme uk ltd" does.
    """
    read = read_words(texts, _meanings())
    both = read.join(_decide(read["tail"].unique()), on="tail", how="left", maintain_order="left")
    return both.with_columns(
        core=pl.col("core") + pl.col("core_kept"), squeezed=pl.col("squeezed") + pl.col("squeezed_kept")
    )


def respelled(texts: pl.Series) -> pl.DataFrame:
    """Return ``core`` and ``squeezed`` of *texts* that have been read to their end."""
    return read_words(texts, _meanings(), tails=False).select("core", "squeezed")


def split_starts(names: pl.DataFrame) -> pl.DataFrame:
    """Cut forms from the start of ``text``: long ones always, short ones where none of another kind stood at the end.

    "AB Volvo (publ)" is Volvo, but "AB Foods plc" and "SIA Engineering Company" keep their first word.
    """
    start = pl.col("text").str.extract(starting())
    may = pl.col("form").is_in(["", "tbk"]) | start.str.contains(" ", literal=True)
    for form, words in table("forms")["start"]["before"].items():
        may |= (pl.col("form") == form) & start.is_in(words)
    may &= start.is_not_null() & ~((pl.col("form") == "") & start.is_in(_worthless_starts()))
    rest = pl.col("text").str.slice(start.str.len_bytes() + 1)
    # "SIA Engineering" is no company that is called Engineering.
    may &= rest.str.split(" ").list.eval(~pl.element().is_in(_describing())).list.any()
    own = start.replace_strict(latin_forms(), default="", return_dtype=pl.String)
    tells = may & ((pl.col("form") == "") | (start.is_in(_worthless_starts()) & (own != "")))
    return names.with_columns(
        text=pl.when(may).then(rest).otherwise("text"), form=pl.when(tells).then(own).otherwise("form")
    )


def starting() -> str:
    """Return a pattern of what `split_starts` may cut from; the group is the form."""
    return rf"^({either(starting_forms())}) ."


def _decide(tails: pl.Series) -> pl.DataFrame:
    """Return ``tail``, ``form`` and ``kept`` of *tails*, and what is kept as it is written in cores and squeezed."""
    columns = ("tail", "form", "kept", "core_kept", "squeezed_kept")
    return pl.DataFrame([_decided(tail) for tail in tails], schema=dict.fromkeys(columns, pl.String), orient="row")


@cache
def _decided(tail: str) -> tuple[str, str, str, str, str]:
    form, kept = read_tail(tail.split())
    left = "".join(f" {word}" for word in kept)
    core = "".join(f" {_spellings().get(word, word)}" for word in kept)
    return tail, form if left != tail else "", left, core, left.replace(" ", "")


def read_tail(words: list[str]) -> Tail:
    """Return what *words*, the last ones of a name, say about its form.

    The longest phrase from the right counts, then the next one: ``ltd`` of "co ltd", ``kgaa`` of "ag co kgaa". Of
    several forms the outermost is the name's.
    """
    joined = _joined(words)
    start, form = _cut(joined, len(joined))
    if start < len(joined):
        return Tail(form, tuple(joined[:start]))
    end = len(joined)
    while (found := _longest_phrase(joined, end)) and found[1] == _REGION:
        end = found[0]
    start, form = _cut(joined, end)
    return Tail(form, tuple(joined[:start] + joined[end:] if start < end else words))


def _cut(words: list[str], end: int) -> tuple[int, str]:
    """Return where the forms begin that stand before *end* (*end* itself for none), and the outermost of them."""
    start, form = end, ""
    while (found := _longest_phrase(words, end)) and found[1] not in (_KEPT, _REGION):
        end, kind = found
        if kind == _BEFORE and not form:
            break
        if kind != _BESIDE:
            start = end
        if not kind.startswith("."):
            form = form or kind
    return start, form


def _longest_phrase(words: list[str], end: int) -> tuple[int, str] | None:
    """Return start and kind of the longest known phrase that ends before *end*."""
    for start in range(max(0, end - _most_words()), end):
        kind = _phrases().get(" ".join(words[start:end]))
        if kind:
            return start, kind
    return None


def _joined(words: list[str]) -> list[str]:
    """Return *words* with single letters in a row as one word, if they spell one: "s a r l", "sp z o o"."""
    joined: list[str] = []
    at = 0
    while at < len(words):
        end = at + 1
        while end < len(words) and len(words[at]) == len(words[end]) == 1:
            end += 1
        run = "".join(words[at:end])
        joined += [run] if run in _phrase_words() else words[at:end]
        at = end
    return joined


@cache
def starting_forms() -> tuple[str, ...]:
    """Return the forms, and words beside them, that some names begin with."""
    return (*table("forms")["start"]["forms"], *_worthless_starts())


@cache
def _describing() -> list[str]:
    """Return generic words in all their spellings."""
    generic = generic_words()
    return sorted(generic | {short for short, word in spellings().items() if word in generic})


@cache
def _worthless_starts() -> tuple[str, ...]:
    """Return the words that are cut from the start only before one form at the end."""
    return tuple({word for words in table("forms")["start"]["before"].values() for word in words})


@cache
def _phrases() -> dict[str, str]:
    """Return each phrase that may stand in a tail, and its kind: a form's key, or one of the kinds that are none."""
    said = table("forms")
    kinds = dict.fromkeys(region_words() | set(said["regions"]["phrases"]), _REGION)
    kinds |= dict.fromkeys(said["noise"]["beside"], _BESIDE) | dict.fromkeys(said["noise"]["alone"], _ALONE)
    kinds |= dict.fromkeys(said["noise"]["before"], _BEFORE)
    kinds |= dict.fromkeys(said["kept"]["phrases"], _KEPT)
    return kinds | latin_forms()


@cache
def latin_forms() -> dict[str, str]:
    """Return each spelling of a form in Latin letters, as words, and the form's key."""
    return {spelling: form for form, all_of in table("forms")["latin"].items() for spelling in all_of}


@cache
def _phrase_words() -> frozenset[str]:
    """Return every word of a phrase."""
    return frozenset(word for phrase in _phrases() for word in phrase.split())


@cache
def _tail_words() -> frozenset[str]:
    """Return the words that a tail is made of; single letters may spell a form."""
    return _phrase_words() | frozenset("abcdefghijklmnopqrstuvwxyz")


@cache
def _spellings() -> dict[str, str]:
    """Return the one spelling of each single word that has others."""
    return {short: word for short, word in spellings().items() if " " not in short}


@cache
def _meanings() -> Meanings:
    return meanings(_spellings(), _tail_words(), _ARTICLES)


@cache
def _most_words() -> int:
    return max(len(phrase.split()) for phrase in _phrases())
