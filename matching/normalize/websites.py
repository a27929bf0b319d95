"""Read the registrable domain out of whatever people put into a website field.

A host that many companies share (mail, social networks, site builders) is nobody's website: it gives None, not a
domain, or thousands of accounts would become one company.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

import polars as pl
from publicsuffixlist import PublicSuffixList

#: Letters that a label must keep when what companies put around their name is taken off.
_LEAST_LABEL: Final = 4


def registrable_domain(website: str) -> str | None:
    """Return the domain that a company registers, in lower case and IDNA.

    ``https://www.bücher.co.uk/a`` gives ``xn--bcher-kva.co.uk``; of several websites the first one counts. None for an
    IP address, an unknown suffix, a mail or social host, a page on a site builder, and for no host at all.
    """
    text = re.split(r"[\s,;|]", website.strip(), maxsplit=1)[0]
    try:
        parts = urlsplit(text if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text) else f"//{text}")
        host = (parts.hostname or "").strip(".")
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:  # brackets that are no IPv6, labels that no resolver would take: what stands there is no host
        return None
    domain: str | None = _suffixes(only_icann=False).privatesuffix(host)
    if domain is None or domain in _listed("shared") or host in _listed("hosts"):
        return None
    if domain.count(".") > 1:  # its suffix may be private, such as a site builder's: then this is the builder's page
        owner: str | None = _suffixes(only_icann=True).privatesuffix(host)
        if domain != owner and owner not in _listed("sold"):
            return None
    return None if domain in _listed("platforms") and parts.path.strip("/") else domain


def domains(websites: pl.Series) -> pl.DataFrame:
    """Return one row per distinct value of *websites* that names a company's own site.

    Columns: ``website`` (as it was), ``domain``, ``label`` (the domain's first part, letters and digits only) and
    ``bare`` (the label without what companies add when theirs was taken: ``getacme``, ``acmehq``).
    """
    distinct = websites.drop_nulls().unique().sort()
    read = pl.Series("domain", [registrable_domain(website) for website in distinct], dtype=pl.String)
    found = pl.DataFrame({"website": distinct, "domain": read}).drop_nulls()
    label = pl.col("domain").str.extract(r"^([^.]+)").str.replace_all(r"[^a-z0-9]", "")
    bare = pl.col("label").str.replace(rf"^(?:{_either('before')})", "").str.replace(rf"(?:{_either('after')})$", "")
    kept = pl.when(bare.str.len_chars() >= _LEAST_LABEL).then(bare).otherwise("label")
    return found.with_columns(label=label).with_columns(bare=kept)


@cache
def _suffixes(only_icann: bool) -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=only_icann)


@cache
def _listed(table: str) -> frozenset[str]:
    """Return the words of one table of ``websites.toml``."""
    tables = tomllib.loads(files("matching.normalize").joinpath("websites.toml").read_text(encoding="utf-8"))
    return frozenset(tables[table].split())


def _either(table: str) -> str:
    """Return a pattern of the words of a table, the longest first."""
    return "|".join(sorted(_listed(table), key=lambda word: (-len(word), word)))
