"""Normalised accounts at random, such that every level of every comparison is reached again and again.

Accounts of both sides descend from a few companies: words are added, left out, cut off, misspelt; websites, places and
the rest are kept, lost or changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import polars as pl

from matching.accounts import Tables
from matching.comparisons import compare
from matching.decide import priors
from matching.features import featurise
from matching.model import Model
from matching.normalize.names import BESIDE
from matching.statistics import Statistics, measure

Account = dict[str, Any]
RARE = [
    *("kestridge", "halvorsen", "zanthopolis", "brixley", "corvane", "palloway"),
    *("dunmorrow", "velmorant", "tannerfield", "quantrell", "ostermann", "fenwright"),
    *("aldermoor", "sorrelby", "tamsin", "grindlow", "ravensholm", "ullathorne"),
    *("medlicott", "wexcombe", "pemberlake", "loomcraft", "crohnologist", "marrow"),
    *("finchley", "bellwether", "hendrick", "valvewerk", "elysiana", "crystallord"),
    *("thistlemoor", "ashcombe", "riverton", "veltrona", "yamaguchi", "zurbriggen"),
]
SHORT = ["kvx", "zor", "acme", "brix", "uno"]
FREQUENT = ["valentina", "cooper", "hanover", "lexington"]
COMMON = ["apollo", "harbor", "meteor"]
GENERIC = ["bank", "capital", "group", "system", "health", "energy", "international", "services"]
UNITS = ["uk", "germany", "emea", "america", "digital", "france"]
OTHER = ["a", "7", "12", "2020", "donaudampfschifffahrt", "bz"]
#: What a website is made of.
SITE = ("domain", "others", "label", "bare")
COUNTRIES = ["US", "GB", "DE", None]
SIDES = [("o", "sf"), ("o", "hub"), ("t", "globex"), ("t", "initech")]


@dataclass(frozen=True)
class World:
    """*accounts* are those that are compared, all of ours with all of theirs; *others* are only counted."""

    accounts: list[Account]
    others: list[Account]

    @property
    def everyone(self) -> list[Account]:
        return ours_first(self.accounts + self.others)


def ours_first(accounts: list[Account]) -> list[Account]:
    return sorted(accounts, key=lambda account: account["side"])


def world(seed: int, companies: int = 5, kin: int = 4) -> World:
    """Return *companies* with *kin* accounts on each side."""
    random = Random(seed)
    ancestors = [ancestor(random) for _ in range(companies)]
    accounts = []
    for one in ancestors:
        for number in range(2 * kin):
            side, book = SIDES[number % 4]
            accounts.append(descendant(one, random) | {"side": side, "book": book})
    others = [bystander(random) for _ in range(300)]
    for one in ancestors:  # some companies' websites are a whole group's
        for _ in range(random.choice([0, 4, 4])):
            others.append(bystander(random) | {key: one[key] for key in SITE})
    named = [account | {"id": f"{number:03d}"} for number, account in enumerate(accounts + others)]
    return World(ours_first(named[: len(accounts)]), named[len(accounts) :])


def ancestor(random: Random) -> Account:
    words = random.sample(RARE, random.choice([1, 1, 2])) if random.random() < 0.7 else []
    words += random.sample(SHORT + FREQUENT + COMMON + OTHER, random.choice([0, 0, 1]))
    words += random.sample(GENERIC, random.choice([0, 0, 1, 2, 4]))
    if random.random() < 0.2:
        random.shuffle(words)
    if random.random() < 0.2:
        words.append(random.choice(FREQUENT))
    country = random.choice(COUNTRIES)
    return website(words or ["uno"], words or ["uno"], random) | {
        "names": [name_of(words or ["uno"], random)],
        "phone": random.choice([None, random.randrange(10**8, 10**9)]),
        "country": country,
        "state": random.choice([None, "ca", "ny"]),
        "city": random.choice([None, "boston", "leeds", "bonn"]),
        "postcode": random.choice([None, "ls12ab", "ls13cd"]),
        "street": random.choice([None, "1 high street"]),
        "industry": random.choice(
            [None, "Banking", "Finance", "Software", "6419", "6419; 6420", "7022, 7010, 6910, 6820"]
        ),
        "headcount": random.choice([None, 5, 80, 400, 450, 900, 5000]),
    }


def name_of(words: list[str], random: Random) -> tuple[str, str, str, str]:
    native = random.choice([*[""] * 18, "ромашка", "рамашка"])
    return " ".join(words), "".join(words), random.choice(["", "", "ltd", "gmbh"]), native


def descendant(parent: Account, random: Random) -> Account:
    core, _, form, native = parent["names"][0]
    words = core.split(" ")
    changed = varied(words, random) if random.random() < 0.65 else words
    names = [(" ".join(changed), "".join(changed), random.choice([form, form, "", "ag"]), native)]
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        beside = random.choice([words, varied(words, random), [random.choice(SHORT + RARE)]])
        if " ".join(beside) not in {core for core, *_ in names}:
            names.append(name_of(beside, random))
    fields = {key: parent[key] for key in ("phone", "country", "state", "city", "postcode", "street")}
    fields |= {key: parent[key] for key in ("industry", "headcount")}
    for key, value in ancestor(random).items():
        if key in fields and random.random() < 0.25:
            fields[key] = value
    fields["outward"] = fields["postcode"][:3] if fields["postcode"] and fields["country"] == "GB" else None
    if fields["outward"] and random.random() < 0.3:
        fields["postcode"] = random.choice(["ls14ef", None])
    sites = SITE
    own = {key: parent[key] for key in sites} if random.random() < 0.4 else website(words, changed, random)
    if own["domain"] and random.random() < 0.15:  # at home in another country
        own = own | {"domain": f"{own['label']}.{random.choice(['com', 'de', 'io'])}"}
    return {"names": names} | fields | own


def varied(words: list[str], random: Random) -> list[str]:
    """Return other words for the same company, or for one of its kin; never none."""
    for _ in range(random.choice([1, 1, 2])):
        words = random.choice(CHANGES)(list(words), random)
    return words


def with_word(words: list[str], random: Random) -> list[str]:
    words.insert(random.randrange(len(words) + 1), random.choice([*GENERIC, *UNITS, *RARE, *OTHER, *FREQUENT]))
    return words


def with_description(words: list[str], random: Random) -> list[str]:
    return [*words, random.choice(GENERIC)]


def with_region(words: list[str], random: Random) -> list[str]:
    return [*words, random.choice(UNITS)]


def without_word(words: list[str], random: Random) -> list[str]:
    words.pop(random.randrange(len(words)))
    return words or ["uno"]


def with_other_end(words: list[str], random: Random) -> list[str]:
    return [*words[:-1], random.choice([*FREQUENT, *GENERIC, random.choice(RARE)])]


def cut_off(words: list[str], random: Random) -> list[str]:
    at = random.randrange(len(words))
    words[at] = words[at][: random.randrange(1, len(words[at]) + 1)]
    return words


def without_letters(words: list[str], random: Random) -> list[str]:
    at = random.randrange(len(words))
    words[at] = words[at][0] + "".join(letter for letter in words[at][1:] if random.random() < 0.5)
    return words


def misspelt_word(words: list[str], random: Random) -> list[str]:
    at = random.randrange(len(words))
    words[at] = misspelt(words[at], random) if len(words[at]) > 3 else words[at]
    return words


def in_other_order(words: list[str], random: Random) -> list[str]:
    return random.sample(words, len(words))


def run_together(words: list[str], random: Random) -> list[str]:
    return ["".join(words)[: random.randrange(9, 24)]]


def by_initials(words: list[str], _: Random) -> list[str]:
    return ["".join(word[0] for word in words)]


CHANGES = (
    *(with_word, with_word, with_description, with_region, with_region, without_word, with_other_end, cut_off),
    *(without_letters, misspelt_word, with_other_end, misspelt_word, in_other_order, run_together, by_initials),
)


def misspelt(word: str, random: Random) -> str:
    at = random.randrange(len(word) - 1)
    letter = random.choice("aeintr")
    return random.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def website(words: list[str], own: list[str], random: Random) -> Account:
    brand = [word for word in own if word not in GENERIC]
    bare = "".join(
        random.choice([words, words, own, own, brand, brand, words[:1], [random.choice(RARE)], ["bigholding"]])
    )
    if random.random() < 0.1:
        bare = "".join(word[0] for word in words)
    if random.random() < 0.35 or len(bare) < 2:
        return {"domain": None, "others": None, "label": None, "bare": None}
    label = random.choice([bare, bare, bare, bare + "hq", "get" + bare, bare + "online"])
    kept = bare if label.removesuffix("hq").removeprefix("get") == bare and len(bare) >= 4 else label
    others = random.choice([None, None, None, ["old-site.com"], ["a.de", "velmora.io", "third-is-not-compared.com"]])
    return {
        "others": others,
        "domain": f"{label}.{random.choice(['com', 'com', 'com', 'co.uk', 'de', 'io'])}",
        "label": label,
        "bare": kept,
    }


def bystander(random: Random) -> Account:
    """Return an account that makes some words frequent, some names homonyms, some websites shared."""
    words = random.sample(FREQUENT, random.choice([1, 2, 3])) + random.sample(GENERIC, random.choice([0, 1]))
    if random.random() < 0.1:
        words = [random.choice(RARE)]
    side, book = random.choice(SIDES)
    return (
        ancestor(random)
        | website(words, words, random)
        | {"side": side, "book": book, "outward": None}
        | {"names": [name_of(words, random)] if random.random() < 0.95 else []}
    )


def tables(accounts: list[Account]) -> Tables:
    """Return *accounts* (ours first) as the engine's normalisers would."""
    text = ("side", "book", "id", "domain", "label", "bare", "country", "state", "city")
    schema: Any = dict.fromkeys((*text, "postcode", "outward", "street", "industry"), pl.String)
    schema |= {"phone": pl.UInt64, "headcount": pl.Int64, "others": pl.List(pl.String)}
    names = [
        (row, variant_of(at), *name) for row, account in enumerate(accounts) for at, name in enumerate(account["names"])
    ]
    types: Any = {"row": pl.UInt32, "variant": pl.Int64, "core": pl.String, "squeezed": pl.String}
    types |= {"form": pl.String, "native": pl.String}
    found = pl.DataFrame([{key: one[key] for key in schema} for one in accounts], schema=schema)
    return Tables(found, pl.DataFrame(names, schema=types, orient="row"))


