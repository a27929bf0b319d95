"""Pairs of worlds that are equal in everything that a partner may see, and differ in all that it may not.

A seed gives a policy, the partner's list and the open companies, and says what must go out. Each world of a pair adds,
from a chance of its own, what stays here: hidden accounts and fields, ids, scores, reasons, owners, deals, other
partners, who is excluded or off limits, and the order of all rows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import polars as pl

from overlap.exclusions import Exclusion
from overlap.filter_rows import Rows
from overlap.model import Match, Opportunity, PartnerAccount, User
from overlap.sharing import Found, Level, Policy
from tests.overlap.frames import TODAY, frame, rated_accounts

GLOBEX, INITECH = "globex", "initech"
POPULATIONS = ("Customers", "Open Opportunities", "Prospects", "Other")
CRMS = ("sales", "marketing")
#: What is told of an account: from just these the worlds of a pair may be told apart, if the policy names them.
VALUES: dict[str, tuple[Any, ...]] = {
    "website": ("https://www.acme.com/", "birch.example", None),
    "phone": ("+49 30 1234", None),
    "city": ("Berlin", "Lyon", None),
    "country": ("Germany", "France", None),
    "industry": ("Mining", "=SUM(A1)", None),
    "headcount": (7, 1200, None),
}
SITES = {"https://www.acme.com/": "acme.com", "birch.example": "birch.example", None: None}
Row = dict[str, Any]


@dataclass
class Open:
    """A company that may go out: where both stand, and what each of our accounts of it says; their rows."""

    ours: str
    doubles: list[Row]
    rows: list[str]


@dataclass
class Script:
    """What both worlds of a pair have in common."""

    policy: Policy
    listed: list[Row]
    open: list[Open]

    def expected(self) -> list[set[tuple[Any, ...]]]:
        """What must go out, one of each: their row, and our fields, as one of our doubles says them."""
        told = [[tuple(said[name] for name in self.policy.fields) for said in one.doubles] for one in self.open]
        rows = [one.rows or [None] for one in self.open]
        return [{(row, *said) for said in many} for many, theirs in zip(told, rows, strict=True) for row in theirs]


def allowed(cells: dict[tuple[str, str], Level], ours: str, theirs: str | None) -> Level:
    """The level of a cell as the documentation says it, line by line."""
    if theirs is None:
        return Level.ALL if cells.get((ours, "*")) is Level.ALL else Level.HIDDEN
    if (ours, theirs) in cells:
        return cells[ours, theirs]
    near = [level for (one, other), level in cells.items() if (one, other) in ((ours, "*"), ("*", theirs))]
    return min(near) if near else cells.get(("*", "*"), Level.HIDDEN)


def script(seed: int) -> Script:
    chance = random.Random(f"script {seed}")
    cells = {
        (chance.choice((*POPULATIONS, "*")), chance.choice((*POPULATIONS, "*"))): chance.choice(
            (Level.HIDDEN, Level.OVERLAPPING, Level.OVERLAPPING)
        )
        for _ in range(chance.randint(3, 7))
    }
    if chance.random() < 0.3:
        ours = chance.choice(POPULATIONS)
        cells = {cell: level for cell, level in cells.items() if cell[0] not in (ours, "*") or level}
        cells[ours, "*"] = Level.ALL
    fields = [name for name in ("name", *VALUES, "population", "owner_name") if chance.random() < 0.5]
    if Level.ALL in cells.values():
        fields = list(dict.fromkeys(["name", *fields]))
    policy = Policy(cells, tuple(fields), Exclusion("never", ids=("never-1", "never-2"), domains=("never.example",)))
    listed = [listed_row(chance, number) for number in range(chance.randint(5, 10))]
    free = [row["id"] for row in listed]
    chance.shuffle(free)
    found = []
    for number in range(chance.randint(2, 7)):
        rows = [free.pop() for _ in range(min(len(free), chance.choice((0, 1, 1, 1, 1, 2))))]
        stand = [row["population"] for row in listed if row["id"] in rows]
        theirs = min(stand, key=POPULATIONS.index) if stand else None
        able = [ours for ours in POPULATIONS if allowed(cells, ours, theirs)]
        if able:
            ours = chance.choice(able)
            doubles = [open_values(chance, number, ours) for _ in range(chance.choice((1, 1, 2)))]
            found.append(Open(ours, doubles, rows))
        else:
            free += rows
    return Script(policy, listed, found)


def open_values(chance: random.Random, number: int, ours: str) -> Row:
    said: Row = {name: chance.choice(choices) for name, choices in VALUES.items()}
    said |= {"name": f"{chance.choice(('Öpen', '-Pen', 'Opal'))} {number}", "population": ours}
    return said | {"owner_name": chance.choice(("Ada", "=Bob"))}


def listed_row(chance: random.Random, number: int) -> Row:
    said = {name: chance.choice(VALUES[name]) for name in ("website", "city", "country", "industry")}
    return said | {
        "id": f"G{number}",
        "name": chance.choice((f"Öpen {number}", f"@Row {number}")),
        "population": chance.choice(POPULATIONS),
    }


def world(shared: Script, seed: int) -> Found:
    """One world of *shared*; whatever *seed* decides must stay here."""
    return _World(shared, random.Random(f"world {seed}")).found()


class _World:
    def __init__(self, shared: Script, chance: random.Random) -> None:
        self.shared, self.chance = shared, chance
        self.accounts: list[Row] = []
        self.deals: list[Row] = []
        self.companies: list[Row] = []
        self.pairs: list[Row] = []
        self.gone: list[Row] = []
        self.users = {name: {"id": self.name(), "name": name, "email": f"{self.name()}@x"} for name in ("Ada", "=Bob")}
        self.their_cell = {row["id"]: row["population"] for row in shared.listed}

    def found(self) -> Found:
        for one in self.shared.open:
            self.add_open(one)
        taken = {row for one in self.shared.open for row in one.rows}
        free = [row["id"] for row in self.shared.listed if row["id"] not in taken]
        for _ in range(self.chance.randint(0, 6)):
            self.add_hidden(free)
        others = [{"partner": INITECH, "id": f"G{n}", "name": self.name()} for n in range(self.chance.randint(0, 3))]
        for row in others:
            if self.companies and self.chance.random() < 0.7:
                self.pair(self.chance.choice(self.companies), row["id"], partner=INITECH)
        everything = (self.accounts, self.deals, self.companies, self.pairs, self.gone)
        for rows in everything:
            self.chance.shuffle(rows)
        theirs = [*self.shared.listed, *others]
        self.chance.shuffle(theirs)
        return self.frames(theirs)

    def frames(self, theirs: list[Row]) -> Found:
        accounts = rated_accounts(*self.accounts)
        rows = frame(PartnerAccount, *theirs)
        known = {"crm": pl.String, "id": pl.String, "company": pl.String, "speaks": pl.Boolean}
        gone = pl.DataFrame(self.gone, schema={"crm": pl.String, "id": pl.String, "plain": pl.String}, orient="row")
        users = [{"crm": crm, **user} for user in self.users.values() for crm in CRMS]
        return Found(
            rows=Rows(accounts, frame(Opportunity, *self.deals), TODAY),
            accounts=accounts.select("crm", "id", plain="name", domains=domains(accounts)),
            companies=pl.DataFrame(self.companies, schema=known, orient="row"),
            matches=frame(Match, *self.pairs),
            theirs=rows.with_columns(plain=pl.col("name"), domains=domains(rows)),
            users=frame(User, *users),
            gone=gone.with_columns(domains=pl.lit([], pl.List(pl.String))),
            gone_rows=pl.DataFrame(schema={"partner": pl.String, "id": pl.String}),
        )

    def add_open(self, one: Open) -> None:
        company, crms = self.name(), self.crms()
        for said in one.doubles:
            values = said | {name: self.chance.choice(VALUES[name]) for name in self.unseen()}
            told = self.account(company, crms[0], one.ours, values, speaks=True)
            for row in one.rows if said is one.doubles[0] or self.chance.random() < 0.5 else ():
                self.pair(told, row)
            if self.chance.random() < 0.3:
                deal = {"id": self.name(), "crm": told["crm"], "account_id": told["id"], "engagement": "Open"}
                self.deals.append(deal)
        for crm in crms[1:]:
            other = self.account(company, crm, one.ours, self.values(), speaks=False)
            for row in one.rows if self.chance.random() < 0.5 else ():
                self.pair(other, row)
        if self.chance.random() < 0.3 and one.ours != "Other":
            farther = self.chance.choice(POPULATIONS[POPULATIONS.index(one.ours) + 1 :])
            self.account(company, crms[0], farther, {"name": f"hidden double {self.name()}"}, speaks=True)

    def add_hidden(self, free: list[str]) -> None:
        """A company that may not go out, for one reason or several."""
        company, crms, ours = self.name(), self.crms(), self.chance.choice(POPULATIONS)
        rows = self.chance.sample(free, min(len(free), self.chance.randint(0, 2)))
        for row in rows:
            free.remove(row)
        theirs = min((self.their_cell[row] for row in rows), key=POPULATIONS.index, default=None)
        level = allowed(dict(self.shared.policy.cells), ours, theirs)
        why = self.chance.choice(("off limits", "deal", "never id", "never site", "gone", "gone name"))
        if not level and self.chance.random() < 0.6:
            why = "hidden"
        if rows and not allowed(dict(self.shared.policy.cells), ours, None) and self.chance.random() < 0.3:
            why = "no match"
        told = [self.account(company, crm, ours, self.values(), speaks=crm == crms[0]) for crm in crms]
        marked = self.chance.choice(told)
        if why == "off limits":
            marked["engagement"] = "Off limits"
        elif why == "deal":
            deal = {"id": self.name(), "crm": marked["crm"], "account_id": marked["id"], "engagement": "Off limits"}
            self.deals.append(deal)
        elif why == "never id":
            self.rename(marked, self.chance.choice(("never-1", "never-2")))
        elif why == "never site":
            marked["website"] = "never.example"
        elif why == "gone":
            other = self.account(company, "marketing", ours, self.values(), speaks=False)
            self.accounts.remove(other)
            self.gone.append({"crm": other["crm"], "id": other["id"], "plain": self.name()})
        elif why == "gone name":
            self.gone.append({"crm": "sales", "id": self.name(), "plain": marked["name"]})
        for row in rows:
            weak = self.chance.choice(({"decision": "review"}, {"relation": "Sibling"}, {"decision": "no match"}))
            self.pair(self.chance.choice(told), row, **(weak if why == "no match" else {}))

    def account(self, company: str, crm: str, population: str, values: Row, speaks: bool) -> Row:
        owner = self.users.get(values.get("owner_name", ""), self.chance.choice([*self.users.values()]))
        said = {name: value for name, value in values.items() if name in (*VALUES, "name")}
        row = {"crm": crm, "id": self.name(), "name": self.name(), "population": population, "owner_id": owner["id"]}
        row |= {"engagement": self.chance.choice((None, "Open", "Ask me first")), "icp_fit": self.chance.randint(0, 99)}
        self.accounts.append(row | said | {"revenue": self.chance.random()})
        self.companies.append({"crm": crm, "id": row["id"], "company": company, "speaks": speaks})
        return self.accounts[-1]

    def pair(self, account: Row, row: str, **more: Any) -> None:
        told = {"probability": self.chance.random(), "reasons": self.name(), "evidence": self.name()}
        self.pairs.append(
            {"partner": GLOBEX, "crm": account["crm"], "ours_id": account["id"], "theirs_id": row} | told | more
        )

    def rename(self, account: Row, key: str) -> None:
        known = next(one for one in self.companies if (one["crm"], one["id"]) == (account["crm"], account["id"]))
        known["id"] = account["id"] = key

    def unseen(self) -> list[str]:
        return [name for name in VALUES if name not in self.shared.policy.fields]

    def values(self) -> Row:
        return {name: self.chance.choice(choices) for name, choices in VALUES.items()}

    def crms(self) -> list[str]:
        return self.chance.choice([["sales"], ["marketing"], ["sales", "marketing"]])

    def name(self) -> str:
        return f"{self.chance.getrandbits(40):010x}"


def domains(rows: pl.DataFrame) -> pl.Expr:
    del rows
    site = pl.col("website").replace(SITES)
    return pl.when(site.is_null()).then(pl.lit([], pl.List(pl.String))).otherwise(pl.concat_list(site))
