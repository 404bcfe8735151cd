"""Runners: a network on its device, one kind of device a file."""
