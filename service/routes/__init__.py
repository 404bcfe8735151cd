"""The routes, one file a subject; each makes a router over what it needs."""
