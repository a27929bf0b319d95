"""Bring names of any script into Latin letters, and keep what they were in their own.

A legal form is cut before letters are made Latin ("ООО Ромашка" is Romashka), and the native spelling is kept beside
the Latin one: one reading of 日立 is as good as another, but two spellings in its own script can simply be compared.
"""

from __future__ import annotations

from functools import cache
from typing import Final
from unicodedata import normalize

import polars as pl
from anyascii import anyascii

from matching.normalize.words import changed, either, table

#: A letter that is not Latin.
_FOREIGN: Final = r"[\p{L}--\p{Latin}]"
_INVISIBLE: Final = r"[\p{Cf}\x{fe00}-\x{fe0f}®™©℠]+"
#: Vowel points and stretching, which Arabic and Hebrew write or leave out.
_POINTS: Final = r"[\x{0591}-\x{05c7}\x{0610}-\x{061a}\x{0640}\x{064b}-\x{065f}\x{0670}]"
#: How letters with dots and rings are spelled without them where they are at home.
_SPELLED_OUT: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}


def normalised(names: pl.DataFrame) -> pl.DataFrame:
    """Return *names* with ``text``: ``name`` in lower case, single-spaced, one character where several look alike."""
    ascii_only = names["name"].str.len_bytes() == names["name"].str.len_chars()
    ours, theirs = names.filter(ascii_only), names.filter(~ascii_only)
    # First of all: NFKC would make letters of trade marks.
    one_width = theirs["name"].str.replace_all(_INVISIBLE, "").str.normalize("NFKC")
    looks = one_width.to_frame().select(pl.col("name").str.replace_many(table("forms")["brackets"])).to_series()
    texts = pl.concat([_spaced(ours["name"]), _spaced(looks)])
    return pl.concat([ours, theirs]).with_columns(text=texts)


def _spaced(texts: pl.Series) -> pl.Series:
    text = pl.col("text")
    # One small letter links two words, a capital is an initial: "Rossi e Figli", "Triple E Equipment".
    linked = text.str.replace_all(r"(\p{Ll}{2}) [ey] (\p{L}{2})|(\p{Lu}{3}) Y (\p{Lu}{3})", "$1$3 & $2$4")
    small = changed(texts, texts.str.contains(" [eyY] "), linked).str.to_lowercase()
    entities = text.str.replace_all(r"&(?:amp|nbsp|quot|#\d+);", "&")
    small = changed(small, small.str.contains(";", literal=True), entities)
    gaps = r"[\s\p{Cc}]{2,}|[[\s\p{Cc}]--[ ]]"
    return changed(small, small.str.contains(gaps), text.str.replace_all(gaps, " ")).str.strip_chars()


def spelled_out(text: pl.Expr) -> pl.Expr:
    """Return *text* with "ae" for "ä" and so on, as people write who lack the letter."""
    return text.str.replace_many(_SPELLED_OUT)


def to_latin(parts: pl.DataFrame) -> pl.DataFrame:
    """Return *parts* with ``text`` in ASCII less a form of another script, ``native`` and ``native_form``.

    ``native`` is the name in its own script, without form and signs, letters folded that are written either way; ""
    for a Latin name. ``native_form`` is the short form that was cut, "" for none.
    """
    foreign = pl.col("text").str.contains(_FOREIGN)
    latin = parts.filter(~foreign).with_columns(native=pl.lit(""), native_form=pl.lit(""))
    own = _without_form(parts.filter(foreign).with_columns(text=_native_words(pl.col("text"))))
    own = own.with_columns(native=pl.when(foreign).then(_one_spelling(pl.col("text"))).otherwise(pl.lit("")))
    both = pl.concat([latin, own.select(latin.columns)])
    beyond = both["text"].str.len_bytes() != both["text"].str.len_chars()
    in_ascii = _ascii(both["text"].filter(beyond)).str.to_lowercase()
    return both.with_columns(both["text"].clone().scatter(beyond.arg_true(), in_ascii))


def _native_words(text: pl.Expr) -> pl.Expr:
    """Return *text* as words of letters and digits; dots between single letters do not part them."""
    text = text.str.replace_all(_POINTS, "").str.replace_all(r"\b(\p{L})\.", "$1")
    return text.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()


def _without_form(own: pl.DataFrame) -> pl.DataFrame:
    """Cut forms from the end and the start of ``text``; the outermost gives ``native_form``."""
    spaced, unspaced = either(_spaced_forms()), either(set(_native_forms()) - _spaced_forms())
    text = pl.col("text")
    end = text.str.extract_groups(rf"^(.*?[^ ])(?:(?: ({spaced}))|(?: ?({unspaced})))$")
    own = own.with_columns(text=pl.coalesce(end.struct[0], "text"), at_end=pl.coalesce(end.struct[1], end.struct[2]))
    start = text.str.extract_groups(rf"^(?:(?:({spaced}) )|(?:({unspaced}) ?))([^ ].*)$")
    form = pl.coalesce("at_end", start.struct[0], start.struct[1])
    return own.with_columns(
        text=pl.coalesce(start.struct[2], "text"),
        native_form=form.replace_strict(_native_forms(), default="", return_dtype=pl.String),
    ).drop("at_end")


def _one_spelling(text: pl.Expr) -> pl.Expr:
    """Return *text* with letters that are written either way written one way."""
    pairs = table("forms")["letters"]["either_way"].split()
    return text.str.replace_many({pair[0]: pair[1] for pair in pairs})


def _ascii(text: pl.Series) -> pl.Series:
    """Return *text* in ASCII. Each character is read by itself, so that the distinct ones are all there is to read."""
    others = sorted(set("".join(text.to_list())) - set(map(chr, range(128))))
    return text.str.replace_many(others, [anyascii(char) for char in others]) if others else text


@cache
def _native_forms() -> dict[str, str]:
    """Return native spelling to short form; "а о" is written "ао" as well."""
    forms: dict[str, str] = {}
    for form, all_of in table("forms")["native"].items():
        for written in all_of:
            spelling = normalize("NFKC", written)  # as names are: Thai vowels come apart in it
            joined = spelling.replace(" ", "")
            letters = all(len(word) == 1 for word in spelling.split())
            forms |= dict.fromkeys([spelling, joined] if letters else [spelling], form)
    return forms


@cache
def _spaced_forms() -> set[str]:
    """Return the native forms that stand as words of their own: not those of scripts without spaces."""
    return {form for form in _native_forms() if not "\u0e00" <= form[0] <= "\u0eff" and form[0] < "\u1100"}
