import polars as pl
import pytest

from matching.normalize import names


def first(name: str) -> dict[str, str]:
    return names.variants(pl.Series([name])).row(0, named=True)


@pytest.mark.parametrize(
    ("name", "core", "form", "native"),
    [
        ("株式会社日立製作所", "rilizhizuosuo", "kk", "日立制作所"),
        ("ООО «Ромашка»", "romashka", "llc", "ромашка"),
        ("Акционерное общество Заря", "zarya", "jsc", "заря"),
        ("Μαρινόπολις Α.Ε.", "marinopolis", "sa", "μαρινοπολισ"),
        ("阿里巴巴（中国）有限公司", "alibaba zhongguo", "ltd", "阿里巴巴 中国"),
        ("(주)한빛새론", "hanbichsaelon", "ltd", "한빛새론"),
        ("บริษัท ทองพนาไพร จำกัด", "thongphnaaiphr", "ltd", "ทองพนาไพร"),
        ("Ｓｉｅｍｅｎｓ", "siemens", "", ""),
        ("ﬁnova", "finova", "", ""),
        ("Łódź Straße", "lodz strasse", "", ""),
        ("Kinneret בע\"מ", "kinneret", "ltd", ""),
        ("Ac\u200bme", "acme", "", ""),
    ],
)  # fmt: skip
def test_reads_other_scripts_and_keeps_them(name: str, core: str, form: str, native: str) -> None:
    read = first(name)
    assert (read["core"], read["form"], read["native"]) == (core, form, native)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("台灣電力股份有限公司", "台湾电力有限公司"),
        ("شركة واحة الكثبان للتجارة", "واحة الكثبان للتجارة"),
        ("ОАО Звёздный", "звездный"),
        ("נחל דורון בע\"מ", "נחל דורון"),
        ("アサギリ電工株式会社", "アサギリ電工（株）"),
    ],
)  # fmt: skip
def test_native_names_compare_without_form_and_accents(one: str, other: str) -> None:
    assert first(one)["native"] == first(other)["native"] != ""


def test_letters_that_begin_a_word_are_no_form() -> None:
    assert first("Аорта")["native"] == "аорта"
