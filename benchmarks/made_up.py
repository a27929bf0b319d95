"""Made-up companies, as many as one likes, each with a name and a website of its own, and a workspace for them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from config.workspace import init

_CONSONANTS, _VOWELS = "bdfgklmnprst", "aeiou"
COUNTRY: Final = "France"


def name(number: int) -> str:
    """Return a made-up name of four syllables, another one for each number."""
    letters = []
    for among in (_CONSONANTS, _VOWELS) * 4:
        number, place = divmod(number, len(among))
        letters.append(among[place])
    return "".join(letters)


def domain(number: int) -> str:
    """Return the domain of the company with that number."""
    return f"{name(number)}.com"


def workspace(folder: Path, crm: Mapping[str, str], secrets: Mapping[str, str], listed: range) -> None:
    """Make a workspace with one connection, the settings *crm*, and a partner whose list has the companies *listed*.

    *secrets* become files of these names.
    """
    path = init(folder)
    for key, secret in secrets.items():
        (folder / key).write_text(secret, encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.writelines([f"\n[crm.{crm['type']}]\n", *(f"{key} = {json.dumps(value)}\n" for key, value in crm.items())])
        file.write('\n[partners.globex]\nname = "Globex"\nfiles = "inbox/globex*"\n')
    with (folder / "inbox" / f"globex-{date.today()}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Account ID", "Account Name", "Website", "Country"])
        writer.writerows([f"X-{one}", name(one).title(), f"www.{domain(one)}", COUNTRY] for one in listed)
