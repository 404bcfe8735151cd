"""Where pictures come from: one kind of input a module."""
