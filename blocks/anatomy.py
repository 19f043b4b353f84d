"""Where a pretrained backbone can be cut.

One idea serves every family of timm. The backbone is run once with hooks that note when each module starts and ends. A
cut after module M keeps everything that started before M ended. Everything that started later is taken out of its
Sequential or replaced by an identity. That a cut is sound is not assumed but tested: the output of the cut network must
equal the feature that the whole network computes at M.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from blocks.backbone import CONTAINERS, Span, create_backbone, eliminate_after, first, to_map


@dataclass(frozen=True)
class Cut:
    """One point at which a backbone can be cut, and the trunk that remains below it.

    module      name of the last module of the trunk; None for the full backbone, which ends in its pooled features
    stage       number of the module's stage, counted from 1
    stage_end   whether the module is the last of its stage
    channels    channels of the feature at the cut
    reduction   input size divided by feature size
    parameters  parameters of the trunk, without a head
    macs        MACs of the trunk for one image of the anatomy's size
    """

    module: str | None
    stage: int
    stage_end: bool
    channels: int
    reduction: float
    parameters: int
    macs: int


@dataclass(frozen=True)
class Anatomy:
    """A backbone at an image size: its cuts from shallow to deep, with the full backbone last, and the module spans."""

    backbone: str
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    cuts: tuple[Cut, ...]
    spans: Mapping[str, Span]

    def cut(self, module: str | None) -> Cut:
        """The cut after `module`. Raises ValueError with the most similar names."""
        for cut in self.cuts:
            if cut.module == module:
                return cut
        names = [cut.module for cut in self.cuts if cut.module]
        near = difflib.get_close_matches(str(module), names, n=3) or names[:3]
        raise ValueError(
            f"{self.backbone} has no cut {module!r}; it has {', '.join(near)}, …: see `python -m search.cuts`"
        )


@lru_cache(maxsize=256)
def anatomy(backbone: str, image_size: int) -> Anatomy:
    """Find the cuts of a timm backbone for images of `image_size`. Takes about a second for a small backbone.

    Raises ValueError for a backbone that timm does not have, that does not take this size, or that cannot be cut, with
    the reason. The random generators stay as they are, so that the first build in a process equals the later ones.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = create_backbone(backbone, image_size).eval().requires_grad_(False)
        image = torch.randn(1, 3, image_size, image_size)
        try:
            record = _Recording(model, _cut_modules(model), image)
        except Exception as error:
            raise ValueError(f"{backbone} does not run on {image_size} px: {error}") from error
        cuts = list(_sound_cuts(model, record, image))
    if not cuts:
        raise ValueError(
            f"{backbone} ({type(model).__name__}) cannot be cut: no block of it passes on a single "
            "feature that the rest of the network is computed from"
        )
    uncut = Cut(None, cuts[-1].stage, True, record.pooled.shape[1], image_size, _parameters(model), record.macs)
    config: Any = model.pretrained_cfg
    return Anatomy(backbone, image_size, config["mean"], config["std"], (*cuts, uncut), record.spans)


def stage_ends(known: Anatomy, cut: Cut) -> list[str]:
    """The last module of each stage below `cut`, which may lie inside the last of these stages."""
    kept = known.cuts[: known.cuts.index(cut) + 1]
    return [point.module for point in kept if point.module and (point.stage_end or point is cut)]


