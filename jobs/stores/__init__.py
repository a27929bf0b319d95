"""The stores of a workspace: ledger (what happened), warehouse (what the CRM said), snapshots (what a run found)."""
