"""The wire types of `selfcheck`."""

from typing import Literal

from pydantic import Field

from service.activation_schemas import InspectionTiming
from service.schemas import Error, Wire

Verdict = Literal["passed", "failed"]


class CascadeStage(Wire):
    """How alike the maps still are when these layers, and those of earlier stages, are random."""

    stage: int = Field(description="from 1, at the head; after the last one all is random")
    layers: list[str]
    spearman: float = Field(description="rank correlation of the signed values, -1 to 1")
    spearman_absolute: float = Field(description="of what a picture of it shows")
    ssim: float = Field(description="structural similarity of what a picture of it shows")
    dead: float = Field(description="share of the maps that became constant; counted as 0")


class MethodCheck(Wire):
    """One method's cascade."""

    method: str
    verdict: Verdict = Field(description="passed: its maps show something, and of this model")
    similarity: float = Field(description="mean of the stages' spearman")
    threshold: float = Field(description="what the similarity must stay below")
    dead: float = Field(description="share of the pictures whose own map is constant; left out")
    layers: list[str] = Field(description="with respect to what; see sensitivity")
    cascade: list[CascadeStage]


class CheckedImage(Wire):
    """A picture of the check, or why it was left out."""

    image: str | None = Field(description="the part's file name; null where there is none")
    error: Error | None = None


class SelfCheckAnswer(Wire):
    """The answer to `selfcheck`; numbers are means over the pictures."""

    model: str
    version: int
    precision: Literal["fp32"]
    verdict: Verdict = Field(description="passed where every method did")
    seed: int
    methods: list[MethodCheck]
    results: list[CheckedImage]
    passes: int = Field(description="pictures run through the network")
    timing_ms: InspectionTiming
