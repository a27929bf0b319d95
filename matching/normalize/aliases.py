"""Find the names inside a name: "Loom (prev. PopSet)" is Loom and was PopSet.

The first one found is the name itself. Of the others, some are said to be the company's (dba, formerly), some only
stand beside it and prove less: see `KNOWN`. A region set apart ("Acme (UK)", "Acme - EMEA") stays a word of the name,
for it names a unit; the company without it is offered beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

import polars as pl

from matching.normalize.folding import HOST
from matching.normalize.forms import latin_forms, read_tail
from matching.normalize.notes import said, without_notes
from matching.normalize.scripts import normalised, spelled_out
from matching.normalize.words import changed, generic_words, region_words, spellings

_BRACKET: Final = r"[(\[{]([^()\[\]{}]*)[)\]}]"
#: "Acme (UK)" is said of Acme, "Acme (UK) Limited" is how a company is registered.
_AT_END: Final = r"[)\]}]\W*$"
_BRACKETS: Final = r"[()\[\]{}]"
#: Up to this place a name is known to be the company's; one in brackets or behind a dash may be a place or a remark.
KNOWN: Final = 3
#: Everybody's mail: an address there is a name of nobody's.
_MAIL: Final = frozenset(
    {"gmail", "googlemail", "yahoo", "hotmail", "outlook", "live", "icloud", "aol", "gmx", "web", "qq"}
)
_WORD: Final = r"[\p{L}\p{N}]+"
_SIDE_BY_SIDE: Final = r"\s(?:/+|\|+)\s|\s*[;|]\s*"
_SET_APART: Final = r"^(.+?)\s[-–—]+\s(.+)$"
#: "ex-Acme: Globex" was Acme.
_ONCE: Final = r"^ex[- ]([^:]{3,}):\s*(.{3,})$"
#: What is put before a name whose domain is taken.
_TAKEN: Final = r"^(?:get|try|use|join|hello)-(.{4,})$"
_MADE_BY: Final = r"^(.+?)\s(?:[-–—]\s)?(?:powered )?by\s.+$"
#: More words than these behind a dash are not a place or a division of the company before it.
_MOST_APART: Final = 2


def names_inside(names: pl.Series) -> pl.DataFrame:
    """Return ``row`` (a name's place in *names*), ``place`` and ``text``, sorted by row and place.

    Place 0 is the name itself, places up to `KNOWN` are names that are said to be its. ``text`` is in lower case and in
    its own script, as `scripts.to_latin` takes it.
    """
    frame = normalised(names.alias("name").to_frame().with_row_index("row"))
    text = without_notes(frame["text"])
    text = changed(text, text.str.contains(":", literal=True), pl.col("text").str.replace(_ONCE, "$2 (ex $1)"))
    frame = frame.select("row", text=text)
    label = pl.col("text").str.extract(HOST).str.replace(_TAKEN, "$1")
    frame = frame.with_columns(text=pl.when(label.is_in(_MAIL)).then("text").otherwise(pl.coalesce(label, "text")))
    frame, bracketed = _split_brackets(frame)
    frame, known = _split_aliases(frame)
    beside = pl.concat([known, bracketed, _parts(frame), _respelled(frame)])
    beside = beside.filter(_tells(beside["text"]))
    own = frame.select("row", "text", place=pl.lit(0, pl.Int32))
    return pl.concat([own, beside.select(own.columns)]).sort("row", "place", "text")


def _split_brackets(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return *frame* with brackets resolved, and (row, text, place) of the names beside that they gave.

    Only the last words of a name can be set beside it: "Acme (Leeds) Limited" is how that company is registered.
    """
    outer = pl.col("text").str.replace_all(_BRACKET, " ").str.strip_chars()
    inline = pl.col("text").str.replace_all(_BRACKETS, " ").str.strip_chars()
    within = frame.filter(pl.col("text").str.contains(_BRACKET))
    inner = _read_brackets(within)
    within = within.with_columns(outer=outer)
    first = pl.col("name").str.extract(r"^(\w+)") == pl.col("outer").str.extract(r"^(\w+)")
    kinds = inner.join(within.select("row", "outer"), on="row")
    kinds = kinds.group_by("row").agg(
        *((pl.col("kind") == kind).any().alias(kind) for kind in ("alias", "said", "region")), again=first.any()
    )
    within = within.join(kinds, on="row", maintain_order="left")
    # "Acme Inc (Acme Group)" says its own name once more.
    apart = (pl.col("said") | (pl.col("again") & pl.col("text").str.contains(_AT_END))) & _tells(within["outer"])
    at_end = pl.col("text").str.contains(_AT_END)
    without = within.filter(~apart & at_end & (pl.col("alias") | pl.col("region")))
    main = within.select("row", main=pl.when(apart).then("outer"))
    frame = frame.join(main, on="row", how="left", maintain_order="left").with_columns(text=pl.coalesce("main", inline))
    known = inner.filter(pl.col("name") != "", pl.col("kind") == "said")
    aliases = inner.filter(pl.col("kind") == "alias").join(within.select("row", "outer", last=at_end), on="row")
    aliases = aliases.filter(pl.col("last") | _initials(pl.col("outer")).str.starts_with(pl.col("name")))
    beside = [_beside(known, "name", 2), _beside(without, "outer", 4), _beside(aliases, "name", 5)]
    return frame.drop("main"), pl.concat(beside)


def _initials(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"([^\W_])[^\W_]*[\W_]*", "$1")


def _read_brackets(within: pl.DataFrame) -> pl.DataFrame:
    """Return ``row``, ``kind`` and ``name`` of every bracket, see `_read_bracket`."""
    brackets = within.select("row", bracket=pl.col("text").str.extract_all(_BRACKET)).explode("bracket")
    read = [(bracket, *_read_bracket(bracket)) for bracket in brackets["bracket"].unique()]
    schema = {"bracket": pl.String, "kind": pl.String, "name": pl.String}
    return brackets.join(pl.DataFrame(read, schema=schema, orient="row"), on="bracket")


def _beside(frame: pl.DataFrame, column: str, place: int) -> pl.DataFrame:
    """Return (row, text, place) of the names in *column*."""
    return frame.select("row", text=pl.col(column).str.strip_chars(), place=pl.lit(place, pl.Int32))


def _read_bracket(bracket: str) -> tuple[str, str]:
    """Return what *bracket*, its signs included, is, and the name that stands in it, "" for none.

    ``region``, ``plain`` (words that belong to the name around it), ``said`` (a name, and how it came to be one), or
    ``alias``.
    """
    text = bracket.strip("()[]{} .,:;-\"'")
    words = re.findall(r"[^\W_]+", text)
    alias = re.sub(_said_in_brackets(), "", text)
    if alias != text:
        return ("said", alias) if alias.strip() else ("plain", "")
    if words and (all(word in region_words() for word in words) or (text.isalpha() and len(text) <= 2)):
        return "region", ""
    if not _tells_one(text) or _is_unspaced(text):
        return "plain", ""
    return "alias", text


def _split_aliases(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return *frame* with what stands before "dba" and its like, and (row, text, place) of what stands behind."""
    text = pl.col("text").str.replace(_company_of(), "$1\x1f$2")
    texts = changed(frame["text"], frame["text"].str.contains(_company_of()), text)
    split = frame.with_columns(texts.str.replace_all(_aliases(), "\x1f"))
    several = split.filter(pl.col("text").str.contains("\x1f", literal=True))
    names = several.select("row", text=pl.col("text").str.split("\x1f")).explode("text")
    names = names.with_columns(pl.col("text").str.strip_chars()).filter(pl.col("text").str.contains(r"[\p{L}\p{N}]"))
    first = names.unique("row", keep="first", maintain_order=True)
    behind = names.join(first, on=["row", "text"], how="anti")
    own = split.join(first.rename({"text": "first"}), on="row", how="left", maintain_order="left")
    whole = pl.col("text").str.replace_all("\x1f", " ", literal=True)
    return own.with_columns(text=pl.coalesce("first", whole)).drop("first"), _beside(behind, "text", 1)


def _parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return (row, text, place) of names side by side, and of what a dash or "by" sets apart from the rest."""
    side = frame.filter(pl.col("text").str.contains(_SIDE_BY_SIDE))
    split = side.select("row", text=pl.col("text").str.replace_all(_SIDE_BY_SIDE, "\x1f").str.split("\x1f"))
    by = frame.filter(pl.col("text").str.contains(" by ", literal=True))
    made = by.select("row", text=pl.col("text").str.extract(_MADE_BY)).drop_nulls()
    dashed = frame.filter(pl.col("text").str.contains(_SET_APART))
    dash = pl.col("text").str.extract_groups(_SET_APART)
    apart = dashed.select("row", text=dash.struct[0], unit=dash.struct[1])
    apart = apart.filter(_asked(apart["unit"], _is_unit)).drop("unit")
    return _beside(pl.concat([split.explode("text"), made, apart]), "text", 6)


def _respelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Return (row, text, place) of names as people also write them: letters spelled out, no "Grupo" in front."""
    other = frame.select("row", "text", other=spelled_out(pl.col("text"))).filter(pl.col("other") != pl.col("text"))
    brand = frame.select("row", text=pl.col("text").str.extract(rf"^(?:{said('groups')})\s(.+)$")).drop_nulls()
    return pl.concat([_beside(other, "other", KNOWN), _beside(brand, "text", KNOWN)])


def _tells(texts: pl.Series) -> pl.Series:
    """Return for each text whether it has a word that is neither generic nor a form nor a number, or several at all."""
    plain = list(_plain_words())
    rows = texts.alias("text").to_frame().with_row_index("at").with_columns(word=pl.col("text").str.extract_all(_WORD))
    is_name = (pl.col("word").str.len_chars() > 1) & ~pl.col("word").str.contains(r"^(?:no)?\d+$")
    named = rows.filter(~pl.col("word").list.join(" ").is_in(plain)).explode("word").filter(is_name)
    tells = named.group_by("at").agg(told=(pl.len() > 2) | ~pl.col("word").is_in(plain).all())
    return rows.select(pl.col("at").is_in(tells.filter("told")["at"].implode())).to_series()


def _asked(texts: pl.Series, question: Callable[[str], bool]) -> pl.Series:
    """Return the answer to *question* for each text, each distinct one asked once."""
    answers = {text: question(text) for text in texts.unique()}
    # Without a text there is no type to tell from the answers.
    return texts.replace_strict(answers, return_dtype=pl.Boolean) if answers else texts.cast(pl.Boolean)


def _tells_one(text: str) -> bool:
    """Return whether *text* has a word that is neither generic nor a form nor a number, or several words at all."""
    words = re.findall(r"[^\W_]+", text)
    named = [word for word in words if len(word) > 1 and not re.fullmatch(r"(?:no)?\d+", word)]
    if " ".join(words) in _plain_words():
        return False
    return len(named) > 2 or any(word not in _plain_words() for word in named)


def _is_unit(text: str) -> bool:
    """Return whether *text*, set apart at the end, may be a place, division or slogan: some words, and no form."""
    words = re.findall(r"[^\W_]+", text)
    is_slogan = words[:1] == ["the"]
    return is_slogan or (len(words) <= _MOST_APART and not read_tail(["", *words]).form)


def _is_unspaced(text: str) -> bool:
    """Return whether *text* is in a script that writes no spaces: a bracket in it belongs to the name around it."""
    return any("\u2e80" <= char <= "\uffef" for char in text)


@cache
def _plain_words() -> frozenset[str]:
    """Return generic words in all their spellings, and the words of forms."""
    generic = generic_words()
    spelled = {short for short, word in spellings().items() if word in generic}
    return generic | spelled | latin_forms().keys() | {"the", "and", "of", "publ"}


@cache
def _aliases() -> str:
    """Return the pattern of what stands between two names of a company."""
    return (
        rf"[\s,;]+(?:{said('known_as')})[\s:.]+"
        rf"|(?:[,;]\s*|\s[-–—]+\s)(?:{said('said')})\s+"
    )


@cache
def _company_of() -> str:
    """Return the pattern of "Mobileye, an Intel company"."""
    return rf"^(.+?)(?:,\s*|\s[-–—]+\s)an? (.+?) (?:group )?(?:{said('kinds')})$"


@cache
def _said_in_brackets() -> str:
    return rf"^(?:{said('known_as', 'said', 'said_in_brackets')})\b[\s:.]*(?:the )?"
