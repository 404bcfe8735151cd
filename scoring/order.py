"""What the command line asks for, and the settings that come of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from scoring.columns import Columns
from scoring.model import ModelWish, settle_layers, settle_model
from scoring.settings import ColumnSettings, InputSettings, JobSettings

Engine = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class Order:
    """A job as a person asks for it.

    Args:
        input: where the pictures are.
        output: of the command line: a folder or an object prefix.
        models: the model repository.
        wish: which network, and how it runs.
        columns: what a row holds; layers by path or alias.
        engine: this machine, or a Ray cluster.
        address: of the cluster; None starts one here.
        threads: that decode and infer; 0: one a core. No byte of the output depends on it.
    """

    input: InputSettings
    output: str
    models: Path
    wish: ModelWish
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    engine: Engine = "local"
    address: str | None = None
    threads: int = 0

    def settle(self, begun: JobSettings | None) -> JobSettings:
        """Every setting decided; what was left open, as the output was begun with if it was.

        Raises:
            BundleError: there is no such model.
            EngineError: it does not run here, or has no such layer.
            SettingsError: a setting does not fit the model.
        """
        model, manifest = settle_model(
            self.wish,
            self.models,
            inside=bool(self.columns.layers),
            begun=begun.model if begun else None,
        )
        columns = settle_layers(self.columns, manifest)
        settings = JobSettings(input=self.input, model=model, columns=columns)
        Columns(manifest, settings)  # laid out once here, so that no other machine has to refuse
        return settings
