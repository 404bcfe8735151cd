"""The processor, by ONNX Runtime's own provider."""

from functools import partial

import onnxruntime as ort

from bundle.manifest import PrecisionName
from bundle.repository import Bundle
from engine.devices import Device
from engine.precisions import declared_precision
from engine.runners.host import HostRunner, Layout, lay_out
from engine.runners.runner import check_interface
from engine.sessions import open_session


def open_cpu(
    bundle: Bundle, device: Device, precision: PrecisionName, *, threads: int, measure: bool
) -> HostRunner:
    """A network on the stock provider.

    Two callers with a thread each on one session do 1.4 times what one run with two threads does
    (EfficientNet-Lite0 on two cores: 150 against 105 images a second), and larger batches nothing.

    Args:
        bundle: a verified model version.
        device: the processor.
        precision: fp32 or int8.
        threads: of one run; 0: as many as are fastest.
        measure: whether to time layouts.

    Raises:
        GraphError: the graph does not load, or has another interface than the manifest's.
    """
    path = bundle.path(declared_precision(bundle, precision).file)

    def opener(layout: Layout) -> ort.InferenceSession:
        session = open_session(path, device=device, threads=layout.threads)
        check_interface(session, bundle.manifest, path.name)
        return session

    runner = partial(HostRunner, device.name, precision, bundle.manifest)
    return lay_out(runner, opener, threads=threads, batch=1, measure=measure)
