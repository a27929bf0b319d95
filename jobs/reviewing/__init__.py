"""Doubtful pairs and the people who settle them: queue, session, workbook, verdicts that travel, precision."""
