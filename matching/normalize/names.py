"""Take company names apart: each distinct name gives one or more variants, with words that can be compared.

A name is not cleaned to death: legal forms go only from the end (a few from the start), never the last word, and the
form is kept beside the core. "SAS Institute" and "Limited Brands" keep all their words.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import polars as pl
from anyascii import anyascii

from matching.normalize.places import country_words

_BRACKET: Final = r"[(\[{]([^()\[\]{}]*)[)\]}]"
#: Notes that people leave in a CRM's name field. What follows "do not use" or "duplicate of" is part of the note.
_NOTES: Final = (
    r"[-–—:*_/(\[ ]*\b(?:do not (?:use|contact|call)|dnu\b|duplicate\b|dupe\b|inactive account|merged? (?:with|into)\b)"
    r".*$"
    r"|^\W*(?:zz+|xx+|old|dup|duplicate)\s*[-:_*]+\s*|\s[-–]\s*(?:old|dup|copy|closed|inactive)\W*$|\s*#\s*\d+\s*\W*$"
)
#: What stock exchanges append: kind of share and par value ("INH O.N.", "DL-,001", "CL. A").
_SHARES: Final = (
    r"(?:[\s.,]+(?:o\.n\.|inh\.?|nam\.?|-?fgn-?|cl(?:ass|\.)? ?[a-c]|adr\S*)"
    r"|[\s.](?:dl|eo|ls|sf|nk|sk|dk|ba|rc|sd|is|yc|hd|cd|yn|ad|zy|tn)\s*-?[,.]?\d+)+$"
)
_ALIASES: Final = (
    r"\s+(?:d\s*/\s*b\s*/\s*a|dba|t\s*/\s*as?|trading as|doing business as|f\s*/\s*k\s*/\s*a|fka|formerly(?: known as)?"
    r"|previously(?: known as)?|prev\.|now known as|a\s*/\s*k\s*/\s*a|aka|also known as|n\s*/\s*k\s*/\s*a)[\s:.]+"
)
_MARKERS: Final = r"^(?:by|an?|part of|now|was|ex|prev(?:iously)?|formerly|fka|aka|dba|known as|acquired by)\b[\s:.]*"
_TLDS: Final = (
    "com|net|org|io|ai|co|app|dev|tech|biz|info|edu|gov|eu|de|uk|fr|nl|it|es|ch|at|be|se|no|dk|fi|pl|us|ca|au|in|jp|br"
    "|me|tv|cloud|so|xyz|gg|sh|ly"
)
#: A name that is nothing but a host; the group is the label before its suffix.
_HOST: Final = (
    rf"^(?:https?://)?(?:[a-z0-9-]+\.)*?([a-z0-9-]+)\.(?:(?:com?|org|net|gov|edu|ac)\.)?(?:{_TLDS})(?:/\S*)?$"
)
_HOST_TAIL: Final = r"\.(?:com|net|org|io|ai|co|dev|app)\b"


@cache
def vocabulary() -> dict[str, Any]:
    """Return the tables of ``words.toml``: forms, start, native, spellings, generic, common, units."""
    return tomllib.loads(files("matching.normalize").joinpath("words.toml").read_text(encoding="utf-8"))


@cache
def generic_words() -> frozenset[str]:
    """Return the words that say little about which company it is, in their one spelling."""
    spelling = _spellings()
    words = vocabulary()["generic"]["words"].split()
    return frozenset(spelling.get(word, word) for word in words) | region_words()


@cache
def common_words() -> frozenset[str]:
    """Return the words that, as a company's only word, do not say which company it is."""
    return generic_words() | frozenset(vocabulary()["common"]["words"].split())


@cache
def region_words() -> frozenset[str]:
    """Return the words that name a country or region: after a brand, they name a unit of the company."""
    return country_words() | frozenset(vocabulary()["units"]["regions"].split())


@cache
def unit_words() -> frozenset[str]:
    """Return the words that, beside a brand, name a part of the company: regions and divisions."""
    spelling = _spellings()
    return region_words() | {spelling.get(word, word) for word in vocabulary()["units"]["divisions"].split()}


def variants(names: pl.Series) -> pl.DataFrame:
    """Take distinct *names* apart and return one row per name and variant.

    Columns: ``name`` (the original); ``variant`` (0 is the name itself, others are names found beside it: dba, prev.,
    in brackets); ``core`` (words in one spelling and their order, without form, "and" and "the"); ``squeezed`` (the
    words as written, without spaces, as in a website); ``form`` (the legal form in short, "" for none). A name
    without a letter or digit has no row.
    """
    folded = names.alias("name").to_frame().filter(pl.col("name").is_not_null()).unique(maintain_order=True)
    folded = folded.with_columns(text=_fold(folded["name"]))
    parts = _alias_parts(folded).with_columns(text=_plain(pl.col("text"))).filter(pl.col("text") != "")
    parts = parts.with_columns(_split_form(pl.col("text")))
    words = pl.col("rest").str.split(" ").list.eval(pl.element().filter(~pl.element().is_in(["and", "the", ""])))
    core = words.list.eval(pl.element().replace(_spellings())).list.join(" ")
    parts = parts.select("name", core=core, squeezed=words.list.join(""), form="form")
    parts = parts.filter(pl.col("core") != "").unique(["name", "core"], keep="first", maintain_order=True)
    return parts.with_columns(variant=pl.int_range(pl.len()).over("name")).select(
        "name", "variant", "core", "squeezed", "form"
    )


def host_names(names: pl.Expr) -> pl.Expr:
    """Return *names* that are hosts ("support.code42.com"), null for all others."""
    text = names.str.strip_chars().str.to_lowercase()
    return pl.when(text.str.contains(_HOST)).then(text)


