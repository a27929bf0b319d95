"""What people get without asking: digests, alerts, and a brief for a meeting."""
