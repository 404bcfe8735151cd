"""Archives of numbers, as numpy reads them."""

import io
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from service.archives import write_archive

ARRAYS = {
    "inception_v3/mixed5": np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype(np.float32),
    "file": np.arange(7, dtype=np.float16),
    "allow_pickle": np.empty((0, 3), np.int64),
    ":about": np.array('{"bag": "Täsche"}'),
}


def test_an_archive_is_read_without_pickles_whatever_its_layers_are_called() -> None:
    loaded = np.load(io.BytesIO(write_archive(ARRAYS)), allow_pickle=False)
    assert loaded.files == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_an_archive_is_stored_and_equal_for_equal_numbers() -> None:
    archive = write_archive(ARRAYS)
    assert archive == write_archive(ARRAYS)
    with ZipFile(io.BytesIO(archive)) as file:
        assert {member.compress_type for member in file.infolist()} == {ZIP_STORED}


def test_a_sequence_that_is_not_contiguous_is_written_as_it_is_seen() -> None:
    array = ARRAYS["inception_v3/mixed5"][..., ::-2]
    loaded = np.load(io.BytesIO(write_archive({"a": array})))
    np.testing.assert_array_equal(loaded["a"], array)
