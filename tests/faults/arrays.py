"""Ready pictures, as many in one request as a test needs."""

import io

import numpy as np

NPY = "application/x-npy"
LARGE_ANSWER = "/v1/models/colours/activations?layer=rescaling&format=npz"
"""36 kB for each picture."""
LARGE = 250
"""So many make an answer of 9 MB, more than the system takes in for a client that never reads."""


def ready_pictures(count: int) -> bytes:
    """As a file of numpy's."""
    array = io.BytesIO()
    np.save(array, np.random.default_rng(5).integers(0, 255, (count, 48, 64, 3), np.uint8))
    return array.getvalue()
