"""Find the registrable domains of many hosts at once, by the public suffix list.

The list says where a registry hands out names: "uk" does so below "co.uk". Its private part (github.io) is different:
below such a suffix live a company's customers, so that a host there is nobody's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl
from publicsuffixlist import PSLFILE

_PRIVATE: Final = "// ===BEGIN PRIVATE DOMAINS==="


@dataclass(frozen=True, slots=True)
class Rules:
    """Suffixes as `polars.Expr.is_in` takes them, in lower case and IDNA.

    *public*: suffixes with their own registry. *wild*: each label below one of these is a suffix too, but for the
    *exceptions*. *closed*: hosts that are nobody's own, with all below them. *all_of*: closed, or a suffix itself.
    """

    public: pl.Series
    wild: pl.Series
    exceptions: pl.Series
    closed: pl.Series
    all_of: pl.Series


def is_registered(host: pl.Expr, shared: frozenset[str], sold: frozenset[str], others: frozenset[str]) -> pl.Expr:
    """Return whether each *host* is surely a domain of its own, with or without ``www.`` before it, as in `registered`.

    That is one label before a public suffix, and none of *others*. False and null say that somebody should look closer.
    """
    rules = _rules(shared, sold)
    above = host.str.slice(host.str.find(".", literal=True) + 1)
    return above.is_in(rules.public) & ~host.is_in(_odd(shared, sold, others))


def registered(hosts: pl.DataFrame, shared: frozenset[str], sold: frozenset[str]) -> pl.DataFrame:
    """Return the rows of *hosts* whose ``host`` has a domain of its own, with that ``domain``, in no order.

    A host is lower-case ASCII without dots at either end. What is *shared*, or below it, is nobody's own, and so is
    what lies below a private suffix that is not *sold* like a country's (uk.com). A host that is a suffix itself or
    has an unknown one has no domain.
    """
    rules = _rules(shared, sold)
    nobodys = rules.all_of
    left = hosts.with_columns(candidate="host", below=pl.lit(None, pl.String))
    found = []
    while left.height:  # once per label: `above` is what follows the candidate's first, the longest suffix first
        candidate, above = pl.col("candidate"), pl.col("above")
        left = left.filter(~candidate.is_in(nobodys))
        left = left.with_columns(above=candidate.str.slice(candidate.str.find(".", literal=True) + 1))
        left = left.with_columns(ends=above.is_in(rules.public)).filter(above.is_not_null())
        found.append(left.filter("ends").select(*hosts.columns, domain="candidate"))
        left = left.filter(~pl.col("ends")).with_columns(ends=above.is_in(rules.wild))
        wild = left.filter("ends").with_columns(own=candidate.is_in(rules.exceptions))
        own = pl.when("own").then("candidate").otherwise("below")  # null if the host itself is the suffix
        found.append(wild.select(*hosts.columns, domain=own).drop_nulls("domain"))
        left = left.filter(~pl.col("ends")).select(*hosts.columns, candidate="above", below="candidate")
        nobodys = rules.closed
    return pl.concat(found) if found else left.select(*hosts.columns, domain="candidate")


@cache
def _rules(shared: frozenset[str], sold: frozenset[str]) -> Rules:
    """Return the rules of the list that comes with publicsuffixlist (format: https://publicsuffix.org/list/)."""
    registries, _, customers = Path(PSLFILE).read_text(encoding="utf-8").partition(_PRIVATE)
    public = _lines(registries)
    private = {rule.removeprefix("*.") for rule in _lines(customers)}
    below_sold = tuple(f".{suffix}" for suffix in sold)
    like_public = {rule for rule in private if f".{rule}".endswith(below_sold)}
    closed = (private - like_public) | shared
    wild = {rule.removeprefix("*.") for rule in public if rule.startswith("*.")}
    plain = {rule for rule in public if rule[0] not in "*!"} | like_public
    exceptions = {rule.removeprefix("!") for rule in public if rule.startswith("!")}
    return Rules(_set(plain - wild), _set(wild), _set(exceptions), _set(closed), _set(closed | plain | wild))


@cache
def _odd(shared: frozenset[str], sold: frozenset[str], others: frozenset[str]) -> pl.Series:
    """Return suffixes, closed hosts and *others*, all with and without ``www.`` before them."""
    known = {*_rules(shared, sold).all_of.explode(), *others}
    return _set(known | {host.removeprefix("www.") for host in known})


def _lines(section: str) -> set[str]:
    """Return the rules of one section, in IDNA."""
    rules = {line.split()[0].lower() for line in section.splitlines() if line.strip() and not line.startswith("//")}
    return {rule if rule.isascii() else rule.encode("idna").decode() for rule in rules}


def _set(suffixes: set[str]) -> pl.Series:
    return pl.Series(sorted(suffixes), dtype=pl.String).implode()
