"""Where a person reads on in the CRM."""

from __future__ import annotations

from config.salesforce import SalesforceSettings
from jobs.context import Context


def to_account(context: Context, crm: str, account_id: str) -> str | None:
    """Return the page of one of our accounts; None where nobody knows where it is."""
    settings = context.workspace.settings.crm.get(crm)
    if isinstance(settings, SalesforceSettings):
        return f"{settings.login_url}/{account_id}"
    portal = context.ledger.pinned(f"org:{crm}")
    return f"https://app.hubspot.com/contacts/{portal}/record/0-2/{account_id}" if settings and portal else None


def to_more(context: Context, crm: str) -> str | None:
    """Return the page of all overlaps in *crm*."""
    settings = context.workspace.settings.crm.get(crm)
    if isinstance(settings, SalesforceSettings):
        return f"{settings.login_url}/lightning/o/Partner_Overlap__c/list"
    portal = context.ledger.pinned(f"org:{crm}")
    return f"https://app.hubspot.com/contacts/{portal}/objects/0-2" if settings and portal else None
