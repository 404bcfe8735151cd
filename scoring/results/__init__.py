"""Reading what jobs wrote: what reports and comparisons have in common."""
