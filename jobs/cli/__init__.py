"""The command line: data on stdout, progress and errors on stderr, one exit code for what to do next."""
