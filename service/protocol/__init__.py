"""The Open Inference Protocol v2, over HTTP and gRPC alike; see docs/open-inference-protocol.md."""
