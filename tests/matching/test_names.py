import polars as pl
import pytest

from matching.normalize import names

CORES = [  # name, words in one spelling, legal form
    ("SAS Institute Inc.", "sas institute", "inc"),
    ("Limited Brands", "limited brand", ""),
    ("The Limited", "limited", ""),
    ("Siemens Aktiengesellschaft", "siemens", "ag"),
    ("株式会社日立製作所", "rilizhizuosuo", "kk"),
    ("ООО «Ромашка»", "romashka", "llc"),
    ("Acme (UK) Limited", "acme uk", "ltd"),
    ("Müller & Söhne GmbH & Co. KG", "muller sohne", "kg"),
    ("Grupo Gigante, S. A. B. de C. V.", "group gigante", "sa"),
    ("Marks & Spencer plc", "marks spencer", "plc"),
    ("AB Volvo (publ)", "volvo", "ab"),
    ("PT Bank Central Asia Tbk", "bank central asia", "tbk"),
    ("A.O. Smith Corp", "ao smith", "corp"),
    ("L'Oréal S.A.", "loreal", "sa"),
    ("Smith Int'l Mfg. Svcs", "smith international manufacturing services", ""),
    ("Johnson Bros. Hldgs", "johnson brothers holding", ""),
    ("BELL TRUST LIMITED(THE)", "bell trust", "ltd"),
    ("Ｓｉｅｍｅｎｓ", "siemens", ""),
    ("Acme - DO NOT USE", "acme", ""),
    ("Acme #2", "acme", ""),
    ("Acme (duplicate of 001xx)", "acme", ""),
    ("Plan B", "plan b", ""),
    ("Co", "co", ""),
]


def variants(name: str) -> pl.DataFrame:
    return names.variants(pl.Series([name]))


@pytest.mark.parametrize(("name", "core", "form"), CORES)
def test_strips_forms_at_the_end_and_never_to_nothing(name: str, core: str, form: str) -> None:
    assert variants(name).select("core", "form").row(0) == (core, form)


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("Loom (prev. PopSet)", {"loom", "popset"}),
        ("Crohnology (by Healthy Labs)", {"crohnology", "healthy laboratory"}),
        ("Northwind Traders t/a Fabrikam", {"northwind traders", "fabrikam"}),
        ("Northwind LLC dba Fabrikam", {"northwind", "fabrikam"}),
        ("Fabrikam formerly known as Northwind", {"fabrikam", "northwind"}),
        ("SellStage (now Videopixie)", {"sellstage", "videopixie"}),
    ],
)
def test_finds_the_names_inside_a_name(name: str, inside: set[str]) -> None:
    assert set(variants(name)["core"]) == inside


def test_takes_initials_in_brackets_as_a_second_name() -> None:
    assert "ibm" in set(variants("International Business Machines (IBM) Corp")["core"])


def test_reads_a_host_as_the_name_of_its_domain() -> None:
    assert variants("support.code42.com")["core"].to_list() == ["code42"]


def test_a_bracket_of_plain_words_is_no_name_of_its_own() -> None:
    assert variants("Acme (Holdings) Limited")["core"].to_list() == ["acme holding"]


def test_keeps_the_original_beside_every_variant() -> None:
    assert set(variants("Loom (prev. PopSet)")["name"]) == {"Loom (prev. PopSet)"}


def test_a_name_without_letters_has_no_variant() -> None:
    assert names.variants(pl.Series(["***", "  ", None], dtype=pl.String)).is_empty()
