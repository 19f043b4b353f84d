"""Operations as Core ML's converter writes them, interpreted, against PyTorch's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

coremltools = pytest.importorskip("coremltools", reason="comes with the extra coreml")
program = pytest.importorskip("search.models.formats.coreml_program")
SIZE = 13


class Classified(nn.Module):
    """The values that a module gives are the probabilities."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.module(images / 100 - 1)
        return found.flatten(1)


class Of(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, values: Tensor) -> Any:
        return self.function(values)


class PerPixel(nn.Module):
    """A module over the last dimension."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.module(values.permute(0, 2, 3, 1))
        return found


def normalised() -> nn.Module:
    layer = nn.BatchNorm2d(3)
    layer.train()(torch.rand(8, 3, 5, 5) * 3 + 1)
    return layer.eval()


def attention(values: Tensor) -> Tensor:
    places = values.flatten(2).transpose(1, 2)
    return functional.scaled_dot_product_attention(places, 2 * places, places)


MODULES = {
    "convolution": lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1),
    "uneven padding": lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 2, 1)), nn.Conv2d(3, 4, 3, stride=2, bias=False)),
    "dilation and groups": lambda: nn.Conv2d(3, 6, 3, padding=2, dilation=2, groups=3),
    "padding of same": lambda: nn.Conv2d(3, 4, 4, padding="same"),
    "reflection": lambda: nn.Sequential(nn.ReflectionPad2d((1, 2, 3, 0)), nn.Conv2d(3, 2, 3)),
    "replication": lambda: nn.Sequential(nn.ReplicationPad2d((1, 2, 3, 0)), nn.Conv2d(3, 2, 3)),
    "maximum pooling": lambda: nn.MaxPool2d(3, 2, 1),
    "maximum pooling, ceiling": lambda: nn.MaxPool2d(2, 2, ceil_mode=True),
    "average pooling": lambda: nn.AvgPool2d(3, 2, 1),
    "average pooling inside": lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "average of all": lambda: nn.AdaptiveAvgPool2d(1),
    "maximum of all": lambda: Of(lambda x: x.amax((2, 3))),
    "batch normalisation": normalised,
    "layer normalisation": lambda: PerPixel(nn.LayerNorm(3)),
    "linear": lambda: PerPixel(nn.Linear(3, 5)),
    "GELU": nn.GELU,
    "GELU, tanh": lambda: nn.GELU("tanh"),
    "SiLU": nn.SiLU,
    "hard swish": nn.Hardswish,
    "hard sigmoid": nn.Hardsigmoid,
    "ReLU6": nn.ReLU6,
    "leaky ReLU": lambda: nn.LeakyReLU(0.2),
    "ELU": nn.ELU,
    "softplus": nn.Softplus,
    "Mish": nn.Mish,
    "PReLU": lambda: nn.PReLU(3),
    "shuffled channels": lambda: Of(lambda x: x.reshape(1, 3, SIZE, SIZE, 1).transpose(1, 4).reshape(1, SIZE, SIZE, 3)),
    "parts": lambda: Of(lambda x: torch.cat([*x[..., 1:9].chunk(2, dim=3), x[..., ::3]], dim=3)),
    "attention": lambda: Of(attention),
    "powers": lambda: Of(lambda x: (x.abs() + 1).rsqrt() * x.pow(2) / (2 + x.exp()).sqrt() - x.tanh() * x.erf()),
    "norm": lambda: Of(lambda x: functional.normalize(x, dim=1)),
    "variance": lambda: Of(lambda x: torch.var(x, dim=(2, 3), correction=0)),
}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore")
def test_it_computes_as_pytorch(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = Classified(MODULES[name]()).eval()  # type: ignore[no-untyped-call]
    images = torch.randint(0, 256, (1, 3, SIZE, SIZE)).float()
    with torch.inference_mode():
        expected = module(images)
    model = coremltools.convert(
        torch.jit.trace(module, (images,)),  # type: ignore[no-untyped-call]
        inputs=[coremltools.ImageType("image", shape=images.shape, color_layout=coremltools.colorlayout.RGB)],
        classifier_config=coremltools.ClassifierConfig([f"{number}" for number in range(expected.shape[1])]),
        compute_precision=coremltools.precision.FLOAT32,
        minimum_deployment_target=coremltools.target.iOS15,
        skip_model_load=True,
    )
    model.save(str(tmp_path / "model.mlpackage"))
    spec = coremltools.models.utils.load_spec(str(tmp_path / "model.mlpackage"))
    found = program.Program(spec, tmp_path / "model.mlpackage").run(images.numpy())
    assert torch.from_numpy(found).numpy() == pytest.approx(expected.numpy(), abs=1e-5)
    assert expected.std() > 1e-3 or expected.numel() <= 3
