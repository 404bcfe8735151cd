"""The engine of a Ray cluster: one task a shard, on any number of nodes; Ray lives here alone."""
