"""Read the registrable domains out of whatever people put into a website field.

A host that many companies share (mail, social networks, site builders) is nobody's website: it gives nothing, not a
domain, or thousands of accounts would become one company. There are two readers, and they must agree: `own_domains`
takes one value and is careful, `domains` takes a column and asks the careful one about odd values only.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

import polars as pl
from anyascii import anyascii
from publicsuffixlist import PublicSuffixList

from matching.normalize import suffixes

#: No further websites.
_NONE: Final[pl.Expr] = pl.lit(None, pl.List(pl.String))
_TEXT: Final = pl.String()
#: What `rows_of_domains` returns.
_READ: Final = pl.Schema({"domain": _TEXT, "others": pl.List(_TEXT), "label": _TEXT, "bare": _TEXT})
#: Letters that a label must keep when what companies put around their name is taken off.
_LEAST_LABEL: Final = 4
#: What stands between several websites. Python's \s has these four controls, Rust's has not.
_BETWEEN: Final = r"[\s\x1c-\x1f,;|]+"
#: What stands around a website in a text.
_AROUND: Final = "()<>{}\"'“”„«»"
#: Schemes as people write and double them ("http//", "https:/", "http://https://"), in lower case.
_SCHEME: Final = r"^(?:[a-z][a-z0-9+-]*:[/\\]+|(?:https?|mailto):|https?[/\\]{2}|[/\\]+)+"
_HOST: Final = r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"
#: A value that needs no care: one host, and a path without anything that could begin another value.
_COMMON: Final = rf"^(?:https?://)?{_HOST}(?:[/?#][^\s\x00-\x1f,;|\\(){{}}<>\"'“”„«»]*)?$"
#: What stands before the host, once the scheme is gone: "user:password@", and the first part of an e-mail address.
_USER: Final = r"^[^/?#\\]*@"
_PATH: Final = r"^(?:https?://[^/?#]*|[^/?#:]*)/+[^/?#]"


def own_domains(website: str) -> list[str]:
    """Return the domains that a company registered, each once, in the order written, in lower case and IDNA.

    ``https://www.bücher.co.uk/a`` gives ``xn--bcher-kva.co.uk``, an e-mail address its domain. Nothing for an IP
    address, an unknown suffix, a shared host, a page on another's site, and for no host at all.
    """
    read = [_own_domain(piece.strip(_AROUND).lower()) for piece in re.split(_BETWEEN, website)]
    return list(dict.fromkeys(domain for domain in read if domain))


def domains(websites: pl.Series) -> pl.DataFrame:
    """Return one row per distinct value of *websites* that names a company's own site, in no order.

    Columns: ``website`` (as it was), ``domain`` (the first), ``others`` (a list of the further ones, null for none),
    ``label`` (the domain's first part, letters and digits only, in Latin) and ``bare`` (the label without what
    companies add when theirs was taken: ``getacme``, ``acmehq``).
    """
    distinct = websites.alias("website").to_frame().lazy().drop_nulls().unique().collect(engine="streaming")
    found = _found(distinct.with_columns(text="website"))
    return found.with_columns(_labelled(found["domain"]))


def rows_of_domains(websites: pl.Series) -> pl.DataFrame:
    """Return ``domain``, ``others``, ``label`` and ``bare`` of each row of *websites*, null where it has none.

    Like `domains`; among millions of websites few are the same, and finding those would take longer than reading them
    twice. Most are mere ``https://www.acme.com/``: only the others are read with care.
    """
    text, host = pl.col("website"), pl.col("host")
    if websites.null_count() == len(websites):
        return pl.DataFrame(schema=_READ).clear(len(websites))
    read = websites.alias("website").to_frame().lazy()
    read = read.select(is_common=text.str.contains(_COMMON), host=_without_path(text).str.strip_prefix("www."))
    is_plain = suffixes.is_registered(host, _shared(), _listed("sold"), _listed("platforms") | _listed("landlords"))
    plain = read.select(domain=pl.when(pl.col("is_common") & is_plain).then("host")).collect(engine="streaming")
    domain = plain["domain"]
    odd = (websites.is_not_null() & domain.is_null()).arg_true()
    found = _found(pl.DataFrame({"website": odd, "text": websites.gather(odd)}))
    domain = domain.scatter(found["website"], found["domain"])
    places = pl.repeat(None, len(domain), dtype=pl.UInt32, eager=True)
    others = found["others"].gather(places.scatter(found["website"], pl.int_range(found.height, eager=True)))
    return pl.concat([pl.DataFrame({"domain": domain, "others": others}), _labelled(domain)], how="horizontal")


def _found(texts: pl.DataFrame) -> pl.DataFrame:
    """Return ``website``, ``domain`` and ``others`` of those of *texts* that name a company's own site.

    *texts* has ``text`` and ``website``, by which it is known: itself or its row.
    """
    texts = texts.with_columns(pl.col("text").str.to_lowercase())
    texts = texts.with_columns(is_common=pl.col("text").str.contains(_COMMON))
    one = _owned(texts.filter("is_common").select("website", "text")).select("website", "domain", others=_NONE)
    odd = texts.filter(~pl.col("is_common"))
    return one if odd.is_empty() else pl.concat([one, _several(odd)])


def _labelled(domain: pl.Series) -> pl.DataFrame:
    """Return ``label`` and ``bare`` of each domain."""
    frame = _labels(domain).to_frame("label")
    label, bare = pl.col("label"), pl.col("bare")
    before, after = rf"^(?:{_either('before')})", rf"(?:{_either('after')})$"
    is_longer = frame.select(label.str.contains(before) | label.str.contains(after)).to_series().fill_null(False)
    longer = frame.filter(is_longer).with_columns(bare=label.str.replace(before, "").str.replace(after, ""))
    kept = longer.select(pl.when(bare.str.len_bytes() >= _LEAST_LABEL).then(bare).otherwise(label)).to_series()
    return frame.with_columns(frame["label"].clone().scatter(is_longer.arg_true(), kept).alias("bare"))


def _own_domain(piece: str) -> str | None:
    """Return the domain of one lower-case website or e-mail address, None if it is not a company's own."""
    try:
        parts = urlsplit("//" + re.sub(_SCHEME, "", piece).replace("\\", "/"))
        host = (parts.hostname or "").strip(".")
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:  # brackets that are no IPv6, labels that no resolver would take: what stands there is no host
        return None
    domain: str | None = _rules(only_icann=False).privatesuffix(host)
    # Hosts may have an underscore, domains may not.
    if domain is None or not re.fullmatch(_HOST, domain) or not _shared().isdisjoint(_with_parents(host)):
        return None
    if domain.count(".") > 1:  # its suffix may be private, such as a site builder's: then this is the builder's page
        owner: str | None = _rules(only_icann=True).privatesuffix(host)
        if domain != owner and owner not in _listed("sold"):
            return None
    is_page = domain in _listed("platforms") and parts.path.strip("/")
    is_tenant = domain in _listed("landlords") and host.removeprefix("www.") != domain
    is_customer = domain in _listed("providers") and "@" in parts.netloc
    return None if is_page or is_tenant or is_customer else domain


