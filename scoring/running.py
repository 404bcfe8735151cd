"""One run of a job: begun or continued, scored, counted."""

import threading
from collections.abc import Callable, Iterator
from itertools import chain

import click

from scoring.errors import ClusterError, ScoringError
from scoring.interrupts import Interrupts
from scoring.job import Job, open_job
from scoring.job_file import JobFile, read_job_file
from scoring.local import run_local
from scoring.order import Order
from scoring.outputs.output import Output
from scoring.outputs.places import open_output
from scoring.parts import part_indices
from scoring.progress import Progress, count_errors, show_progress
from scoring.score import open_scorer
from scoring.settings import JobSettings
from scoring.shards import Shard
from scoring.sources.planning import plan

Run = Callable[[Job, Progress, threading.Event], None]
"""Scores what is pending of a job, through whichever engine."""


class StoppedError(ScoringError):
    """A signal came before the plan was made; nothing was begun."""


def run_order(order: Order, interrupts: Interrupts) -> int:
    """Do what the command line asks for, and say what came of it.

    Returns:
        The exit code: 0, or that of a signal which ended it before its end.

    Raises:
        ScoringError, BundleError, EngineError: what stopped it; the same order continues it.
    """
    output = open_output(order.output)
    begun = read_job_file(output)
    settings = order.settle(begun.settings if begun else None)
    # What this machine cannot do, or the input does not hold, is said before anything is written.
    run = _prepare(order, settings, output, is_new=begun is None)
    try:
        shards = plan_lazily(settings, interrupts.stop) if begun is None else None
        with output.hold():
            job = open_job(
                output,
                settings,
                plan=lambda: shards or plan_lazily(settings, interrupts.stop),
            )
            return _finish(job, run, interrupts)
    except StoppedError:
        click.echo("stopped: nothing was begun", err=True)
        return interrupts.exit_code


def plan_lazily(settings: JobSettings, stop: threading.Event) -> Iterator[Shard]:
    """The input's shards, the first one found at once and the others when they are asked for.

    Raises:
        InputError: there is no such input, or nothing in it.
    """
    shards = _until_stopped(plan(settings.input), stop)
    first = next(shards, None)
    return shards if first is None else chain([first], shards)


def _until_stopped(shards: Iterator[Shard], stop: threading.Event) -> Iterator[Shard]:
    """Listing a million pictures takes a while, too."""
    for shard in shards:
        if stop.is_set():
            raise StoppedError("stopped")
        yield shard


def _prepare(order: Order, settings: JobSettings, output: Output, *, is_new: bool) -> Run:
    """The engine, ready as far as it can be before there is a job."""
    if order.engine == "ray":
        return _prepare_cluster(order, settings, output)
    # What is continued did run once; if it is finished, the network is not needed.
    opened = open_scorer(settings, order.models) if is_new else None
    return lambda job, progress, stop: run_local(
        job,
        opened or open_scorer(settings, order.models),
        threads=order.threads,
        progress=progress,
        stop=stop,
    )


def _prepare_cluster(order: Order, settings: JobSettings, output: Output) -> Run:
    """The engine that is an extra.

    Raises:
        ClusterError: it is not installed.
        SettingsError: no cluster takes this address or device.
    """
    try:
        from scoring.cluster.engine import (  # noqa: PLC0415 see above
            ClusterSettings,
            check_cluster,
            run_on_cluster,
        )
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ClusterError(
            "--engine ray needs the package ray; install it with `deploy/setup.sh ray`"
        ) from error
    cluster = ClusterSettings(order.address, output.location, order.models, order.threads)
    check_cluster(settings, cluster)
    return lambda job, progress, stop: run_on_cluster(job, cluster, progress=progress, stop=stop)


def _finish(job: Job, run: Run, interrupts: Interrupts) -> int:
    """Score what is pending, count, and say it."""
    if job.is_finished:
        click.echo(f"already finished: {_in_words(job.file)}, in {job.output.location}")
        return 0
    with show_progress(job.pictures, job.done_pictures) as progress:
        run(job, progress, interrupts.stop)
    if interrupts.stop.is_set():
        done = len(part_indices(job.output.names()))
        if done < job.shards:
            words = f"stopped: {done:,} of {job.shards:,} shards are done; "
            click.echo(words + "the same command goes on from there", err=True)
            return interrupts.exit_code
    file = job.finish()
    words = f"{_in_words(file)}, in {job.output.location}"
    if file.last_run is not None:
        words += f"; {file.last_run.pictures_per_second:,.1f} a second"
    click.echo(words)
    return 0


def _in_words(file: JobFile) -> str:
    """`1,000 pictures, 3 errors (undecodable_image 2, unreadable 1)`."""
    counts = file.counts
    if counts is None:
        return f"{file.input.pictures:,} pictures"
    errors = counts.pictures - counts.scored
    words = f"{counts.pictures:,} picture{'s' * (counts.pictures != 1)}, {count_errors(errors)}"
    codes = ", ".join(f"{code} {count:,}" for code, count in counts.errors.items())
    return f"{words} ({codes})" if codes else words
