"""Parameters of methods: those of their functions, and no others."""

import inspect
from typing import get_args

import pytest

from engine.attribution.methods import METHODS
from service.errors import InvalidQueryError
from service.methods import GIVEN, RANGES, find_method, parameters_of, read_parameters
from service.sensitivity_options import OWN, RULES, SensitivityOptions


def test_the_query_offers_every_parameter_of_every_method() -> None:
    all_parameters = {
        name for method in METHODS.values() for name in parameters_of(method.function)
    }
    assert all_parameters == {*OWN, "seed"}
    assert set(OWN) <= set(SensitivityOptions.model_fields)


def test_every_number_has_a_range() -> None:
    for method in METHODS.values():
        for name, parameter in parameters_of(method.function).items():
            if isinstance(parameter.default, int | float):
                lowest, highest = RANGES[name]
                assert lowest <= parameter.default <= highest


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_words_are_the_functions_own(method: object) -> None:
    function = METHODS[getattr(method, "name")].function  # noqa: B009
    signature = inspect.signature(function, eval_str=True)
    for name in parameters_of(function):
        for word in get_args(signature.parameters[name].annotation):
            if isinstance(word, str):
                assert read_parameters(METHODS[getattr(method, "name")], {name: word})  # noqa: B009


def test_what_the_service_gives_itself_is_not_offered() -> None:
    for method in METHODS.values():
        assert not GIVEN & set(parameters_of(method.function))


def test_methods_that_are_one_way_back_have_a_layer_and_no_parameters() -> None:
    for name in RULES:
        assert METHODS[name].result == "tensor"
        assert not parameters_of(METHODS[name].function)


def test_defaults_are_part_of_the_answer() -> None:
    assert read_parameters(find_method("smoothgrad"), {"samples": "7"}) == {
        "samples": 7,
        "noise": 0.15,
        "seed": 0,
    }


@pytest.mark.parametrize("name", ["", "smooth", "x" * 300])
def test_an_unknown_method_names_all(name: str) -> None:
    with pytest.raises(InvalidQueryError, match="integrated-gradients, cam, grad-cam") as caught:
        find_method(name)
    assert len(str(caught.value)) < 300
