"""Whether a port is free, asked before a library says in a page of its own words that it is not."""

import socket

from service.loading import StartupError


def check_port(host: str, port: int, advice: str) -> None:
    """Nothing where somebody could listen there; 0 is any port.

    Args:
        host: an address of this machine.
        port: of it.
        advice: what to do otherwise.

    Raises:
        StartupError: somebody listens there, or this process may not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the servers do: connections that were closed a moment ago do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StartupError(
                f"port {port} of {host} cannot be had ({error.strerror}); {advice}"
            ) from error