def variant_of(at: int) -> int:
    """The second of an account's names is said to be its, those behind it only stand beside it."""
    return at if at < 2 else BESIDE + at


def levels(
    accounts: list[Account], model: Model, counted: Statistics | None = None, least_bits: float = -np.inf
) -> pl.DataFrame:
    """Return what the engine finds of all pairs of *accounts* (ours first), before their rivals are looked at."""
    ours = sum(account["side"] == "o" for account in accounts)
    rows = np.arange(len(accounts))
    o, t = np.repeat(rows[:ours], len(accounts) - ours), np.tile(rows[ours:], ours)
    return compared(accounts, o, t, model, counted or measure(tables(accounts)), least_bits)


def beside(pairs: list[tuple[Account, Account]], model: Model, counted: Statistics) -> pl.DataFrame:
    """Return what the engine finds of just these *pairs* (ours, theirs), in their order."""
    rows = np.arange(len(pairs))
    accounts = [ours for ours, _ in pairs] + [theirs for _, theirs in pairs]
    return compared(accounts, rows, rows + len(pairs), model, counted)


def compared(
    accounts: list[Account], o: Any, t: Any, model: Model, counted: Statistics, least_bits: float = -np.inf
) -> pl.DataFrame:
    """Return the levels of the pairs of rows (``o[i]``, ``t[i]``) with their ids and prior."""
    read = tables(accounts)
    found = compare(featurise(read, counted), o, t, model, least_bits)
    mine, theirs = read.accounts[found["o"]], read.accounts[found["t"]]
    found = found.with_columns(
        crm=mine["book"], ours_id=mine["id"], partner=theirs["book"], theirs_id=theirs["id"]
    ).join(priors(counted.shares, model), on=["crm", "partner"], how="left", maintain_order="left")
    return found.with_columns(weight=pl.col("weight") + pl.col("prior"))
