import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PSLFILE

from matching.normalize.websites import _listed, domains, own_domains, rows_of_domains

OWNED = [
    ("https://www.siemens.com/de/", ["siemens.com"]),
    ("HTTPS://WWW.Siemens.Com.", ["siemens.com"]),
    ("careers.acme.co.uk", ["acme.co.uk"]),
    ("http://user:secret@acme.com:8080/x?y=1#z", ["acme.com"]),
    ("info@acme.com", ["acme.com"]),
    ("mailto:info@acme.com?subject=x", ["acme.com"]),
    ("acme.com; www.acme.de | acme.com", ["acme.com", "acme.de"]),
    ("https://linkedin.com/company/acme\nacme.com", ["acme.com"]),
    ("info@gmail.com, acme.fr", ["acme.fr"]),
    ("http://https://www.acme.com", ["acme.com"]),
    ("http//acme.com", ["acme.com"]),
    ("http:\\\\acme.com\\x", ["acme.com"]),
    ("<https://acme.com>", ["acme.com"]),
    ("https://www.bücher.de/a", ["xn--bcher-kva.de"]),
    ("acme.uk.com", ["acme.uk.com"]),
    ("https://www.apple.com/uk/", ["apple.com"]),
    ("linkedin.com", ["linkedin.com"]),
    ("www.zendesk.com", ["zendesk.com"]),
    ("www.telenet.be", ["telenet.be"]),
    ("x.city.kobe.jp", ["city.kobe.jp"]),
    ("www.acme.a.kobe.jp", ["acme.a.kobe.jp"]),
]
NOBODYS = [
    "",
    "n/a",
    "http://",
    "10.0.0.1",
    "http://[::1]/x",
    "http://[::1",
    "intranet",
    "co.uk",
    "kobe.jp",
    "a.kobe.jp",
    "someone@gmail.com",
    "someone@telenet.be",
    "https://www.linkedin.com/company/acme",
    "facebook.com/acme",
    "acme.github.io",
    "github.io",
    "acme.wixsite.com/home",
    "acme.myshopify.com",
    "acme.zendesk.com",
    "bit.ly/2xyz",
    "https://apps.apple.com/app/acme",
    "https://acme.wd5.myworkdayjobs.com/careers",
    "https://goo.gl/maps/abc",
    "https://www.amazon.de/stores/acme",
    "@http://acme.com",
]


@pytest.mark.parametrize(("website", "found"), OWNED)
def test_reads_the_registrable_domains(website: str, found: list[str]) -> None:
    assert own_domains(website) == found


@pytest.mark.parametrize("website", NOBODYS)
def test_a_host_that_is_nobodys_website_gives_nothing(website: str) -> None:
    assert own_domains(website) == []


def assert_columns_and_values_agree(websites: list[str]) -> None:
    found = domains(pl.Series(websites, dtype=pl.String)).select("website", "domain", "others")
    read = {website: [domain, *(others or [])] for website, domain, others in found.iter_rows()}
    assert read == {website: own for website in set(websites) if (own := own_domains(website))}
    rows = rows_of_domains(pl.Series(websites, dtype=pl.String)).select("domain", "others")
    assert [[domain, *(others or [])] if domain else [] for domain, others in rows.iter_rows()] == [
        own_domains(website) for website in websites
    ]


LISTED = [
    host
    for table in ("mail", "links", "jobs", "platforms", "landlords", "providers", "sold")
    for host in _listed(table)
]


def test_a_column_is_read_as_its_values_are_one_by_one() -> None:
    rules = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    suffixes = [line.strip("!*. ") for line in rules if line and not line.startswith("//")]
    chosen = random.Random(7)
    before = ["", "", "www.", "a.", "x-y.b.", "acme.", "www.acme.", "a.b.acme."]
    hosts = [chosen.choice(before) + host for host in chosen.sample(suffixes, 3000) + 3 * sorted(LISTED)]
    around = ["{}", "https://{}", "https://{}/", "HTTP://{}/a/b?c=d", "{}/a", "{}?a", "info@{}", "{}; acme.com", "{}."]
    around += ["{}:80", "({})", "x {},y.de/z", "//{}", "https://http://{}"]
    values = [chosen.choice(around).format(host) for host in hosts]
    assert_columns_and_values_agree(values + [website for website, _ in OWNED] + NOBODYS)


PIECES = [
    *(
        "acme",
        "www",
        "com",
        "co.uk",
        "github.io",
        "linkedin.com",
        "gmail.com",
        "telenet.be",
        "zendesk.com",
        "ck",
        "xn--p1ai",
    ),
    *(
        ".",
        ".",
        "/",
        "//",
        ":",
        "@",
        "http://",
        "https:",
        "mailto:",
        " ",
        ",",
        ";",
        "|",
        "\\",
        "?",
        "#",
        "-",
        "_",
        "[",
        "]",
    ),
    *("ü", "ﬁ", "。", "İ", "\n", "\x1c", "\xa0", "(", '"', "8080", "10.0.0.1", "A"),
]


@settings(deadline=None)  # a first call reads tables
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), max_size=20))
def test_no_text_raises_and_odd_values_are_read_alike(websites: list[str]) -> None:
    assert_columns_and_values_agree(websites)


def test_takes_off_what_companies_put_around_a_taken_name() -> None:
    found = domains(pl.Series(["getacme.io", "acmehq.com", "my-acme.com", "goat.com", "acme-group.de"]))
    assert dict(found.select("website", "bare").iter_rows()) == {
        "getacme.io": "acme",
        "acmehq.com": "acme",
        "my-acme.com": "acme",
        "goat.com": "goat",
        "acme-group.de": "acme",
    }


def test_the_label_of_a_domain_in_another_script_is_read_in_latin() -> None:
    found = domains(pl.Series(["www.bücher.de", "http://xn--mller-kva.de"]))
    assert dict(found.select("website", "label").iter_rows()) == {
        "www.bücher.de": "bucher",
        "http://xn--mller-kva.de": "muller",
    }


def test_equal_and_missing_values_have_one_row_or_none() -> None:
    found = domains(pl.Series(["acme.com", None, "acme.com", "n/a"]))
    assert found.select("website", "domain", "others").rows() == [("acme.com", "acme.com", None)]
    assert domains(pl.Series([None], dtype=pl.String)).is_empty()


def test_rows_of_domains_are_the_domains_of_each_row() -> None:
    written = ["acme.com", None, "gmail.com", "https://www.acme.com/a", "acme.de; acme.fr", "acme.com", "bücher.de", ""]
    rows = rows_of_domains(pl.Series(written, dtype=pl.String))
    known = {row["website"]: row for row in domains(pl.Series(written, dtype=pl.String)).iter_rows(named=True)}
    nothing = dict.fromkeys(rows.columns)
    expected = [{column: known.get(text, nothing)[column] for column in rows.columns} for text in written]
    assert rows.to_dicts() == expected
