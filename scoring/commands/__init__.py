"""One command a module, each under the name `command`."""
