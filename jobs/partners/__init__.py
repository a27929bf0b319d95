"""Partners: their lists, how these are read, their terms, and what is known of each."""
