from __future__ import annotations

import polars as pl
import pytest

from connectors.files.mapping import understand
from connectors.files.reader import ROW_NUMBER, Table
from connectors.files.reading import Known, Memory, Reading, remembered
from overlap.errors import ConfigError

SITES = ["acme.de", "globex.com", "hooli.com"]
NAMES = ["Acme GmbH", "Globex Inc.", "Hooli Ltd"]
NUMBERS = ["1", "2", "3"]


def table(**columns: list[str]) -> Table:
    names = {name.replace("_", " "): cells for name, cells in columns.items()}
    rows = pl.DataFrame({ROW_NUMBER: [2, 3, 4], **names})
    return Table(rows, pl.DataFrame(), 3, "utf-8")


def read(made: Table, memory: Memory | None = None, **settings: str) -> Reading:
    return understand(made, Known(settings=settings, memory=memory or Memory()))


def whys(reading: Reading) -> dict[str, str | None]:
    return {one.column: one.why for one in reading.headings if one.column}


def test_a_heading_that_says_nothing_is_read_by_what_is_in_it_and_that_is_said() -> None:
    found = read(table(Feld1=NAMES, Feld2=SITES))
    assert found.columns == {"name": "Feld1", "website": "Feld2"}
    assert whys(found) == {"name": "content", "website": "content"}
    assert "'Feld2' is read as website for what is in it" in found.notes
    assert found.headings[0].samples == tuple(NAMES)


def test_content_never_overrides_a_heading_that_is_known() -> None:
    assert read(table(Company=NAMES, Notes=SITES)).columns == {"name": "Company"}
    assert read(table(Company=["Acme", "Globex", "Hooli"], Feld=NAMES)).columns == {"name": "Company"}


def test_content_says_nothing_of_columns_that_speak_of_somebody_else() -> None:
    made = table(Company=NAMES, Parent_Web=SITES, LinkedIn_page=SITES, Your_status=["Customer", "Prospect", "Customer"])
    assert read(made).columns == {"name": "Company"}


def test_of_two_columns_that_look_alike_none_is_read_and_that_is_said() -> None:
    found = read(table(Company=NAMES, Feld1=SITES, Feld2=SITES))
    assert found.columns == {"name": "Company"}
    assert found.notes == (
        "'Feld1' and 'Feld2' look like website, so none is read as it; name one in the setting 'headings'",
    )


def test_a_known_heading_whose_cells_are_plainly_something_else_stands_for_nothing() -> None:
    found = read(table(Company=NAMES, Website=NUMBERS))
    assert found.columns == {"name": "Company"}
    assert found.notes == ("'Website' holds numbers: it is not read as website",)
    assert read(table(Company=NAMES, Website=NUMBERS, URL=SITES)).columns["website"] == "URL"
    assert read(table(Company=NAMES, Website=NUMBERS), website="Website").columns["website"] == "Website"


def test_names_that_are_numbers_are_names_where_nothing_else_is() -> None:
    assert read(table(Company=NUMBERS, Feld=NAMES)).columns == {"name": "Feld"}
    found = read(table(Company=NUMBERS, City=["Ulm", "Bonn", "Köln"]))
    assert found.columns["name"] == "Company"
    assert found.notes == ("'Company' is read as name although it holds numbers",)


def test_settings_come_before_corrections_before_memory_before_aliases() -> None:
    made = table(Company=NAMES, Firma=NAMES, Konto=NAMES, Kunde=NAMES)
    memory = Memory(headings=("Konto",), taken={"name": "Konto"}, why={"name": "content"}, corrected={"name": "Firma"})
    assert read(made).columns["name"] == "Company"
    assert whys(read(made, Memory(taken={"name": "Konto"}, why={"name": "alias"})))["name"] == "remembered"
    assert read(made, memory).columns["name"] == "Firma"
    assert read(made, memory, name="Kunde").columns["name"] == "Kunde"
    with pytest.raises(ConfigError, match="did you mean 'Kunde'"):
        read(made, memory, name="Kund")


def test_an_ignored_heading_is_never_read() -> None:
    made = table(Company=NAMES, Domain=SITES, Feld=SITES)
    assert read(made, Memory(ignored=("domain",))).columns == {"name": "Company", "website": "Feld"}
    assert read(made, Memory(ignored=("Domain", "Feld"))).columns == {"name": "Company"}
    assert read(made, Memory(corrected={"website": ""})).columns == {"name": "Company"}


def accepted(made: Table, before: Memory | None = None) -> Memory:
    return remembered(before or Memory(), read(made, before))


BEFORE = table(Company=NAMES, Domain=SITES, Feld=["DE", "FR", "US"])
DIFFERENT = [  # the next list, in what it does not fit
    (table(Company=NAMES, Domain=SITES, Feld=["DE", "FR", "US"]), ()),
    (table(feld=["DE", "US", "US"], COMPANY=NAMES, domain=SITES), ()),  # order and spelling do not matter
    (table(Company=NAMES, Web=SITES, Feld=["DE", "FR", "US"]), ("website was read from 'Domain', which is gone; 'Web' "
     "would be read instead",)),
    (table(Company=NAMES, Feld=["DE", "FR", "US"]), ("website was read from 'Domain', which is gone",)),
    (table(Domain=SITES, Feld=["DE", "FR", "US"]), ("name was read from 'Company', which is gone",)),
    (table(Company=NAMES, Domain=SITES, Feld=SITES, Land=["DE", "FR", "US"]), ("country was read from 'Feld', which "
     "holds something else now; 'Land' would be read instead",)),
    (table(Company=NAMES, Domain=NUMBERS, Feld=["DE", "FR", "US"]), ("website was read from 'Domain', which holds "
     "something else now",)),
]  # fmt: skip


@pytest.mark.parametrize(("made", "differences"), DIFFERENT)
def test_a_list_that_does_not_fit_what_is_remembered_says_where(made: Table, differences: tuple[str, ...]) -> None:
    assert read(made, accepted(BEFORE)).differences == differences


def test_a_better_heading_that_is_new_changes_nothing_by_itself_and_is_told() -> None:
    memory = accepted(table(Company=NAMES, Webseite=SITES))
    found = read(
        table(Company=NAMES, Webseite=SITES, Domain=SITES, Color=NUMBERS, City=["Ulm", "Bonn", "Köln"]), memory
    )
    assert found.columns["website"] == "Webseite"
    assert found.differences == ()
    assert found.notes == (
        "the heading 'City' is new and is read as city",
        "new headings that are not used: 'Domain', 'Color'",
    )


def test_what_was_accepted_all_the_same_is_what_is_remembered() -> None:
    renamed = table(Company=NAMES, Web=SITES)
    now = accepted(renamed, accepted(BEFORE))
    assert now.taken == {"name": "Company", "website": "Web"}
    assert read(renamed, now).differences == ()


def test_a_correction_holds_until_its_heading_is_gone_and_then_is_a_difference() -> None:
    memory = Memory(corrected={"name": "Konto"})
    kept = accepted(table(Konto=NAMES, Company=NAMES), memory)
    assert kept.corrected == {"name": "Konto"}
    without = table(Company=NAMES)
    said = "name was read from 'Konto', which is gone; 'Company' would be read instead"
    assert read(without, kept).differences == (said,)
    assert accepted(without, kept).corrected == {}


def test_what_the_settings_say_is_not_remembered() -> None:
    made = table(Company=NAMES, Konto=NAMES)
    kept = remembered(Memory(), read(made, name="Konto"))
    assert "name" not in kept.taken
    assert read(made, kept).columns["name"] == "Company"
