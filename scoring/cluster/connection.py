"""A Ray cluster for the time of a job: one that is there, or one of this machine's own."""

import logging
import os
import secrets
import signal
import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager

import ray
from ray.exceptions import RayError

from engine.cores import core_count
from scoring.errors import ClusterError, SettingsError

OBJECT_STORE_BYTES = 100_000_000
"""Of a cluster of our own, where nothing is stored but shards that wait: some 100 kB each."""

QUIET: dict[str, object] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
"""What a node has to say of a shard comes back as the shard's error; the rest is in Ray's logs."""

CONNECT_SECONDS = 10.0

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT` as its two parts.

    Raises:
        SettingsError: something else, as the URLs that Ray's client has for another protocol.
    """
    host, _, port = text.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise SettingsError(
            f"expected HOST:PORT of a Ray cluster as --address, received {text!r}: run the job on "
            "a node of the cluster, which may be one without processors for tasks"
        )
    return host, int(port)


@contextmanager
def connect(address: str | None) -> Generator[None]:
    """Join a cluster, or start one on this machine and end it afterwards.

    Args:
        address: `HOST:PORT` of a cluster that this machine is a node of; None starts one with this
            machine's processors and GPUs.

    Raises:
        ClusterError: there is no such cluster, or it could not be started.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray reads it when it starts, and nothing else
    with _own_cluster() if address is None else _cluster_at(address):
        yield


@contextmanager
def _own_cluster() -> Generator[None]:
    """A cluster of one node, which nobody but this machine can reach."""
    # Ray would write a token into the home folder, which a container may not have.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with tempfile.TemporaryDirectory(prefix="cutaway-", ignore_cleanup_errors=True) as folder:
        try:
            _initialize(
                "local",
                num_cpus=core_count(),
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                _node_ip_address="127.0.0.1",
                _temp_dir=folder,
            )
        except _FAILURES as error:
            raise ClusterError(f"Ray does not start on this machine: {_words(error)}") from error
        try:
            yield
        finally:
            ray.shutdown(wait_for_processes=True)  # they write into the folder to their end


@contextmanager
def _cluster_at(address: str) -> Generator[None]:
    """A cluster that somebody else started, and that goes on afterwards."""
    try:
        # Ray itself would try for more than five minutes, and say so in its own words.
        socket.create_connection(parse_address(address), CONNECT_SECONDS).close()
        _initialize(address)
    except _FAILURES as error:
        raise ClusterError(
            f"there is no Ray cluster at {address} that this machine is a node of: {_words(error)}"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


_FAILURES = (RayError, ConnectionError, RuntimeError, ValueError, AssertionError, OSError)
"""What `ray.init` raises where there is no cluster, or another version of Ray or Python."""


def _initialize(address: str, **settings: object) -> None:
    """`ray.init`, which takes SIGTERM for itself and would end a run in the middle of a shard."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        ray.init(address, **QUIET, **settings)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _words(error: BaseException) -> str:
    """An error of Ray's, which may be pages, as one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__
