"""Trained weights, one file format a module."""
