"""What a verdict knows a company by."""

from __future__ import annotations

import polars as pl

from jobs.finding.identity import identified


def test_what_is_no_name_to_a_matcher_is_one_to_a_verdict():
    said = {"crm": ["s"] * 2, "id": ["1", "2"], "name": ["Test", "Acme GmbH"], "website": [None, "acme.com"]}
    rows = identified(pl.DataFrame(said | {"country": [None, "Germany"]}), "crm")
    assert rows["name"].to_list() == ["test", "acme"]
    assert rows["domain"].to_list() == [None, "acme.com"]
