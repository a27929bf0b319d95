"""Files: partners' lists, and any two tables for a match by hand. Read only; nothing here writes to a list."""
