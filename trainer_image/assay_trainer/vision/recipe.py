"""The recipe of the vision train function: everything but how much of it is run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

LEARNING_RATES = {"sgd": 0.1, "adamw": 0.003, "muon": 0.003}
WEIGHT_DECAYS = {"sgd": 5e-4, "adamw": 0.01, "muon": 0.01}
WIDTHS = {"convnet": 16, "resnet9": 64}


class Recipe(BaseModel):
    """Keys are written in camelCase (`learningRate`); unknown keys are errors, and so are NaN and infinity.

    What depends on the image size is given as a share of the side, so that a recipe means the same at every size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel, allow_inf_nan=False)

    architecture: Literal["convnet", "resnet9"] = "convnet"
    width: int | None = Field(
        default=None, ge=1, le=1024, description="Channels of the first layer; convnet 16, resnet9 64."
    )
    depth: int | None = Field(default=None, ge=1, le=8, description="Convolutions after the first; convnet only, 2.")
    activation: Literal["relu", "gelu", "silu"] = "relu"
    batch_norm: bool = True
    whitening: bool = Field(
        default=False, description="A first layer that whitens 2x2 patches, computed from the training images."
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Before the last layer.")

    optimizer: Literal["sgd", "adamw", "muon"] = "sgd"
    learning_rate: float | None = Field(
        default=None, gt=0, description="At the schedule's peak; sgd 0.1, adamw 0.003, muon 0.003."
    )
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of sgd and muon; beta 1 of adamw.")
    nesterov: bool = Field(default=True, description="Of sgd and muon.")
    weight_decay: float | None = Field(
        default=None, ge=0, description="Of weights, not of biases and norms; sgd 5e-4, adamw 0.01, muon 0.01."
    )
    schedule: Literal["onecycle", "cosine", "constant", "wsd"] = "onecycle"
    warm_up: float = Field(default=0.2, ge=0, lt=1, description="Share of the steps in which the rate rises.")
    warm_up_steps: int | None = Field(default=None, ge=0, description="Steps in which it rises, instead of a share.")
    cool_down: float = Field(default=0.2, gt=0, lt=1, description="Share of the steps in which it falls; wsd alone.")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    gradient_clip: float | None = Field(default=None, gt=0, description="Largest norm of the whole gradient.")
    average_decay: float | None = Field(
        default=None, gt=0, lt=1, description="Evaluate the moving average of the weights, with this decay a step."
    )
    batch_size: int = Field(default=128, ge=1, description="Unless the fidelity says another.")

    flip: bool | Literal["alternating"] = Field(
        default=False,
        description="Mirror each image or not, at random; alternating: at random in the first pass, then in turns.",
    )
    crop: float = Field(default=0.0, ge=0, le=0.5, description="Shift by up to this share of the side, at random.")
    cutout: float = Field(default=0.0, ge=0, le=1, description="Blank a square of this share of the side.")

    image_sizes: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = Field(
        default=(),
        strict=False,
        max_length=100,
        description="Pixels a side, each for an equal share of the steps; none is larger than the images are.",
    )

    bf16: bool = Field(default=False, description="Compute in bfloat16 (autocast); weights stay float32.")
    channels_last: bool = Field(default=True, description="Keep the channels of a pixel together in memory.")
    tf32: bool = Field(default=True, description="On a GPU, multiply float32 with 10 bits of mantissa.")
    cudnn_benchmark: bool = Field(default=True, description="On a GPU, time cuDNN's algorithms and take the fastest.")
    compile: bool = Field(default=False, description="torch.compile; needs a GPU.")
    cuda_graphs: bool = Field(default=False, description="Replay the kernels of a step as one; needs a GPU.")
    evaluate_every: int | None = Field(
        default=None,
        ge=1,
        description="Epochs between the points of the learning curve; None: one at the end, and where wanted.",
    )

    @model_validator(mode="after")
    def _checked(self) -> Recipe:
        if self.depth is not None and self.architecture != "convnet":
            raise ValueError(f"depth is of the convnet alone; given depth {self.depth} for {self.architecture}")
        if self.optimizer == "sgd" and self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0; set nesterov to false, or momentum")
        return self

    def evaluates(self, epoch: int) -> bool:
        """Return whether the learning curve has a point after an epoch, wanted or not."""
        return self.evaluate_every is not None and epoch % self.evaluate_every == 0
