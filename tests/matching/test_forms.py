import polars as pl
import pytest

from matching.normalize import names
from matching.normalize.forms import read_tail
from matching.normalize.words import spellings, table

SAME_FORM = [  # what follows or goes before "Norvik" in one country's registers and in people's lists
    ["{} Ltd", "{} Limited", "{} Ltd.", "{} Co., Ltd.", "{} Company Limited", "{} Limitée"],
    ["{} Pvt Ltd", "{} Private Limited", "{} (P) Ltd", "{} Pte. Ltd.", "{} Pvt. Ltd."],
    ["{} Pty Ltd", "{} Pty. Limited", "{} Proprietary Limited"],
    ["{} plc", "{} P.L.C.", "{} Public Limited Company", "{} PCL"],
    ["{} Inc", "{}, Inc.", "{} Incorporated"],
    ["{} LLC", "{}, L.L.C.", "{} Limited Liability Company", "ООО «{}»", "OOO {}", "ТОВ {}"],
    ["{} LP", "{}, L.P.", "{} Limited Partnership"],
    ["{} AG", "{} Aktiengesellschaft", "{} A.G."],
    ["{} GmbH", "{} G.m.b.H.", "{} Ges.m.b.H.", "{} Gesellschaft mit beschränkter Haftung"],
    ["{} GmbH & Co. KG", "{} GmbH und Co KG", "{} KG", "{} Kommanditgesellschaft"],
    ["{} SE & Co. KGaA", "{} KGaA", "{} Kommanditgesellschaft auf Aktien"],
    ["{} SA", "{} S.A.", "{}, Société Anonyme", "{} S. A. de C. V.", "{} NV/SA", "{} A.E.", "{} Α.Ε."],
    ["{} SARL", "{} S.à r.l.", "{} S.A.R.L."],
    ["{} SAS", "{} S.A.S.", "{} SASU"],
    ["{} NV", "{} N.V.", "{} Naamloze Vennootschap"],
    ["{} BV", "{} B.V.", "{} Besloten Vennootschap"],
    ["{} SpA", "{} S.p.A.", "{} Società per Azioni"],
    ["{} Srl", "{} S.r.l.", "{} Società a responsabilità limitata", "SC {} SRL"],
    ["{} SL", "{}, S.L.U.", "{} Sociedad Limitada"],
    ["{} Lda", "{}, Lda.", "{} Ltda.", "{} Limitada"],
    ["{} AB", "{} AB (publ)", "{} Aktiebolag", "AB {} (publ)"],
    ["{} AS", "{} A/S", "{} a.s.", "{} A.Ş.", "{} Anonim Şirketi", "{} San. ve Tic. A.Ş."],
    ["{} Oy", "{} Osakeyhtiö", "Oy {} Ab"],
    ["{} Oyj", "{} Oyj Abp"],
    ["{} Sp. z o.o.", "{} Sp z oo", "{} Spółka z ograniczoną odpowiedzialnością"],
    ["{} s.r.o.", "{}, spol. s r.o.", "{} společnost s ručením omezeným"],
    ["{} Kft.", "{} Korlátolt Felelősségű Társaság"],
    ["{} d.o.o.", "{} doo", "{} društvo s ograničenom odgovornošću"],
    ["{} EOOD", "{} OOD", "{} ООД"],
    ["{} OÜ", "{} Osaühing"],
    ["UAB {}", "{} UAB", "{}, Uždaroji akcinė bendrovė"],
    ["PAO {}", "ПАО {}", "{} PJSC", "Public Joint Stock Company {}"],
    ["{} K.K.", "{} Kabushiki Kaisha", "Kabushiki Kaisha {}", "株式会社{}", "{}㈱", "{}（株）"],
    ["PT {} Tbk", "PT {}", "{} Tbk"],
    ["{} Sdn Bhd", "{} Sdn. Bhd.", "{} Sendirian Berhad"],
    ["{} Ltd", "{} בע\"מ", "{}有限公司", "{}股份有限公司", "주식회사 {}", "(주){}", "บริษัท {} จำกัด", "Công ty TNHH {}"],
    ["{} Ltd. Şti.", "{} Limited Şirketi"],
]  # fmt: skip


@pytest.mark.parametrize("spelled", SAME_FORM, ids=lambda spelled: spelled[0])
def test_spellings_of_one_form_compare_equal_and_leave_the_name(spelled: list[str]) -> None:
    read = names.variants(pl.Series([one.format("Norvik") for one in spelled])).filter(pl.col("variant") == 0)
    assert set(read["core"]) == {"norvik"}
    assert read["form"].n_unique() == 1
    assert read.height == len(set(spelled))


def test_different_kinds_of_companies_differ() -> None:
    kinds = ["Ltd", "plc", "LLC", "LP", "AG", "GmbH", "SA", "SARL", "SpA", "Srl", "NV", "BV", "AB", "AS", "Oy", "KK"]
    assert names.variants(pl.Series([f"Norvik {kind}" for kind in kinds]))["form"].n_unique() == len(kinds)


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("AB Foods plc", "ab food"),
        ("SIA Engineering Company", "sia engineering"),
        ("Too Good To Go", "too good to go"),
        ("Walnut Unlimited", "walnut unlimited"),
        ("Harbor Day Spa", "harbor day spa"),
        ("K+S AG", "k s"),
        ("A Company", "a company"),
        ("La Compagnie", "la compagnie"),
    ],
)
def test_a_word_that_only_looks_like_a_form_stays(name: str, core: str) -> None:
    assert names.variants(pl.Series([name]))["core"].to_list() == [core]


@pytest.mark.parametrize(
    ("name", "core", "form"),
    [
        ("SAVOSOLAR PLC A", "savosolar", "plc"),
        ("Veeva Systems Inc Class A", "veeva system", "inc"),
        ("Trip.com Group Ltd. Sponsored ADR", "trip group", "ltd"),
        ("BILIA AB-A SHS", "bilia", "ab"),
    ],
)
def test_kinds_of_shares_are_no_forms(name: str, core: str, form: str) -> None:
    assert names.variants(pl.Series([name])).select("core", "form").row(0) == (core, form)


def test_a_tail_without_a_form_stays_as_it_was() -> None:
    assert read_tail(["p", "a", "uk"]) == ("", ("p", "a", "uk"))


def test_no_spelling_stands_for_two_forms() -> None:
    for script in ("latin", "native"):
        spelled = [spelling for all_of in table("forms")[script].values() for spelling in all_of]
        assert len(spelled) == len(set(spelled))


def test_every_form_at_the_start_is_a_form() -> None:
    latin = {spelling for all_of in table("forms")["latin"].values() for spelling in all_of}
    assert set(table("forms")["start"]["forms"]) <= latin


def test_no_spelling_of_a_word_is_spelled_otherwise_again() -> None:
    assert not {word for spelled in spellings().values() for word in spelled.split()} & spellings().keys()
