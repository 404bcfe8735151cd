"""The settings' table, in the environment and in the documents."""

from pathlib import Path

import pytest

from service.settings import (
    Settings,
    SettingsError,
    read_settings,
    settings_table,
    unknown_variables,
)

ROOT = Path(__file__).parents[2]


def test_every_setting_has_a_default_and_an_explanation() -> None:
    for name, field in Settings.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name


def test_the_document_is_the_table() -> None:
    document = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert settings_table() in document, "write it again: python -m service.settings"


def test_a_variable_sets_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_MODELS", "elsewhere")
    monkeypatch.setenv("CUTAWAY_MAX_BATCH", "16")
    monkeypatch.setenv("CUTAWAY_TOP_K", "")
    settings = read_settings()
    assert settings.models == Path("elsewhere")
    assert settings.max_batch == 16
    assert settings.top_k == 5


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CUTAWAY_MAX_BATCH", "0"),
        ("CUTAWAY_TIMEOUT_MS", "soon"),
        ("CUTAWAY_LOG_LEVEL", "loud"),
        ("CUTAWAY_MAX_IMAGE_ASPECT", "0.5"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{variable}: .*received '{value}'"):
        read_settings()


def test_a_variable_that_sets_nothing_is_named_with_the_nearest() -> None:
    names = ["CUTAWAY_TOPK", "CUTAWAY_XYZZY", "CUTAWAY_TOP_K", "PATH"]
    assert unknown_variables(names) == [
        "CUTAWAY_TOPK is not a setting and does nothing; did you mean CUTAWAY_TOP_K?",
        "CUTAWAY_XYZZY is not a setting and does nothing; see docs/settings.md",
    ]
