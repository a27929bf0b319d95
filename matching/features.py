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
from matching.normalize import industries
from matching.normalize import names as naming
from matching.statistics import BACKGROUND_NAMES
from matching.vocabulary import WIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.accounts import Tables
    from matching.statistics import Statistics
    from matching.texts import Hash

    Array = NDArray[Any]

#: Information of a word that nobody else has, in bits.
_MOST_BITS: Final = 20.0
#: Websites of an account beside its first that are compared.
_OTHERS: Final = 2
#: Codes of an account's industry that are compared.
_CODES: Final = 4
#: Records that are filled in at once.
_PORTION: Final = 1 << 16

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
        ("sector", np.uint32),
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
    numbers, vocabulary, _ = tables.words
    words = _words(vocabulary, statistics)
    names, accounts = np.zeros(tables.names.height, dtype=NAME), np.zeros(tables.accounts.height, dtype=ACCOUNT)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda at: _describe_names(names[at], tables.names[at], numbers[at], words), _portions(names)))
        list(pool.map(lambda at: _describe_accounts(accounts[at], tables.accounts[at]), _portions(accounts)))
        rows = tables.accounts
        shared = pool.submit(statistics.sharers_of, rows["side"], rows["book"], rows["domain"])
        names["companies"] = statistics.companies(names["squeezed"]["hash"])
        accounts["sharers"] = shared.result()
    accounts["own_reading"] = readings.own_readings(accounts, names, first, words)
    ours = int(tables.accounts["side"].eq("o").sum())
    book = tables.accounts["book"]
    return Features(ours, _numbered(book[:ours], book[ours:]), first, words, names, accounts)


def _portions(records: Array) -> list[slice]:
    """Return parts of some records that stay in the processor's caches while they are filled in."""
    return [slice(start, start + _PORTION) for start in range(0, len(records), _PORTION)]


def _numbered(*books: pl.Series) -> Array:
    """Return numbers for the books of each side, in their order."""
    known = [of_side.unique().sort() for of_side in books]
    mine, yours = (of_side.cast(pl.Enum(names)).to_physical() for of_side, names in zip(books, known, strict=True))
    return np.concatenate([mine, yours.cast(pl.Int32) + known[0].len()], dtype=np.int32)


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


def _describe_names(names: Array, table: pl.DataFrame, numbers: Array, words: Array) -> None:
    """Fill in the *names* of a *table*, whose words have these *numbers*; how many companies have them comes later."""
    names["words"] = numbers
    texts.packed(table["squeezed"], into=names["squeezed"])
    names["form"] = hashed(table["form"].replace("", None))
    names["native"] = hashed(table["native"].replace("", None))
    names["variant"] = table["variant"].clip(0, 127)
    _read_words(names, words)


@compiled
def _read_words(names: Array, words: Array) -> None:
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
                name.brand = _continued(name.brand, word.text)
        for at in range(min(name.squeezed.length, texts.KEPT_LETTERS)):
            letter = texts.letter(name.squeezed, at)
            if letter <= _NINE:
                name.digits = texts.continued(name.digits, letter)


@compiled
def _continued(hashed: Hash, text: Any) -> Hash:
    """Return the hash of one text with another behind it, from the hash of the one."""
    if hashed == 0 and text.length <= texts.KEPT_LETTERS:
        return text.hash
    for at in range(min(text.length, texts.KEPT_LETTERS)):
        hashed = texts.continued(hashed, texts.letter(text, at))
    return hashed


_NINE: Final = ord("9")


def _describe_accounts(accounts: Array, table: pl.DataFrame) -> None:
    """Fill in the *accounts* of a *table* but for what is counted or read beside names."""
    for column in ("label", "bare"):
        texts.packed(table[column], into=accounts[column])
    accounts["domain"] = hashed(table["domain"])
    for place in range(_OTHERS):
        accounts["others"][:, place] = hashed(table["others"].list.get(place, null_on_oob=True))
    accounts["phone"] = table["phone"].fill_null(0)
    accounts["headcount"] = table["headcount"].fill_null(0).clip(0, 2**31 - 1)
    accounts["industry"], accounts["codes"], accounts["is_coded"] = _industries(table["industry"])
    accounts["sector"] = hashed(industries.sector(table["industry"]))
    accounts["suffix"] = _suffixes(table["domain"])
    accounts["country"] = _two_letters(table["country"].str.to_lowercase())
    for column in ("state", "city", "postcode", "outward", "street"):
        accounts[column] = hashed(table[column])


def _suffixes(domains: pl.Series) -> Array:
    """Return of each domain the country of its own suffix, or that it ends in ".com", as two letters; 0 for others."""
    end = domains.cast(pl.Binary).bin.slice(-4).bin.reinterpret(dtype=pl.UInt32, endianness="big")
    letters = end.fill_null(0).to_numpy()
    two = (letters & 0xFFFF).astype(np.uint16)
    two[two == _number("uk")] = _number("gb")  # a country's suffix is its code, but for the United Kingdom's
    two[letters >> 16 & 0xFF != _number(".")] = 0
    two[letters == _number(".com")] = _number("c!")
    return two


def _number(letters: str) -> int:
    """Return ASCII letters as one number."""
    return int.from_bytes(letters.encode(), "big")


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
    is_coded = codes.list.len() > 0
    distinct = distinct.with_columns(codes=pl.when(is_coded).then(codes).otherwise(as_text), is_coded=is_coded)
    hashes = np.zeros((distinct.height + 1, _CODES), dtype=np.uint32)
    for place in range(_CODES):
        hashes[:-1, place] = hashed(distinct["codes"].list.get(place, null_on_oob=True))
    at = pl.DataFrame({"text": values}).join(
        distinct.select("text").with_row_index("at"), on="text", how="left", maintain_order="left"
    )
    found = at["at"].fill_null(distinct.height).to_numpy()
    are_coded = np.append(distinct["is_coded"].to_numpy(), False)
    return hashes[found], (hashes > 0).sum(axis=1)[found], are_coded[found]


def _two_letters(values: pl.Series) -> Array:
    """Return texts of two ASCII letters as one number, 0 for all others."""
    text = pl.when(values.str.len_bytes() == 2).then(values)
    number = text.cast(pl.Binary).bin.reinterpret(dtype=pl.UInt16, endianness="big")
    return pl.select(number.fill_null(0)).to_series().to_numpy()
