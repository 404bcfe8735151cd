"""The one table of settings: `CUTAWAY_*` environment variables.

`python -m service.settings` prints the table that docs/settings.md is.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.cores import core_count
from service import units
from service.settings_table import markdown, unknown

PREFIX = "CUTAWAY_"


class SettingsError(Exception):
    """A variable has a value that cannot be used; the message is one sentence a person reads."""


class Settings(BaseSettings):
    """What can be set, with its default; each field is the variable `CUTAWAY_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    models: units.Folder = Field(
        default=Path("models"),
        description="The model repository: `<name>/<version>/` folders made by export.",
    )
    poll_seconds: units.Interval = Field(
        default=2.0,
        description="Between two looks into the repository for new versions and labels; 0 never "
        "looks.",
    )
    device: str = Field(
        default="auto",
        description="Where the networks run: `auto`, `cpu`, `openvino`, `cuda`, `cuda:N`, "
        "`tensorrt` or `tensorrt:N`. `auto` takes the fastest that starts here and answers the "
        "bundle's golden pictures as Keras did. A device that was asked for and is not active is "
        "a start-up failure.",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16", "int8"] = Field(
        default="auto",
        description="In which the networks compute: `auto` runs the fp32 network in the fastest "
        "arithmetic that holds the golden pictures (bf16 by OpenVINO on processors that have it), "
        "`fp32` exactly; `fp16` and `int8` need a bundle that has them "
        "(`python -m export precision`). Inspections always run in fp32.",
    )
    threads: units.Threads = Field(
        default=0,
        description="Of one run of the network on a processor; 0 takes what is fastest here, as "
        "measured at the start.",
    )
    decode_threads: units.Threads = Field(
        default=0,
        description="Decoding pictures for a GPU and for inspections; 0 takes one a core. A "
        "processor decodes in the threads that predict.",
    )
    draft: bool = Field(
        default=False,
        description="Decode large JPEGs at a smaller scale, of at least twice the network's "
        "input: a camera's photo in a quarter of the time, its pixels not quite those of training "
        "(docs/preprocessing.md has what that moves).",
    )
    max_batch: units.Pictures = Field(
        default=8,
        description="In one run of the network. On a GPU 64 is a better choice; a processor takes "
        "the size that was fastest at the start.",
    )
    max_wait_ms: units.OptionalMilliseconds = Field(
        default=0,
        description="How long a batch may be held open for more pictures; 0 runs what waits as "
        "soon as the device is free.",
    )
    device_memory_bytes: units.OptionalBytes = Field(
        default=0,
        description="That a GPU may give to each model; 0 sets no cap.",
    )
    queue_images: units.Pictures = Field(
        default=256,
        description="That wait to be decoded and predicted, a model; what does not fit is answered "
        "429.",
    )
    timeout_ms: units.Milliseconds = Field(
        default=10_000,
        description="From the whole request received to its answer, where the request does not "
        "say `timeout_ms` itself; then 504.",
    )
    max_timeout_ms: units.Milliseconds = Field(
        default=30_000,
        description="The most that a request may ask for in `timeout_ms`.",
    )
    body_timeout_seconds: units.Seconds = Field(
        default=20,
        description="For a client to send its whole body; then 408.",
    )
    max_body_bytes: units.Bytes = Field(
        default=32_000_000,
        description="Of one request's body; more is answered 413 as soon as it is known.",
    )
    max_buffered_bytes: units.Bytes = Field(
        default=512_000_000,
        description="Bodies of all requests in memory at a time; what exceeds it is answered 503.",
    )
    max_answer_bytes: units.Bytes = Field(
        default=512_000_000,
        description="Answers that their clients have not taken yet, of all requests; while there "
        "are more, inspections are answered 503.",
    )
    answer_timeout_seconds: units.Seconds = Field(
        default=20,
        description="For a client to take each 256 kB of a large answer; then its connection is "
        "closed.",
    )
    max_images: units.Pictures = Field(default=64, description="Of one request.")
    max_image_pixels: units.Pixels = Field(
        default=50_000_000,
        description="Width times height that a picture's header may announce; more is answered "
        "413 before decoding.",
    )
    max_image_aspect: units.Ratio = Field(
        default=100.0,
        description="Long side over short side; more is answered 413 before decoding.",
    )
    inspect_threads: units.OwnThreads = Field(
        default=1,
        description="Inspections (activations, sensitivities) at a time, beside the predictions.",
    )
    inspect_queue: units.Requests = Field(
        default=16,
        description="Inspections that wait for those threads; one more is answered 429.",
    )
    inspect_timeout_ms: units.Milliseconds = Field(
        default=30_000,
        description="As `CUTAWAY_TIMEOUT_MS`, for an inspection.",
    )
    max_inspect_timeout_ms: units.Milliseconds = Field(
        default=300_000,
        description="The most that an inspection may ask for in `timeout_ms`.",
    )
    inspect_sessions: units.Sessions = Field(
        default=8,
        description="Networks pruned to what was asked that are kept, a model.",
    )
    inspect_cache_bytes: units.Bytes = Field(
        default=512_000_000,
        description="What those may hold, a model; the least recently used goes first.",
    )
    max_activation_bytes: units.Bytes = Field(
        default=64_000_000,
        description="Of the activations in one answer, in the type that was asked; more is "
        "answered 422 before anything is run.",
    )
    max_activation_layers: units.Layers = Field(
        default=16, description="Of one request for activations; more is answered 422."
    )
    max_inspect_passes: units.Passes = Field(
        default=4096,
        description="Pictures that one sensitivity or self-check may run through the network, "
        "noisy, masked and occluded copies included; more is answered 422.",
    )
    max_json_values: units.Numbers = Field(
        default=65_536,
        description="Activations that an answer may write out in JSON; more is answered 422.",
    )
    top_k: units.Classes = Field(
        default=5,
        description="Of a prediction, where the request does not say.",
    )
    drain_seconds: units.OptionalSeconds = Field(
        default=0,
        description="From SIGTERM, when `/readyz` turns 503, until no more requests are taken: the "
        "time a load balancer needs to notice. The container image sets 5.",
    )
    finish_seconds: units.Seconds = Field(
        default=60,
        description="After that, for requests that still run; then they are cut off.",
    )
    grpc_port: units.Port = Field(
        default=3001,
        description="The Open Inference Protocol over gRPC, at the same address as HTTP; 0 "
        "switches it off.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="`debug` logs every request, `info` those refused (4xx), `error` those that "
        "failed (5xx).",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="`json` writes every line as an object, and a line for every request.",
    )
    auth: Literal["auto", "off"] = Field(
        default="auto",
        description="`auto` asks for a key where `CUTAWAY_API_KEYS` names a file, and without one "
        "listens on loopback alone; `off` serves everybody.",
    )
    api_keys: units.OptionalFile = Field(
        default=None,
        description="The keys' hashes; read again when it changes (docs/security.md).",
    )
    max_client_requests: units.OptionalRequests = Field(
        default=0,
        description="Of one key (without keys, one address) at a time; one more is answered 429. "
        "0 sets no cap.",
    )
    max_connections: units.Connections = Field(
        default=0,
        description="At a time; one more is answered 503. 0 is three quarters of the open files "
        "that the system allows.",
    )
    header_timeout_seconds: units.Seconds = Field(
        default=10,
        description="For a client to send a request's headers; then its connection is closed.",
    )
    max_header_bytes: units.Bytes = Field(
        default=65_536,
        description="Of a request's headers; a connection that sends more is closed.",
    )
    cors_origins: units.Origins = Field(
        default="",
        description="Whose pages may read answers: `https://a.example,https://b.example`, or `*`.",
    )

    def decoders(self) -> int:
        """How many threads decode pictures."""
        return self.decode_threads or core_count()


def read_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        SettingsError: a value is of the wrong kind or outside its range.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(
            f"{variable}: {first['msg'][0].lower()}{first['msg'][1:]}; "
            f"received {first['input']!r}; see docs/settings.md"
        ) from error


def unknown_variables(names: Iterable[str] | None = None) -> list[str]:
    """One sentence for each `CUTAWAY_*` variable (of the environment) that sets nothing."""
    return unknown(Settings, PREFIX, os.environ if names is None else names)


def settings_table() -> str:
    """The table of docs/settings.md, in Markdown."""
    return markdown(Settings, PREFIX)


if __name__ == "__main__":
    sys.stdout.write(settings_table())
