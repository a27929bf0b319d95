"""What a partner may have of a run, and the file that it gets."""