def _with_parents(host: str) -> list[str]:
    """Return *host* and all hosts above it."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _several(texts: pl.DataFrame) -> pl.DataFrame:
    """Return (website, domain, others) of values that hold several websites, an e-mail address or something odd."""
    piece = pl.col("text").str.replace_all(_BETWEEN, " ").str.split(" ")
    pieces = texts.select("website", text=piece).explode("text").with_columns(pl.col("text").str.strip_chars(_AROUND))
    # Without a dot (or what IDNA takes for one) there is no host.
    pieces = pieces.filter(pl.col("text").str.contains(r"[.\u3002\uff0e\uff61]")).with_row_index("place")
    plain = pieces.with_columns(pl.col("text").str.replace(_SCHEME, ""))
    plain = plain.with_columns(pl.col("text").str.replace(_USER, ""), is_mail=pl.col("text").str.contains(_USER))
    # A scheme behind a user is no scheme: "me@http://acme.com" names the host "http".
    is_common = plain["text"].str.contains(_COMMON) & ~plain["text"].str.contains(_SCHEME)
    quick = _owned(plain.filter(is_common)).filter(
        ~(pl.col("is_mail") & pl.col("domain").is_in(sorted(_listed("providers"))))
    )
    odd = pieces.filter(~is_common)
    read = odd.with_columns(domain=pl.Series([_own_domain(text) for text in odd["text"]], dtype=pl.String))
    found = pl.concat([frame.select("place", "website", "domain") for frame in (quick, read.drop_nulls("domain"))])
    listed = found.sort("place").group_by("website").agg(pl.col("domain").unique(maintain_order=True))
    domain, others = pl.col("domain").list.first(), pl.col("domain").list.slice(1)
    return listed.select("website", domain, pl.when(others.list.len() > 0).then(others).alias("others"))


def _owned(texts: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of *texts* whose ``text``, a common value, is a company's own site, with ``domain``."""
    texts = texts.with_columns(host=_without_path(pl.col("text")))
    found = suffixes.registered(texts, _shared(), _listed("sold"))
    platforms, landlords = sorted(_listed("platforms")), sorted(_listed("landlords"))
    lets = pl.col("domain").is_in(platforms + landlords)
    guests = found.filter(lets)
    is_page = pl.col("domain").is_in(platforms) & pl.col("text").str.contains(_PATH)
    is_tenant = pl.col("domain").is_in(landlords) & (pl.col("host").str.strip_prefix("www.") != pl.col("domain"))
    return pl.concat([found.filter(~lets), guests.filter(~is_page & ~is_tenant)])


