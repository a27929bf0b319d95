"""Labels of associations that stand for confirmed influence, in a CRM that has no records of it.

People put them on a deal's link to the partner's own company; nobody else does. What comes of it is what a confirmed
record of influence would say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from overlap.keys import external_key

SOURCED: Final = "Sourced by"
#: Label to the type of influence that it confirms; who sourced a deal needs no other type.
LABELS: Final[Mapping[str, str | None]] = {
    SOURCED: None,
    "Endorsed by": "Endorsement",
    "Integration required": "Integration requirement",
    "Active in sale": "Active in sale",
}


def confirmed_by_labels(
    opportunity_partners: pl.DataFrame, own_accounts: Mapping[str, str], workspace_id: str
) -> pl.DataFrame:
    """Return partner (the key of its record), sourced and opportunity_id, one row per deal and partner with a label.

    *opportunity_partners* are those of one CRM, *own_accounts* says by partner which of its accounts is the partner's.
    """
    keys = pl.DataFrame(
        [(account, external_key(workspace_id, partner, "", "partner")) for partner, account in own_accounts.items()],
        schema={"account_id": pl.String, "partner": pl.String},
        orient="row",
    )
    labelled = opportunity_partners.filter(pl.col("role").is_in(list(LABELS)))
    return (
        labelled.join(keys, on="account_id")
        .group_by("opportunity_id", "partner")
        .agg(sourced=(pl.col("role") == SOURCED).any())
        .select("partner", "sourced", "opportunity_id")
        .sort("opportunity_id", "partner")
    )
