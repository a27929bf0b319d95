"""Looking after a workspace: what is well, what is set, backups and what comes back of them, the audit."""
