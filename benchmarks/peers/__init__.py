"""What else could match two files, as good as its documentation makes it. Each is run as a process of its own."""
