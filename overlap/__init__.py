"""Words and rules of account mapping. Pure: nothing here reads a file, calls a CRM or knows the time."""
