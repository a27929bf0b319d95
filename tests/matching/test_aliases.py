import polars as pl
import pytest

from matching.normalize import names


def cores(name: str) -> list[str]:
    return names.variants(pl.Series([name]))["core"].to_list()


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("Loom (prev. PopSet)", ["loom", "popset"]),
        ("Crohnology (by Healthy Labs)", ["crohnology", "healthy laboratory"]),
        ("Northwind Traders t/a Fabrikam", ["northwind traders", "fabrikam"]),
        ("Northwind Traders trading as Fabrikam", ["northwind traders", "fabrikam"]),
        ("Northwind LLC dba Fabrikam", ["northwind", "fabrikam"]),
        ("Northwind LLC d/b/a Fabrikam Inc", ["northwind", "fabrikam"]),
        ("Northwind D.B.A. Fabrikam", ["northwind", "fabrikam"]),
        ("Northwind aka Fabrikam", ["northwind", "fabrikam"]),
        ("Northwind fka Fabrikam", ["northwind", "fabrikam"]),
        ("Fabrikam formerly known as Northwind", ["fabrikam", "northwind"]),
        ("Fabrikam, formerly Northwind", ["fabrikam", "northwind"]),
        ("Fabrikam GmbH vormals Northwind", ["fabrikam", "northwind"]),
        ("SellStage (now Videopixie)", ["sellstage", "videopixie"]),
        ("Mobileye, an Intel Company", ["mobileye", "intel"]),
        ("Adometry by Fabrikam", ["adometry by fabrikam", "adometry"]),
        ("Holstein / Distrivalto", ["holstein distrivalto", "distrivalto", "holstein"]),
        ("Northwind c/o Fabrikam", ["northwind"]),
        ("Grupo Bimbonada", ["group bimbonada", "bimbonada"]),
        ("Würth", ["wurth", "wuerth"]),
    ],
)
def test_finds_the_names_inside_a_name(name: str, inside: list[str]) -> None:
    assert cores(name) == inside


def test_takes_initials_in_brackets_as_a_second_name() -> None:
    assert "ibm" in cores("International Business Machines (IBM) Corp")


def test_a_bracket_of_plain_words_is_no_name_of_its_own() -> None:
    assert cores("Acme (Holdings) Limited") == ["acme holding"]


@pytest.mark.parametrize("name", ["Acme (EMEA)", "Acme - EMEA", "Acme Inc - EMEA", "Acme (EMEA) "])
def test_offers_a_unit_without_its_region(name: str) -> None:
    assert cores(name) == ["acme emea", "acme"]


def test_a_region_inside_a_registered_name_is_part_of_it() -> None:
    assert cores("Acme (UK) Limited") == ["acme uk"]


def test_offers_a_division_as_its_company() -> None:
    assert cores("Acme - Aerospace Division") == ["acme aerospace division", "acme"]


@pytest.mark.parametrize(
    "name",
    [
        "Acme - DO NOT USE",
        "Acme - do not use, ask Ann",
        "Acme #2",
        "Acme (duplicate of 001xx)",
        "Acme duplicate",
        "Acme - HQ",
        "Acme (HQ)",
        "Acme - Parent",
        "zzz_Acme",
        "ZZ - Acme",
        "*** closed *** Acme",
        "Acme *** closed ***",
        "Acme [Inactive]",
        "TEST - Acme",
        "Acme (test)",
        "Copy of Acme",
    ],
)
def test_cuts_what_is_said_about_the_account(name: str) -> None:
    assert cores(name) == ["acme"]


@pytest.mark.parametrize("name", ["ZZ Top", "Test Double", "Old Navy", "Do Not Use", "Duplicate"])
def test_a_name_that_only_looks_like_a_note_stays(name: str) -> None:
    assert cores(name) == [name.lower()]


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("HEPION DL-,01", "hepion"),
        ("NORDEX SE O.N.", "nordex"),
        ("DELIGNIT AG INH O.N.", "delignit"),
        ("SOFTWARE AG NA O.N.", "software"),
        ("BIESSE S.P.A. EO 1", "biesse"),
        ("DONGFENG H YC 1", "dongfeng"),
        ("ASTRAZENECA SP.ADR/2", "astrazeneca"),
        ("MARRIOTT A DL-,01", "marriott"),
        ("NIKE INC.NEW DL-,01", "nike"),
        ("VEOLIA NAM.", "veolia"),
    ],
)
def test_cuts_what_an_exchange_says_about_the_share(name: str, core: str) -> None:
    assert cores(name) == [core]


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("support.code42.com", "code42"),
        ("m.bitdefender.com", "bitdefender"),
        ("https://www.fernwickle.co.uk/about", "fernwickle"),
        ("drumlin.github.io", "drumlin"),
        ("jane.doe@fernwickle.com", "fernwickle"),
        ("Booking.com", "booking"),
        ("Booking.com Holdings", "booking holding"),
        ("joe@gmail.com", "joe gmail"),
    ],
)
def test_reads_a_host_as_the_name_of_its_domain(name: str, core: str) -> None:
    assert cores(name) == [core]


def test_keeps_the_original_beside_every_variant() -> None:
    assert set(names.variants(pl.Series(["Loom (prev. PopSet)"]))["name"]) == {"Loom (prev. PopSet)"}


def test_a_bracket_before_the_legal_form_is_part_of_the_registered_name() -> None:
    assert cores("Acme (Leeds) Limited") == ["acme leeds"]
    assert cores("Acme (Leeds)") == ["acme leeds", "acme", "leeds"]


def test_names_that_are_said_to_be_the_companys_come_before_those_that_only_stand_beside_it() -> None:
    said = names.variants(pl.Series(["Acme (dba Globex)", "Acme (Globex)"])).sort("name", "variant")
    assert said.filter(pl.col("name") == "Acme (dba Globex)")["variant"].to_list() == [0, 1]
    beside = said.filter(pl.col("name") == "Acme (Globex)")["variant"].to_list()
    assert beside == [0, names.BESIDE + 1, names.BESIDE + 2]


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Acme Inc (Acme Group)", "acme"),
        ("ex-Globex: Acme", "acme"),
        ("get-acmeridian.io", "acmeridian"),
        ("Acme Inc. (Chicago, IL)", "acme"),
        ("Acme (via Globex)", "acme"),
        ("Acme #2", "acme"),
        ("Acme #104", "acme 104"),
        ("ACME TECH. SP.ADR/8", "acme technology"),
        ("ACME AB B", "acme"),
        (": DBA 7", "7"),
    ],
)
def test_what_is_said_about_an_account_or_share_is_no_part_of_the_name(name: str, core: str) -> None:
    assert cores(name)[0] == core
