"""Make names, websites and places comparable. Normalised values are for comparing: people are shown the original."""
