"""Who may change a workspace, for people: look, and take it over from a process that does not go on."""