class _Recording:
    """One forward pass of a full backbone: each module's span, and the feature and the MACs at each possible cut."""

    def __init__(self, model: nn.Module, points: list[str], image: Tensor) -> None:
        self.spans: dict[str, Span] = {}
        self.features: dict[str, Tensor] = {}
        self.macs_until: dict[str, int] = {}
        self.stage_of = {point: _stage_path(point, points) for point in points}
        self._clock = 0
        self._wanted = set(points)
        self._counter = FlopCounterMode(display=False)
        handles = []
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(partial(self._start, name)))
            handles.append(module.register_forward_hook(partial(self._end, name)))
        with self._counter:
            self.pooled: Tensor = model(image)
        for handle in handles:
            handle.remove()
        self.macs = self._counter.get_total_flops() // 2
        self._span_uncalled_containers(model)

    def _start(self, name: str, _module: nn.Module, _inputs: Any) -> None:
        self._clock += 1
        self.spans.setdefault(name, (self._clock, self._clock))

    def _end(self, name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        self._clock += 1
        self.spans[name] = (self.spans[name][0], self._clock)
        feature = first(output)
        if name in self._wanted and isinstance(feature, Tensor):
            # A copy: an in-place activation would change the feature.
            self.features[name] = feature.clone()
            self.macs_until[name] = self._counter.get_total_flops() // 2

    def _span_uncalled_containers(self, model: nn.Module) -> None:
        """The span of a ModuleList, which is never called, is the span of its modules."""
        for name, module in model.named_modules():
            held = [self.spans[f"{name}.{key}"] for key, _ in module.named_modules() if f"{name}.{key}" in self.spans]
            if name and name not in self.spans and held:
                self.spans[name] = (min(start for start, _ in held), max(end for _, end in held))


def _cut_modules(model: nn.Module) -> list[str]:
    """Names of the modules after which a cut is tried: stages, as timm describes them, and the blocks inside them."""
    info: Any = model.feature_info
    described = [entry["module"] for entry in (info if isinstance(info, list) else info.info)]
    modules = dict(model.named_modules())
    stages: dict[str, None] = {}
    for name in described:
        if name in modules:
            parent = name.rpartition(".")[0]
            if parent and isinstance(modules[parent], CONTAINERS):
                stages.update(dict.fromkeys(f"{parent}.{key}" for key, _ in modules[parent].named_children()))
            stages[name] = None
    if not stages:
        tops = [(name, top) for name, top in model.named_children() if isinstance(top, CONTAINERS) and len(top) > 1]
        stages.update(dict.fromkeys(f"{name}.{key}" for name, top in tops for key, _ in top.named_children()))
    points = [point for stage in stages for point in _blocks_and_stage(stage, modules[stage])]
    composed = [point for point in dict.fromkeys(points) if any(modules[point].children())]
    # A network of bare layers (VGG) is cut where timm says. In other networks a bare layer is a stem, not a block.
    return composed or [name for name in described if name in modules]


def _blocks_and_stage(name: str, module: nn.Module) -> Iterator[str]:
    inner = getattr(module, "blocks", None)
    if isinstance(inner, CONTAINERS):
        children = [(f"{name}.blocks.{key}", child) for key, child in inner.named_children()]
    elif isinstance(module, CONTAINERS) or type(module).__name__.endswith("Stage"):
        children = [(f"{name}.{key}", child) for key, child in module.named_children()]
    else:
        children = []
    if any(any(child.children()) for _, child in children):
        for child_name, child in children:
            yield from _blocks_and_stage(child_name, child)
    yield name


def _stage_path(point: str, points: list[str]) -> str:
    """The outermost of `points` that contains this point."""
    return min((other for other in points if point == other or point.startswith(f"{other}.")), key=len)


def _sound_cuts(model: nn.Module, record: _Recording, image: Tensor) -> Iterator[Cut]:
    """The cuts whose output equals the feature of the whole network there, one cut for each distinct feature."""
    points = sorted(record.features, key=lambda point: record.spans[point][1])
    found: list[tuple[str, Cut]] = []
    for point in points:
        cut_model = copy.deepcopy(model)
        try:
            eliminate_after(cut_model, point, record.spans)
            output = to_map(cut_model, first(cut_model.forward_features(image)))  # type: ignore[operator]
            whole = to_map(model, record.features[point])
        except Exception:  # noqa: BLE001, S112 - an unsound cut can raise anything
            continue
        if output.shape != whole.shape or not torch.allclose(output, whole, rtol=1e-4, atol=1e-5):
            continue
        cut = Cut(
            point,
            0,
            False,
            whole.shape[1],
            image.shape[-1] / whole.shape[2],
            _parameters(cut_model),
            record.macs_until[point],
        )
        if found and _same_point(found[-1][1], cut):
            continue
        found.append((record.stage_of[point], cut))
    stages = list(dict.fromkeys(stage for stage, _ in found))
    for index, (stage, cut) in enumerate(found):
        ends = index + 1 == len(found) or found[index + 1][0] != stage
        yield Cut(cut.module, stages.index(stage) + 1, ends, cut.channels, cut.reduction, cut.parameters, cut.macs)


def _same_point(one: Cut, other: Cut) -> bool:
    """Whether two names stand for one cut: a stage ends where its last block ends, and the block's name is used."""
    return (one.channels, one.reduction, one.parameters, one.macs) == (
        other.channels,
        other.reduction,
        other.parameters,
        other.macs,
    )


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
