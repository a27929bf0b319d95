import polars as pl
import pytest

from matching.normalize.websites import domains, registrable_domain


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.siemens.com/de/", "siemens.com"),
        ("HTTPS://WWW.Siemens.Com.", "siemens.com"),
        ("careers.acme.co.uk", "acme.co.uk"),
        ("http://user:secret@acme.com:8080/x?y=1#z", "acme.com"),
        ("info@acme.com", "acme.com"),
        ("acme.com; acme.de", "acme.com"),
        ("https://www.bücher.de/a", "xn--bcher-kva.de"),
        ("acme.uk.com", "acme.uk.com"),
        ("https://www.apple.com/uk/", "apple.com"),
        ("linkedin.com", "linkedin.com"),
    ],
)
def test_reads_the_registrable_domain(website: str, domain: str) -> None:
    assert registrable_domain(website) == domain


@pytest.mark.parametrize(
    "website",
    [
        "",
        "n/a",
        "http://",
        "10.0.0.1",
        "http://[::1]/x",
        "http://[::1",
        "intranet",
        "co.uk",
        "someone@gmail.com",
        "https://www.linkedin.com/company/acme",
        "facebook.com/acme",
        "acme.github.io",
        "github.io",
        "acme.wixsite.com/home",
        "https://apps.apple.com/app/acme",
    ],
)
def test_a_host_that_is_nobodys_website_gives_none(website: str) -> None:
    assert registrable_domain(website) is None


def test_takes_off_what_companies_put_around_a_taken_name() -> None:
    found = domains(pl.Series(["getacme.io", "acmehq.com", "my-acme.com", "goat.com"])).sort("website")
    assert dict(found.select("website", "bare").iter_rows()) == {
        "getacme.io": "acme",
        "acmehq.com": "acme",
        "my-acme.com": "acme",
        "goat.com": "goat",
    }
