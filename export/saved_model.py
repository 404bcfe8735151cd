"""A SavedModel folder as a network: prediction alone, since its layers have no names left."""

import hashlib
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from export.errors import ModelError, ModelFileError, SettingsError
from export.head import Activation, decide_head
from export.inside import EXAMPLES
from export.network import Network, check_input, check_output
from export.options import ConvertOptions
from export.untyped import Tensor, Traced

SIGNATURE = "serving_default"
PASSING = {"Identity", "Reshape", "Squeeze", "Cast"}


def load_saved_model(path: Path, options: ConvertOptions) -> Network:
    """A SavedModel's serving signature as a network.

    Raises:
        ModelFileError: damaged, or without the signature.
        ModelError: not one picture in and one row of scores out.
        SettingsError: the preprocessing was not stated, or a setting does not fit.
    """
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises whatever its parts raise
        raise ModelFileError(
            f"{path} cannot be loaded as a SavedModel ({type(error).__name__}); export it again "
            "with model.export() where it was trained"
        ) from error
    if SIGNATURE not in loaded.signatures:
        have = ", ".join(loaded.signatures) or "none"
        raise ModelFileError(f"{path} has no signature {SIGNATURE!r}; it has: {have}")
    return _as_network(path, loaded, options)


def _as_network(path: Path, loaded: Traced, options: ConvertOptions) -> Network:
    """Check the serving signature and wrap it."""
    signature = loaded.signatures[SIGNATURE]
    specs: dict[str, Any] = signature.structured_input_signature[1]
    size, channels = check_input(
        [tuple(spec.shape.as_list()) for spec in specs.values()], options.size
    )
    outputs: dict[str, Any] = signature.structured_outputs
    units = check_output([tuple(spec.shape.as_list()) for spec in outputs.values()])
    name, spec = next(iter(specs.items()))
    if spec.dtype not in (tf.float32, tf.uint8):
        raise ModelError(f"the model's input is {spec.dtype.name}; expected float32 pictures")
    if options.stated is None:
        raise SettingsError(f"a SavedModel does not tell whether it preprocesses: {EXAMPLES}")
    options.stated.check_channels(channels)
    output = next(iter(outputs))

    def forward(levels: Tensor) -> Tensor:
        # The signature's variables live as long as `loaded` does.
        return loaded.signatures[SIGNATURE](**{name: levels})[output]

    return Network(
        architecture=path.resolve().name,
        size=size,
        channels=channels,
        dtype=spec.dtype.name,
        head=decide_head(_last_activation(signature), units, options.activation),
        in_graph=f"stated at export: {options.stated.words}; the SavedModel's own is not known",
        stated=options.stated,
        forward=forward,
        has_layers=False,
    )


def _last_activation(signature: Traced) -> Activation:
    """The last operation of the frozen graph that is not a mere change of shape."""
    frozen = convert_variables_to_constants_v2(signature)
    operation = frozen.outputs[0].op
    while operation.type in PASSING:
        operation = operation.inputs[0].op
    found: dict[str, Activation] = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
    return found.get(operation.type, "none")


def folder_digest(path: Path) -> str:
    """sha256 over a folder: every file's relative name and content, in order."""
    digest = hashlib.sha256()
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        digest.update(str(file.relative_to(path)).encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
