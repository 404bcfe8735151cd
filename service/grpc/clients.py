"""Who calls."""

from typing import Any

from grpc.aio import ServicerContext

from service.keys import asking


def client_of(context: ServicerContext[Any, Any]) -> str:
    """The name of the key, or the address; keys' names hold no space."""
    if key := asking():
        return f"key {key.name}"
    return address_of(context)


def address_of(context: ServicerContext[Any, Any]) -> str:
    """Of `ipv4:127.0.0.1:50000` what stands in the middle."""
    return context.peer().partition(":")[2].rpartition(":")[0]


def authorization_of(context: ServicerContext[Any, Any]) -> str | None:
    """The metadata of that name; null where there is none, or more than one."""
    metadata = context.invocation_metadata() or ()
    values = [value for name, value in metadata if name == "authorization"]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None
