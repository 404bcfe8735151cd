"""Our messages beside those that the client ships: the same names, numbers and types."""

from base64 import b64decode
from typing import Any

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FieldDescriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from tritonclient.grpc import service_pb2

OURS_ALONE = 1000
"""Fields from this number on are our own."""


@pytest.fixture(scope="module")
def ours(about: dict[str, str]) -> Any:
    pool = descriptor_pool.DescriptorPool()
    return pool.AddSerializedFile(b64decode(about["descriptor"]))


def messages(container: Any) -> Any:
    for message in container:
        yield message
        yield from messages(message.nested_types)


def kind(field: FieldDescriptor) -> Any:
    named = field.message_type or field.enum_type
    return field.type, field.label, named.full_name if named else None


def test_every_field_is_theirs_in_name_number_and_type(ours: FileDescriptor) -> None:
    pool = service_pb2.DESCRIPTOR.pool
    seen = 0
    for message in messages(ours.message_types_by_name.values()):
        theirs = pool.FindMessageTypeByName(message.full_name)
        for field in message.fields:
            if field.number < OURS_ALONE:
                assert field.name in theirs.fields_by_name, f"{message.full_name}.{field.name}"
                other = theirs.fields_by_name[field.name]
                assert field.number == other.number, field.full_name
                assert kind(field) == kind(other), field.full_name
                seen += 1
    assert seen > 120


def test_every_value_of_an_enumeration_is_theirs(ours: FileDescriptor) -> None:
    enums = [*ours.enum_types_by_name.values()]
    for message in messages(ours.message_types_by_name.values()):
        enums += message.enum_types
    assert enums
    for enum in enums:
        theirs = service_pb2.DESCRIPTOR.pool.FindEnumTypeByName(enum.full_name)
        for value in enum.values:
            assert theirs.values_by_name[value.name].number == value.number


def test_every_method_takes_and_gives_what_theirs_does(ours: FileDescriptor) -> None:
    [service] = ours.services_by_name.values()
    theirs = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    proto, other = FileDescriptorProto(), FileDescriptorProto()
    ours.CopyToProto(proto)
    service_pb2.DESCRIPTOR.CopyToProto(other)
    streams = {
        method.name: (method.client_streaming, method.server_streaming)
        for method in other.service[0].method
    }
    for method, said in zip(service.methods, proto.service[0].method, strict=True):
        same = theirs.methods_by_name[method.name]
        assert method.input_type.full_name == same.input_type.full_name
        assert method.output_type.full_name == same.output_type.full_name
        assert streams[method.name] == (said.client_streaming, said.server_streaming)
