"""Turn normalised accounts into records of numbers that millions of pairs can be compared by at once.

A word is its number in the vocabulary; a name has at most `WIDE` of them. Texts are compared by hashes, and by their
first `KEPT_LETTERS` letters where one may begin the other. All that a comparison needs of a name or an account is one
record: picking records of a million pairs out of order is what takes the time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching import readings, texts
from matching.compiled import compiled
from matching.normalize import names as naming
from matching.statistics import BACKGROUND_NAMES
from matching.vocabulary import WIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.accounts import Tables
    from matching.statistics import Statistics

    Array = NDArray[Any]

#: Information of a word that nobody else has, in bits.
_MOST_BITS: Final = 20.0
#: Websites of an account beside its first that are compared.
_OTHERS: Final = 2
#: Codes of an account's industry that are compared.
_CODES: Final = 4

#: A name. *words* by their numbers, 0 fills up; *total* and *own* are the information, in 1/100 bit, of all words and
#: of those that are not generic, *rarest* that of the most telling one; *squeezed* is the name without spaces,
#: *ordered* a hash that does not mind the order of words, *brand* the hash of the words that are not generic,
#: *digits* of the numbers, *native* of the name in its own script; *start* is the first four letters of the first
#: word; *companies* how many websites go by the name on one side.
NAME: Final = np.dtype(
    [
        ("words", np.int32, WIDE),
        ("squeezed", texts.TEXT),
        ("ordered", np.uint64),
        ("brand", np.uint64),
        ("initials", np.uint64),
        ("start", np.uint64),
        ("form", np.uint32),
        ("native", np.uint32),
        ("digits", np.uint64),
        ("total", np.int32),
        ("own", np.int32),
        ("rarest", np.int16),
        ("companies", np.int16),
        ("count", np.int8),
        ("variant", np.int8),
        ("is_common", np.bool_),
    ],
    align=True,
)
#: An account. Hashes and codes are 0 for unknown; *others* are further domains; *sharers* are the rows of its side
#: with the same website; *own_reading* says how the website reads beside the account's own names (`readings.reading`).
ACCOUNT: Final = np.dtype(
    [
        ("label", texts.TEXT),
        ("bare", texts.TEXT),
        ("domain", np.uint64),
        ("others", np.uint64, _OTHERS),
        ("phone", np.uint64),
        ("sharers", np.int32),
        ("headcount", np.int32),
        ("industry", np.uint32, _CODES),
        ("codes", np.int8),
        ("is_coded", np.bool_),
        ("own_reading", np.int8),
        ("suffix", np.uint16),
        ("country", np.uint16),
        ("state", np.uint32),
        ("city", np.uint32),
        ("postcode", np.uint32),
        ("outward", np.uint32),
        ("street", np.uint32),
    ],
    align=True,
)


#: A word of the vocabulary; *info* in 1/100 bit.
WORD: Final = np.dtype(
    [
        ("text", texts.TEXT),
        ("info", np.int32),
        ("is_generic", np.bool_),
        ("is_unit", np.bool_),
        ("is_region", np.bool_),
        ("is_common", np.bool_),
    ],
    align=True,
)


@dataclass(frozen=True, slots=True)
class Features:
    """Both sides: accounts are rows, those of theirs from *ours* on; the names of row r are *first[r]* to *first[r+1]*.

    *words* is the vocabulary, where entry 0 is "no word"; *book* numbers the crm or partner of each row.
    """

    ours: int
    book: Array
    first: Array
    words: Array
    names: Array
    accounts: Array


def featurise(tables: Tables, statistics: Statistics) -> Features:
    """Return the features of all accounts of *tables*; a word that *statistics* do not know is as rare as can be."""
    first = np.zeros(tables.accounts.height + 1, dtype=np.int64)
    np.cumsum(np.bincount(tables.names["row"].to_numpy(), minlength=len(first) - 1), out=first[1:])
    with ThreadPoolExecutor(2) as pool:
        described = pool.submit(_accounts, tables.accounts, statistics)
        numbers, vocabulary, _ = tables.words
        words = _words(vocabulary, statistics)
        names = _names(tables.names, numbers, words, statistics)
        accounts = described.result()
    accounts["own_reading"] = readings.own_readings(accounts, names, first, words)
    book = pl.concat_str("side", "book", separator=" ")
    return Features(
        ours=int(tables.accounts["side"].eq("o").sum()),
        book=tables.accounts.select(book.rank("dense") - 1).to_series().to_numpy().astype(np.int32),
        first=first,
        words=words,
        names=names,
        accounts=accounts,
    )


def _words(vocabulary: Array, statistics: Statistics) -> Array:
    words = np.zeros(len(vocabulary), dtype=WORD)
    words["text"] = vocabulary
    listed = {
        "is_generic": naming.generic_words(),
        "is_unit": naming.unit_words(),
        "is_region": naming.region_words(),
        "is_common": naming.common_words(),
    }
    for name, known in listed.items():
        words[name] = np.isin(vocabulary["hash"], texts.packed(pl.Series(sorted(known)))["hash"])
    digit = (texts.first_letters(vocabulary) >= ord("0")) & (texts.first_letters(vocabulary) <= ord("9"))
    says_little = words["is_generic"] | ((vocabulary["length"] == 1) & ~digit)
    most = np.where(says_little, naming.vocabulary()["generic"]["bits"], _MOST_BITS)
    seen = np.log2((statistics.names + BACKGROUND_NAMES) / (statistics.occurrences(vocabulary["hash"]) + 1))
    words["info"] = np.round(100 * np.minimum(seen, most))
    words["info"][0] = 0
    return words


def _names(table: pl.DataFrame, numbers: Array, words: Array, statistics: Statistics) -> Array:
    names = np.zeros(len(numbers), dtype=NAME)
    names["words"] = numbers
    texts.packed(table["squeezed"], into=names["squeezed"])
    names["form"] = hashed(table["form"].replace("", None))
    names["native"] = hashed(table["native"].replace("", None))
    names["variant"] = table["variant"].clip(0, 127)
    names["companies"] = statistics.companies(names["squeezed"]["hash"])
    _describe(names, words)
    return names


@compiled
def _describe(names: Array, words: Array) -> None:
    """Fill in what follows from the words of each name."""
    for name in names:
        name.is_common = True
        name.start = words[name.words[0]].text.packs[0] >> np.uint64(32)
        for place in range(WIDE):
            word = words[name.words[place]]
            if name.words[place] == 0:
                break
            name.count += 1
            name.total += word.info
            name.own += 0 if word.is_generic else word.info
            name.rarest = max(name.rarest, 0 if word.is_common else word.info)
            name.is_common = name.is_common and word.is_common
            name.ordered += texts.mixed(word.text.hash)
            name.initials |= np.uint64(texts.letter(word.text, 0)) << np.uint64(56 - 8 * place)
            if not word.is_generic:
                for at in range(min(word.text.length, texts.KEPT_LETTERS)):
                    name.brand = texts.continued(name.brand, texts.letter(word.text, at))
        for at in range(min(name.squeezed.length, texts.KEPT_LETTERS)):
            letter = texts.letter(name.squeezed, at)
            if letter <= _NINE:
                name.digits = texts.continued(name.digits, letter)


_NINE: Final = ord("9")


def _accounts(table: pl.DataFrame, statistics: Statistics) -> Array:
    accounts = np.zeros(table.height, dtype=ACCOUNT)
    for column in ("label", "bare"):
        texts.packed(table[column], into=accounts[column])
    accounts["domain"] = hashed(table["domain"])
    for place in range(_OTHERS):
        accounts["others"][:, place] = hashed(table["others"].list.get(place, null_on_oob=True))
    accounts["sharers"] = statistics.sharers_of(table["side"], table["book"], table["domain"])
    accounts["phone"] = table["phone"].fill_null(0)
    accounts["headcount"] = table["headcount"].fill_null(0).clip(0, 2**31 - 1)
    accounts["industry"], accounts["codes"], accounts["is_coded"] = _industries(table["industry"])
    # A country's own suffix is its code, but for the United Kingdom's.
    domain = pl.col("domain")
    suffix = pl.when(domain.str.tail(3).str.starts_with(".")).then(domain.str.tail(2).replace("uk", "gb"))
    dot_com = pl.when(domain.str.ends_with(".com")).then(pl.lit("c!"))
    accounts["suffix"] = _two_letters(table.select(pl.coalesce(dot_com, suffix)).to_series())
    accounts["country"] = _two_letters(table["country"].str.to_lowercase())
    for column in ("state", "city", "postcode", "outward", "street"):
        accounts[column] = hashed(table[column])
    return accounts


def hashed(values: pl.Series) -> Array:
    """Return a 64-bit hash of each text, 0 for null. Equal within one process only: never store it."""
    known: Array = values.is_not_null().to_numpy()
    return values.hash().fill_null(0).to_numpy() * known


def _industries(values: pl.Series) -> tuple[Array, Array, Array]:
    """Return the hashes of each account's industry codes, how many it has, and whether they are codes: text is one.

    Codes of four digits or more are those of SIC, NAICS and their like.
    """
    distinct = pl.DataFrame({"text": values.drop_nulls().unique()})
    codes = pl.col("text").str.extract_all(r"\b\d{4,6}\b").list.unique().list.sort().list.head(_CODES)
    as_text = pl.concat_list(pl.col("text").str.to_lowercase().str.strip_chars())
    distinct = distinct.with_columns(codes=pl.when(codes.list.len() > 0).then(codes).otherwise(as_text))
    hashes = np.zeros((distinct.height + 1, _CODES), dtype=np.uint32)
    for place in range(_CODES):
        hashes[:-1, place] = hashed(distinct["codes"].list.get(place, null_on_oob=True))
    at = pl.DataFrame({"text": values}).join(
        distinct.select("text").with_row_index("at"), on="text", how="left", maintain_order="left"
    )
    found = hashes[at["at"].fill_null(distinct.height).to_numpy()]
    is_coded = values.str.contains(r"\b\d{4,6}\b").fill_null(False).to_numpy()
    return found, (found > 0).sum(axis=1), is_coded


def _two_letters(values: pl.Series) -> Array:
    """Return texts of two ASCII letters as one number, 0 for all others."""
    text = pl.when(values.str.len_bytes() == 2).then(values)
    number = text.cast(pl.Binary).bin.reinterpret(dtype=pl.UInt16, endianness="big")
    return pl.select(number.fill_null(0)).to_series().to_numpy()
