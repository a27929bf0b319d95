from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter

from config.partners import PartnerSettings


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write text (as UTF-8, line ends as they are) or bytes to a file and return its path."""

    def write(content: str | bytes, name: str = "list.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def save_workbook(tmp_path: Path) -> Callable[..., Path]:
    """Write rows of Python values to the first sheet of a workbook and return its path."""

    def write(rows: Sequence[Sequence[object]], name: str = "list.xlsx", start: tuple[int, int] = (0, 0)) -> Path:
        path = tmp_path / name
        with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as workbook:
            sheet = workbook.add_worksheet("Accounts")
            for at, row in enumerate(rows):
                sheet.write_row(start[0] + at, start[1], row)
        return path

    return write


@pytest.fixture
def partner() -> Callable[..., PartnerSettings]:
    def settings(**given: object) -> PartnerSettings:
        return PartnerSettings.model_validate({"name": "Globex", "files": "lists/*.csv", **given})

    return settings
