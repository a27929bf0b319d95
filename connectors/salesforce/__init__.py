"""Salesforce: read accounts and opportunities, write the records and fields of `overlap.fields`."""
