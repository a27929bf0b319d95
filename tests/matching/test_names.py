from unicodedata import normalize

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.normalize import names
from matching.normalize.folding import folded, folding
from matching.normalize.words import nobody

CORES = [  # name, words in one spelling, legal form
    ("SAS Institute Inc.", "sas institute", "inc"),
    ("Limited Brands", "limited brand", ""),
    ("The Limited", "limited", ""),
    ("AG Barr", "ag barr", ""),
    ("SE Health", "se health", ""),
    ("SA Power Networks", "sa power network", ""),
    ("The Co-operative Bank plc", "cooperative bank", "plc"),
    ("Company Shops", "company shops", ""),
    ("Siemens Aktiengesellschaft", "siemens", "ag"),
    ("Acme (UK) Limited", "acme uk", "ltd"),
    ("Acme Ltd (UK)", "acme uk", "ltd"),
    ("Acme GmbH Germany", "acme germany", "gmbh"),
    ("Müller & Söhne GmbH & Co. KG", "muller sohne", "kg"),
    ("Weber und Lindnagel", "weber lindnagel", ""),
    ("Rossi e Figli S.r.l.", "rossi figli", "srl"),
    ("Triple E Equipment", "triple e equipment", ""),
    ("Grupo Gigante, S. A. B. de C. V.", "group gigante", "sa"),
    ("Marks & Spencer plc", "marks spencer", "plc"),
    ("A.O. Smith Corp", "ao smith", "corp"),
    ("T.M.Lewin & Sons", "tm lewin sons", ""),
    ("L'Oréal S.A.", "loreal", "sa"),
    ("Smith Int'l Mfg. Svcs", "smith international manufacturing services", ""),
    ("Johnson Bros. Hldgs", "johnson brothers holding", ""),
    ("BELL TRUST LIMITED(THE)", "bell trust", "ltd"),
    ("Barnes &amp; Nettlefield", "barnes nettlefield", ""),
    ("Tools™ Inc", "tools", "inc"),
    ("Plan B", "plan b", ""),
    ("Co", "co", ""),
    ("The", "the", ""),
]


def variants(name: str) -> pl.DataFrame:
    return names.variants(pl.Series([name]))


@pytest.mark.parametrize(("name", "core", "form"), CORES)
def test_keeps_the_words_of_a_name_in_one_spelling(name: str, core: str, form: str) -> None:
    assert variants(name).select("core", "form").row(0) == (core, form)


@pytest.mark.parametrize("name", [name for name, _, _ in CORES])
def test_reads_a_name_the_same_in_capitals(name: str) -> None:
    if " e " in name or "™" in name:  # a small letter links two words, and a trade mark has no capitals
        return
    assert variants(name.upper())["core"][0] == variants(name)["core"][0]


def test_reads_a_name_the_same_beside_any_other() -> None:
    alone = [variants(name).drop("name").rows() for name, _, _ in CORES]
    together = names.variants(pl.Series([name for name, _, _ in CORES]))
    assert [together.filter(pl.col("name") == name).drop("name").rows() for name, _, _ in CORES] == alone


def test_squeezes_the_words_as_they_were_written() -> None:
    assert variants("The Smith & Sons Svcs Ltd")["squeezed"].to_list() == ["smithsonssvcs"]


def test_gives_a_name_that_comes_twice_one_row() -> None:
    assert names.variants(pl.Series(["Acme Ltd", "Borg", "Acme Ltd"]))["name"].sort().to_list() == ["Acme Ltd", "Borg"]


def test_reads_each_row_as_its_name_whatever_is_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["Acme (dba Globex)", None, "Borg Ltd", "Zürich AG", "The Limited", "Acme (dba Globex)", "acme tech", "***"]
    monkeypatch.setattr(names, "_AT_A_TIME", 3)
    alone = [(row, *read[1:]) for row, name in enumerate(said) if name for read in variants(name).rows()]
    assert names.rows_of_names(pl.Series(said)).rows() == sorted(alone, key=lambda read: read[:2])


def test_a_name_without_letters_has_no_variant() -> None:
    assert names.variants(pl.Series(["***", "  ", None], dtype=pl.String)).is_empty()


@pytest.mark.parametrize("name", ["Confidential", "Self-employed", "UNKNOWN", "Test"])
def test_what_says_that_there_is_no_company_is_no_name(name: str) -> None:
    assert variants(name).is_empty()


def test_reads_only_hosts_as_websites() -> None:
    read = pl.DataFrame({"name": ["support.code42.com", "Booking.com Ltd", "Acme"]}).select(
        names.host_names(pl.col("name"))
    )
    assert read["name"].to_list() == ["support.code42.com", None, None]


PIECES = [
    "Acme",
    "Ltd",
    "(",
    "UK)",
    "-",
    "d/b/a",
    "S.A.",
    "株式会社",
    "ООО",
    "&",
    "the",
    "zzz_",
    "#2",
    "*",
    "co",
    "[x]",
    "DL-,10",
    ".com",
    "company",
    "by",
    "\x1f",
    "\x1e",
    "—",
    "/",
    "ü",
    "|",
    "No.",
    "2",
]


ENDS = ["the", "and", " ", "co op", "0ptics", "and the", "und", "acme", "a.", "-", "&", "0", "co", "op"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(ENDS), max_size=5).map(" ".join))
def test_only_what_is_said_to_fold_is_changed_by_folding(said: str) -> None:
    read = pl.DataFrame({"name": [said]}).select(
        folds=pl.col("name").str.contains(folding()), text=folded(pl.col("name"))
    )
    assert read["folds"].item() or read["text"].item() == said


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30) | st.lists(st.sampled_from(PIECES)).map(" ".join), max_size=5))
def test_any_text_gives_plain_words_and_numbered_variants(said: list[str]) -> None:
    read = names.variants(pl.Series(said, dtype=pl.String))
    for (name,), rows in read.group_by("name"):
        numbers = rows["variant"].sort().to_list()
        assert [number % names.BESIDE for number in numbers] == list(range(rows.height)), name
        for core, squeezed in rows.select("core", "squeezed").iter_rows():
            assert core.split(" ") == core.split() != [], name
            assert core.replace(" ", "").isalnum() and core.isascii() and core == core.lower(), name
            assert squeezed.isalnum(), name
    lettered = {name for name in said if any("a" <= char <= "z" for char in normalize("NFKC", name).lower())}
    fillers = {name for name in lettered if "".join(filter(str.isalnum, name.lower())) in nobody()}
    assert lettered - fillers <= set(read["name"])
