"""The arrays that travel between decoding, batching and the network."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8 | np.float32]
"""Pictures at the network's own size: (height, width, channels), or (batch, height, width,
channels); RGB or grey, levels 0-255."""

Scores = NDArray[np.float32]
"""What the network answered: (batch, classes), probabilities or logits as the manifest says."""
