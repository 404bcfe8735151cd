"""gRPC's own health service, the part that we use; it ships no types of its own."""
