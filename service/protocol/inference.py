"""The protocol's inference, whatever it travelled in: a request in, its answer out."""

import math
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.types import Receive

from engine.errors import TooMuchError
from service.caps import check_bytes, check_layers, pictures_a_run
from service.catalogue import Catalogue
from service.disconnects import unless_disconnected
from service.inspection import Inspection, Job, Task
from service.keys import Scope, require
from service.metrics import Metrics
from service.observations import Wish, run_network
from service.outcomes import count_refused
from service.predictor import Predictor
from service.protocol.errors import ProtocolError
from service.protocol.inputs import read_inputs
from service.protocol.messages import InferRequest, InferResponse, Parameters, Tensor
from service.protocol.outputs import Output, find_outputs
from service.selection import Selection
from service.settings import Settings
from service.uploads import Upload

Values = Mapping[str | None, NDArray[Any]]
"""(batch, …) of every layer by its path; of the predictions under null, as a layer may have any
name."""


class Inference:
    """Answers what HTTP and gRPC have read."""

    def __init__(
        self, catalogue: Catalogue, inspection: Inspection, metrics: Metrics, settings: Settings
    ) -> None:
        self._catalogue = catalogue
        self._inspection = inspection
        self._metrics = metrics
        self._settings = settings

    async def infer(self, request: InferRequest, receive: Receive) -> InferResponse:
        """The outputs that were asked for.

        Predictions alone take the batcher's road, whatever looks inside that of the inspections.

        Args:
            request: its tensors' shapes and values agree; nothing else is checked yet.
            receive: as ASGI's; says `http.disconnect` when nobody waits any more.

        Raises:
            ProtocolError: other inputs, outputs or parameters than the model's.
            PixelsError, ImageError: pictures that cannot be used; one fails them all.
            TooManyImagesError, TooMuchError: more than one request may have.
            ModelNotFoundError, NotReadyError: no such model or version, or not now.
            ForbiddenError: the key may not look inside.
            QueueFullError, OverloadedError: too much waits; try again later.
            DeadlineExceededError: no answer in time.
            ClientDisconnect: nobody waits any more.
        """
        with self._catalogue.find(request.model, request.version) as served:
            manifest = served.manifest
            outputs = find_outputs(request.outputs, manifest)
            upload = read_inputs(request.inputs, manifest.input, self._settings.max_images)
            answer = self._predict
            if request.looks_inside:
                require(Scope.INSPECT)
                answer = self._inspect
            tensors = await answer(served, request.parameters, outputs, upload, receive)
            return InferResponse(manifest.name, str(manifest.version), request.id, tensors)

    async def _predict(
        self,
        served: Predictor,
        parameters: Parameters,
        outputs: Sequence[Output],
        upload: Upload,
        receive: Receive,
    ) -> list[Tensor]:
        """From the batcher; counted as every prediction is."""
        settings, metrics = self._settings, self._metrics
        timeout_ms = _timeout_ms(parameters, settings.timeout_ms, settings.max_timeout_ms)
        started = perf_counter()
        work = served.scores(upload, timeout_ms=timeout_ms)
        try:
            scored = await unless_disconnected(receive, work)
        except Exception as error:
            count_refused(metrics, served.labels, error, len(upload))
            raise
        seconds = perf_counter() - started
        metrics.count_images(served.labels, "predicted", len(upload))
        metrics.observe_prediction(served.labels, scored.timing_ms, scored.batch_size, seconds)
        return _write({None: scored.scores}, outputs, served)

    async def _inspect(
        self,
        served: Predictor,
        parameters: Parameters,
        outputs: Sequence[Output],
        upload: Upload,
        receive: Receive,
    ) -> list[Tensor]:
        """From the network's inside, predictions of the same run included."""
        settings = self._settings
        selection = _select(outputs)
        timeout_ms = _timeout_ms(
            parameters, settings.inspect_timeout_ms, settings.max_inspect_timeout_ms
        )
        check_layers(selection, settings)
        check_bytes(selection, len(upload), "float32", settings)
        _check_json(outputs, len(upload), settings.max_json_values)
        wish = Wish(selection, predictions=any(output.layer is None for output in outputs))
        batch = pictures_a_run(selection, settings)
        task = Task("activations", served, receive, upload, timeout_ms)
        return await self._inspection.run(
            task, lambda job: _write(_look_inside(job, wish, batch), outputs, served)
        )


def _look_inside(job: Job, wish: Wish, batch: int) -> Values:
    """In an inspection's thread: whole layers of all pictures.

    Raises:
        ImageError: one of the pictures cannot be used.
    """
    job.pictures.check()
    pieces: dict[str | None, list[NDArray[Any]]] = {}
    for run in run_network(job, wish, batch):
        for path, values in run.activations.items():
            pieces.setdefault(path, []).append(values)
        if run.predictions is not None:
            pieces.setdefault(None, []).append(run.predictions)
    return {
        path: np.concatenate(values) if values[1:] else values[0] for path, values in pieces.items()
    }


def _write(values: Values, outputs: Sequence[Output], served: Predictor) -> list[Tensor]:
    """The outputs in the order in which they were asked for."""
    labels = served.manifest.labels
    return [
        output.write(values[output.layer.path if output.layer else None], labels)
        for output in outputs
    ]


def _select(outputs: Sequence[Output]) -> Selection:
    """The layers among the outputs, each once."""
    return Selection(tuple(dict.fromkeys(output.layer for output in outputs if output.layer)))


def _check_json(outputs: Sequence[Output], images: int, cap: int) -> None:
    """Raise TooMuchError if JSON would have too many numbers of layers to write out."""
    written = [each for each in outputs if not (each.wanted.binary or each.wanted.classification)]
    numbers = _select(written).numbers * images
    if numbers > cap:
        raise TooMuchError(
            f"asked {numbers} values of layers in JSON; the cap is {cap}; ask for them with the "
            "parameter binary_data, or for fewer layers or images",
            asked=f"{numbers} values",
            cap=f"{cap} values",
            fits="binary_data",
        )


def _timeout_ms(parameters: Parameters, default: int, most: int) -> int:
    """The request's time: its parameter `timeout`, in µs, 0 for the setting's.

    Raises:
        ProtocolError: no whole number, or more than the settings allow.
    """
    asked = parameters.get("timeout", 0)
    if type(asked) is not int or not 0 <= asked <= most * 1000:
        raise ProtocolError(
            f"parameter 'timeout': expected a whole number of µs from 0 to {most * 1000}, "
            f"received {str(asked)[:64]}"
        )
    return math.ceil(asked / 1000) or min(default, most)
