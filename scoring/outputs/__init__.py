"""Where the results go: one kind of place a module."""
