import json

import pyarrow as pa
import pytest

from scoring.errors import SettingsError
from scoring.settings import InputSettings
from scoring.sources.parquet_columns import Columns, choose_columns

HUGGING_FACE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])


def chosen(schema: pa.Schema | dict[str, pa.DataType], **settings: object) -> Columns:
    whole = schema if isinstance(schema, pa.Schema) else pa.schema(list(schema.items()))
    given = InputSettings.model_validate({"location": "/a.parquet", **settings})
    return choose_columns("a.parquet", whole, given)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_the_only_column_of_bytes_holds_the_pictures(kind: pa.DataType) -> None:
    assert chosen({"path": pa.string(), "nose": kind}) == Columns("nose", None, None)


def test_among_several_the_one_with_a_usual_name_does() -> None:
    assert chosen({"mask": pa.binary(), "Image": pa.binary()}).pictures == "Image"


def test_a_struct_of_hugging_face_is_read_without_its_path() -> None:
    columns = chosen({"image": HUGGING_FACE, "label": pa.int64()})
    assert columns == Columns("image", None, "label", is_struct=True)
    assert columns.read == ["image.bytes", "label"]


def test_paths_are_taken_where_there_are_no_bytes() -> None:
    schema = {"n": pa.int32(), "file": pa.string(), "class": pa.string()}
    assert chosen(schema) == Columns(None, "file", "class")
    assert chosen({"url": pa.large_string()}).paths == "url"
    assert chosen({"image": pa.dictionary(pa.int32(), pa.string())}).paths == "image"


def test_columns_are_named() -> None:
    schema = {
        "image": pa.binary(),
        "mask": pa.binary(),
        "path": pa.string(),
        "where": pa.string(),
        "label": pa.int8(),
        "what": pa.string(),
    }
    assert chosen(schema, bytes_column="mask", label_column="what") == Columns("mask", None, "what")
    assert chosen(schema, path_column="where") == Columns(None, "where", "label")


@pytest.mark.parametrize("option", ["bytes_column", "path_column", "label_column"])
def test_a_column_that_is_not_there_is_answered_with_those_that_are(option: str) -> None:
    with pytest.raises(SettingsError, match=r"no column 'nose'; there are: image, label$"):
        chosen({"image": pa.binary(), "label": pa.int64()}, **{option: "nose"})


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("bytes_column", "holds double; expected encoded pictures"),
        ("path_column", "holds double; expected paths"),
        ("label_column", "holds double; expected labels"),
    ],
)
def test_a_column_of_something_else_is_refused(option: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        chosen({"image": pa.binary(), "n": pa.float64()}, **{option: "n"})


def test_bytes_and_paths_are_not_asked_for_together() -> None:
    schema = {"image": pa.binary(), "path": pa.string()}
    with pytest.raises(SettingsError, match="either from --bytes-column or from --path-column"):
        chosen(schema, bytes_column="image", path_column="path")


@pytest.mark.parametrize(
    "schema",
    [
        {"a": pa.int64(), "b": pa.string()},
        {"a": pa.binary(), "b": pa.binary()},
        {"image": pa.list_(pa.uint8()), "b": pa.struct([pa.field("bytes", pa.string())])},
    ],
)
def test_where_none_can_be_told_the_options_are_named(schema: dict[str, pa.DataType]) -> None:
    with pytest.raises(SettingsError, match=r"--bytes-column or --path-column .* there are: "):
        chosen(schema)


def test_labels_are_not_guessed_where_folders_name_them() -> None:
    schema = {"image": pa.binary(), "label": pa.int64()}
    assert chosen(schema, labels_from_folders=True).label is None


def with_metadata(said: object) -> pa.Schema:
    schema = pa.schema([("image", HUGGING_FACE), ("label", pa.int64())])
    return schema.with_metadata(
        {"huggingface": said if isinstance(said, str) else json.dumps(said)}
    )


def test_classes_have_the_names_that_hugging_face_gives_them() -> None:
    label = {"names": ["cat", "dog"], "_type": "ClassLabel"}
    said = {"info": {"features": {"image": {"_type": "Image"}, "label": label}}}
    assert chosen(with_metadata(said)).class_names == ("cat", "dog")


@pytest.mark.parametrize(
    "said", ["{", [], {"info": None}, {"info": {"features": {"label": {"names": 3}}}}]
)
def test_metadata_of_another_making_name_nothing(said: object) -> None:
    assert chosen(with_metadata(said)).class_names == ()
