"""Stand-in CRMs for the demo, dry runs and tests: strict ones, that reject what the real ones reject."""
