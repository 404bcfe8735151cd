"""The Open Inference Protocol over gRPC, in the worker beside HTTP."""
