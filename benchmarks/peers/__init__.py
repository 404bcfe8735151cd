"""Other servers over the same network file, each in its own documented form."""