def _without_path(text: pl.Expr) -> pl.Expr:
    """Return the host in each common value."""
    host = text.str.strip_prefix("https://").str.strip_prefix("http://")
    return host.str.head(host.str.find(r"[/?#]").fill_null(host.str.len_bytes()))


def _labels(domain: pl.Series) -> pl.Series:
    """Return the first part of each domain in Latin letters, as in a name: ``xn--bcher-kva.de`` gives ``bucher``."""
    text = pl.col("domain")
    label = domain.to_frame().select(label=text.str.head(text.str.find(".", literal=True))).to_series()
    has_dash = label.str.contains("-", literal=True).fill_null(False)
    dashed = label.filter(has_dash)
    is_foreign = dashed.str.starts_with("xn--")
    latin = pl.Series([_latin(label) for label in dashed.filter(is_foreign)], dtype=pl.String)
    return label.scatter(
        has_dash.arg_true(), dashed.str.replace_all("-", "", literal=True).scatter(is_foreign.arg_true(), latin)
    )


def _latin(label: str) -> str:
    """Return an IDNA label in Latin letters and digits, as it is if it cannot be decoded."""
    with suppress(UnicodeError):
        label = anyascii(label.removeprefix("xn--").encode().decode("punycode")).lower()
    return re.sub(r"[^a-z0-9]", "", label)


@cache
def _rules(only_icann: bool) -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=only_icann)


@cache
def _shared() -> frozenset[str]:
    """Return the hosts below which lives whoever wants to."""
    return frozenset().union(*(_listed(table) for table in ("mail", "placeholders", "builders", "links", "jobs")))


@cache
def _listed(table: str) -> frozenset[str]:
    """Return the words of one table of ``websites.toml``."""
    tables = tomllib.loads(files("matching.normalize").joinpath("websites.toml").read_text(encoding="utf-8"))
    return frozenset(tables[table].split())


def _either(table: str) -> str:
    """Return a pattern of the words of a table, the longest first."""
    return "|".join(sorted(_listed(table), key=lambda word: (-len(word), word)))