def _fold(names: pl.Series) -> pl.Series:
    """Return *names* in lower-case ASCII, forms in other scripts replaced by our short ones."""
    frame = names.rename("name").to_frame().with_columns(text=pl.col("name").str.normalize("NFKC"))
    foreign = frame.filter(pl.col("text").str.contains(r"[^\x00-\x7f]"))["text"].unique()
    latin = pl.DataFrame(
        {"text": foreign, "latin": pl.Series([anyascii(_native_forms(text)) for text in foreign], dtype=pl.String)}
    )
    joined = frame.join(latin, on="text", how="left", maintain_order="left")
    return joined.select(pl.coalesce("latin", "text").str.to_lowercase().str.replace_all(r"\s+", " ")).to_series()


def _native_forms(text: str) -> str:
    """Move the legal form of another script to the end, in Latin: "ООО Ромашка" becomes "Ромашка llc"."""
    text = text.strip()
    for form, spellings in vocabulary()["native"].items():
        for native in spellings:
            # Chinese and Japanese write no space before a form; Cyrillic does, and "АО" begins many words.
            gap = r"[\s\"«„]+" if native[0] < "\u1000" else r"\s*"
            rest = re.sub(rf"^{re.escape(native)}{gap}|{gap}{re.escape(native)}$", "", text, flags=re.IGNORECASE)
            if rest != text and rest.strip():
                return f"{rest} {form.replace('-', ' ')}"
    return text


def _alias_parts(folded: pl.DataFrame) -> pl.DataFrame:
    """Return (name, text) with one row per name inside a name, the first one the name itself."""
    text = pl.col("text").str.replace_all(_NOTES, "").str.replace(_SHARES, "").str.strip_chars()
    text = pl.when(text == "").then(pl.col("text")).otherwise(text)
    text = pl.coalesce(text.str.extract(_HOST), text)
    inner = text.str.extract_all(_BRACKET).list.eval(pl.element().str.strip_chars("()[]{} "))
    outer = text.str.replace_all(_BRACKET, " ").str.strip_chars()
    inline = text.str.replace_all(r"[()\[\]{}]", " ")
    # A bracket of regions, forms and plain words ("(UK)", "(Holdings)", "(publ)") belongs to the name it stands in.
    plain = inner.list.eval(_is_plain(pl.element())).list.all() | (outer.str.len_chars() < 2)
    said = inner.list.eval(pl.element().str.contains(_MARKERS)).list.any()
    aliases = inner.list.eval(pl.element().str.replace(_MARKERS, ""))
    main = pl.when(said & ~plain).then(outer).otherwise(inline)
    main = main.str.replace_all(_ALIASES, "\x1f").str.split("\x1f")
    parts = folded.select("name", text=pl.when(plain).then(main).otherwise(pl.concat_list(main, outer, aliases)))
    return parts.explode("text").filter(pl.col("text").is_not_null())


def _is_plain(text: pl.Expr) -> pl.Expr:
    """Return whether *text* is made of forms, regions and generic words only: no name of its own."""
    generic = generic_words()
    spelled = {short for short, word in _spellings().items() if word in generic}
    words = "|".join(sorted(generic | spelled | {"the"}, key=lambda word: (-len(word), word)))
    forms = "|".join(_form_spellings())
    return _plain(text).str.contains(rf"^(?:(?:{words}|{forms}|\d+)(?:\s|$))*$")


def _plain(text: pl.Expr) -> pl.Expr:
    """Return *text* as words with single spaces: no dots, apostrophes or signs, "&" as "and"."""
    return (
        text.str.replace_all(_HOST_TAIL, " ")
        .str.replace_all(r"['’`´]", "")
        .str.replace_all(r"\b([a-z])\.", "$1")
        .str.replace_all(r"[&+]", " and ")
        .str.replace_all(r"\b([a-z])/([a-z])\b", "$1$2")
        .str.replace_all(r"[^a-z0-9]+", " ")
        .str.strip_chars()
    )


def _split_form(text: pl.Expr) -> list[pl.Expr]:
    """Return ``rest`` and ``form``: forms cut from the end of *text*, else from its start, never all of it."""
    forms = "|".join(_form_spellings())
    starts = "|".join(sorted(vocabulary()["start"]["forms"], key=lambda form: (-len(form), form)))
    end = text.str.extract_groups(rf"^(?:the )?(.+?)(?:\s(?:and\s)?({forms}))+(?:\sthe)?$")
    start = text.str.extract_groups(rf"^({starts})\s(.+?)(?:\s(?:publ|tbk|persero tbk))?$")
    rest = pl.coalesce(start.struct[1], end.struct[0], text)
    # "The Limited" keeps its last word: an article alone is no name.
    whole = rest.is_in(["the", "a", "and", "los", "la"])
    form = pl.coalesce(start.struct[0], end.struct[1], pl.lit("")).replace(_form_spellings())
    return [
        pl.when(whole).then(text).otherwise(rest).alias("rest"),
        pl.when(whole).then(pl.lit("")).otherwise(form).alias("form"),
    ]


@cache
def _form_spellings() -> dict[str, str]:
    """Return spelling to short form, longest spelling first, so that a pattern of them is greedy."""
    spelled = {spelling: form for form, all_of in vocabulary()["forms"].items() for spelling in all_of}
    return dict(sorted(spelled.items(), key=lambda item: (-len(item[0]), item[0])))


@cache
def _spellings() -> dict[str, str]:
    """Return abbreviation or other spelling of a word to the one that is compared."""
    return {short: word for word, shorts in vocabulary()["spellings"].items() for short in shorts}
