"""Fold names to plain words: lower case, ASCII letters and digits, single spaces, no "and" and "the".

One pass over a fixed list of strings does it for most names. `special` tells those it does not do justice to: other
scripts, brackets, dots inside words, aliases, notes. They are taken apart one by one (`aliases`) and come back here.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import polars as pl

from matching.normalize.forms import starting_forms
from matching.normalize.notes import said
from matching.normalize.words import changed, either

#: Stands in a folded name for what tells its parts apart: a dash or comma before more than a word.
_APART: Final = "\x1f"
#: Stands before and behind a name while it is folded.
_EDGE: Final = "\x1e"
_LINKS: Final = ("and", "und", "et", "och", "og", "the", "and the")
#: Abbreviations of three letters whose last dot people leave away.
_DOTTED: Final = "s.p.a s.r.l s.r.o d.o.o l.l.c l.l.p p.l.c u.s.a s.a.s s.l.u s.c.a s.n.c"
#: Spellings whose signs say more than a gap between words would.
_WORDS: Final = {"'": "", "’": "", "! ": " ", "co-op": "coop", " co op ": " coop ", "co.ltd": "co ltd", "f.lli": "flli",
                " a/s": " as", "(publ)": " publ"}  # fmt: skip
_TLDS: Final = (
    "com|net|org|io|ai|co|app|dev|tech|biz|info|edu|gov|eu|de|uk|fr|nl|it|es|ch|at|be|se|no|dk|fi|pl|us|ca|au|in|jp|br"
    "|me|tv|cloud|so|xyz|gg|sh|ly"
)
#: Sites that are their tenants': the label before theirs is the name.
_BUILDERS: Final = (
    r"(?:github|gitlab|wordpress|blogspot|wixsite|squarespace|myshopify|webflow|weebly|netlify|vercel|herokuapp)\."
)
#: A name that is nothing but a host, or a mail address; the group is the label before its suffix.
HOST: Final = (
    r"^(?:https?://)?(?:[^\s@/]+@)?(?:[a-z0-9-]+\.)*?([a-z0-9-]+)\."
    rf"(?:{_BUILDERS})?(?:(?:com?|org|net|gov|edu|ac)\.)?(?:{_TLDS})(?:/\S*)?$"
)
_HOST_TAILS: Final = "com|net|org|io|ai|co|dev|app"


def folded(names: pl.Expr) -> pl.Expr:
    """Return *names* in lower case with the usual punctuation folded; what `special` finds in it asks for more."""
    edged = pl.concat_str(pl.lit(_EDGE), names.str.to_lowercase(), pl.lit(_EDGE))
    return edged.str.replace_many(_folds(), leftmost=True).str.strip_chars(f" .-!{_EDGE}")


@cache
def special() -> str:
    """Return a pattern of what is left in a `folded` name that asks for more than that."""
    first = said("telling", "groups")
    return (
        r"[^a-z0-9 ]|  |^$| (?:the|on|xx+|zz+)$"
        rf"| (?:{said('known_as', 'telling')}|by|e|y|inh|nam)(?: |$)"
        rf"| (?:{said('currencies')}) ?\d"
        r"| (?:cl|class|inc|ab|plc|corp|sa|ag|nv|oyj|asa) [a-h1-9]$| (?:adrs?|gdrs?|shs|vzo?)(?: |$)"
        rf"|^(?:zz+|xx+|old|dup|test|closed|inactive|ex|{first}|{either(starting_forms())}) "
    )


@cache
def folding() -> str:
    """Return a pattern of what is in each name, in lower case, that `folded` changes or that is `special`."""
    # Whatever has a sign in it is special before it is folded.
    words = [fold for fold in _folds() if re.fullmatch(rf"[a-z0-9 {_EDGE}]+", fold)]
    return "|".join([special(), "^ ", " $", *(re.sub(rf"^{_EDGE}", "^", word).replace(_EDGE, "$") for word in words)])


def plain_text(texts: pl.Series) -> pl.Series:
    """Return *texts*, in ASCII, as plain words whatever stands in them; "" if no letter or digit does."""
    text = pl.col("text")
    undotted = (
        text.str.replace_all(rf"\.(?:{_HOST_TAILS})\b", " ")
        .str.replace_all(r"\b([a-z])\.([a-z]{2})", "$1 $2")
        .str.replace_all(r"\b([a-z])\.", "$1")
    )
    plain = changed(texts, texts.str.contains(".", literal=True), undotted)
    plain = changed(plain, plain.str.contains("/", literal=True), text.str.replace_all(r"\b([a-z])/([a-z])\b", "$1$2"))
    plain = plain.to_frame("text").select(text=folded(text)).to_series()
    cleaned = (
        text.str.replace_all(r"[`´]", "")
        .str.replace_all(r"[^a-z0-9 ]+", " ")
        .str.replace_all(r"  +", " ")
        .str.replace_all(r" (?:(?:and|und|et|och|og|the) )+", " ")
        .str.strip_suffix(" the")
        .str.strip_chars()
    )
    plain = changed(plain, plain.str.contains(r"[^a-z0-9 ]|  | (?:and|und|et|och|og|the)(?: |$)"), cleaned)
    empty = plain == ""
    words = texts.filter(empty).str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()
    return plain.scatter(empty.arg_true(), words)


@cache
def _folds() -> dict[str, str]:
    """Return what is replaced by what, the longest first: the first that fits is taken."""
    gaps = {f"{before}{link} ": " " for link in _LINKS for before in (" ", ", ", " & ")}
    signs = dict.fromkeys((" & ", "&", ", & ", " + ", "+", ", ", " , ", ",", "., ", ".,", ". ", "-"), " ")
    apart = dict.fromkeys((" - ", "- ", " -", ", a ", ", an ", ", part of ", ", now ", "--"), f" {_APART} ")
    letters = "abcdefghijklmnopqrstuvwxyz"
    initials = {f"{before}{letter}.": before + letter for letter in letters for before in (" ", _EDGE)}
    dotted = {
        f" {word}{end}": f" {word.replace('.', '')}{end.strip('.')}"
        for word in _DOTTED.split()
        for end in (".", " ", _EDGE)
    }
    # A zero for an O: "0ptics".
    letters_only = {f"{before}0{letter}": f"{before}o{letter}" for letter in letters for before in (" ", _EDGE)}
    ends = {f"{_EDGE}the ": "", f" the{_EDGE}": "", " o.n.": f" {_APART}on"}
    # "C.A." is a form of Venezuela's with its dots only: "Acme CA" is in California.
    ends |= dict.fromkeys((f" c.a.{_EDGE}", f", c.a.{_EDGE}"), " compania anonima")
    folds = gaps | signs | apart | initials | dotted | letters_only | ends | _WORDS
    return dict(sorted(folds.items(), key=lambda fold: (-len(fold[0]), fold[0])))
