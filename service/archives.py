"""Numbers as an .npz archive: what numpy.load reads, without pickles."""

import io
from collections.abc import Mapping
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MEDIA_TYPE = "application/x-npz"


def write_archive(arrays: Mapping[str, NDArray[Any]]) -> memoryview:
    """The archive; equal arrays give equal bytes.

    Stored, not deflated: of 12.85 MB of activations, half of them zeros, deflating saved 46 % and
    took 3.4 s instead of 0.07 s. Not numpy.savez: it takes the names as keywords, and a layer may
    be called `file`.
    """
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = ZipInfo(f"{name}.npy")  # of 1980: the time of writing says nothing
            with archive.open(member, "w", force_zip64=array.nbytes >= 1 << 31) as stream:
                npy.write_array(stream, np.asanyarray(array), allow_pickle=False)
    return buffer.getbuffer()
