"""Every odd file through real children with real limits, and five good ones cut at every byte."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from config.lists import ListsSettings
from config.partners import PartnerSettings
from connectors.files.guarded import Reader
from connectors.files.source import ListRead
from overlap.errors import GuardError
from tests.connectors.files.odd_files import OddFile, Outcome, odd_files, small_files

LIMITS = ListsSettings(memory_mb=700, cpu_s=60, wall_s=60, file_mb=50)
GLOBEX = PartnerSettings(name="Globex", files="lists/*")


def became(reader: Reader, path: Path) -> ListRead | str:
    """What was read, or why the list is held; anything else is a defect."""
    try:
        found = reader.read_list(path, "globex", GLOBEX)
    except GuardError as error:
        return str(error)
    assert found.rows_in == found.rows.height + found.quarantine.height + found.duplicates
    return found


def mistaken(file: OddFile, found: ListRead | str) -> str | None:
    """Say in what *found* is not what must become of *file*."""
    expected = file.outcome
    if expected is None or (isinstance(found, str) and expected.held and re.search(expected.held, found)):
        return None
    if isinstance(found, str):
        return f"{file.name}: {expected} but {found}"
    counted = Outcome(found.rows.height, found.quarantine.height, found.duplicates)
    return None if counted == expected else f"{file.name}: {expected} but {counted}"


def peak_mb(reader: Reader) -> int:
    status = Path(f"/proc/{reader.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) // 1_000  # type: ignore[index]


def test_each_odd_file_becomes_what_is_written_beside_it(tmp_path: Path) -> None:
    files = odd_files()
    assert len(files) >= 400
    wrong = []
    with Reader(LIMITS) as reader:
        for file in files:
            path = tmp_path / file.name
            path.write_bytes(file.content)
            wrong.append(mistaken(file, became(reader, path)))
            path.unlink()
            if sys.platform == "linux" and reader.pid:
                assert peak_mb(reader) <= LIMITS.memory_mb + 200, file.name  # of libraries, which are not counted
    assert "\n".join(one for one in wrong if one) == ""


def test_a_list_cut_at_any_byte_is_held_or_loses_only_its_end(tmp_path: Path) -> None:
    with Reader(LIMITS) as reader:
        for name, content in small_files().items():
            path = tmp_path / name
            path.write_bytes(content)
            whole = became(reader, path)
            assert isinstance(whole, ListRead)
            ids = whole.rows["id"].to_list()
            for length in range(len(content)):
                path.write_bytes(content[:length])
                found = became(reader, path)
                if isinstance(found, ListRead):
                    read = found.rows["id"].to_list()
                    other = [one for one in read if one not in ids]
                    kept = len(read) - len(other)
                    assert (len(other) <= 1, sorted({*read} - {*other})) == (True, ids[:kept]), (name, length)
                    # A last row that is another one than it was is pointed out.
                    assert found.notes or not other, (name, length)
                    assert name.endswith("sv"), (name, length)
