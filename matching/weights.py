"""The weights in force where nobody chose others: the shipped table, ``models/default.toml``, for the same company.

The names of `matching.model` that go with them are here too.
"""

from __future__ import annotations

from typing import Final

from matching.model import Ladder, Level, Model, Models
from matching.model_file import load, shipped

#: Weights by hand, checked against lists with known truth. Change them by measuring, never for one pair.
DEFAULT: Final = shipped()[0].for_mode("same")

__all__ = ["DEFAULT", "Ladder", "Level", "Model", "Models", "load"]
