"""Activations and maps as pictures, always with the numbers that turn them back into values.

A picture here is indexed: every pixel holds a level, 0-253, and the colour map gives the level its
colour. The level *is* the quantised value: value = lo + level · (hi − lo) / 253. The two indices
that are left belong to what is no value: the background between tiles, and the mark.
"""
