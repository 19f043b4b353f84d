"""Eliminating the top of a pretrained backbone: where it can be cut, and the network that is left.

One idea serves every family of timm. The backbone is run once with hooks that note when each module starts and ends. A
cut after module M keeps what started before M ended; what started later is taken out of its Sequential or replaced by
an identity. That a cut is sound is not assumed but seen: the cut network's output must equal the whole network's
feature at M.

The method is the founding project's: eliminate, put a small head in place, fine-tune. That early layers transfer and
late ones specialise is from Yosinski et al., "How transferable are features in deep neural networks?", NeurIPS 2014.
"""

from __future__ import annotations

import copy
import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import get_ident
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from blocks.heads import build_head
from blocks.network import Network, Trunk
from blocks.specification import EliminatedSpecification, HeadSpecification

# Where it first started and where it last ended, in the order of module calls of one forward pass.
Span = tuple[int, int]
CONTAINERS = (nn.Sequential, nn.ModuleList)


@dataclass(frozen=True)
class Cut:
    """One point at which a backbone can be cut, and what is kept of it there.

    module      name of the last kept module; None for the uncut backbone (which then ends in its pooled features)
    stage       number of the stage it lies in, from 1; `stage_end` where it is that stage's last
    channels    of the feature at the cut
    reduction   input size over feature size
    parameters  of what is kept, without a head
    macs        of what is kept, for one image of the anatomy's size
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
    """A backbone at an image size: its cuts from shallow to deep, the uncut one last, and what cutting needs."""

    backbone: str
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    cuts: tuple[Cut, ...]
    spans: Mapping[str, Span]

    def cut(self, module: str | None) -> Cut:
        """The cut after `module`. Raises ValueError that names the nearest ones."""
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
    the reason. Leaves the random generators as they were, so that the first build in a process equals the later ones.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = _create(backbone, image_size).eval().requires_grad_(False)
        image = torch.randn(1, 3, image_size, image_size)
        try:
            record = _Recording(model, _cut_modules(model), image)
        except Exception as error:
            raise ValueError(f"{backbone} does not run on {image_size} px: {error}") from error
        cuts = list(_sound_cuts(model, record, image))
    if not cuts:
        raise ValueError(
            f"{backbone} ({type(model).__name__}) cannot be cut: no block of it hands on a single feature that the "
            "rest of the network is computed from"
        )
    uncut = Cut(None, cuts[-1].stage, True, record.pooled.shape[1], image_size, _parameters(model), record.macs)
    config: Any = model.pretrained_cfg
    return Anatomy(backbone, image_size, config["mean"], config["std"], (*cuts, uncut), record.spans)


def build_eliminated(
    specification: EliminatedSpecification, backbone_state: Mapping[str, Any] | None = None
) -> Network:
    """The cut backbone with its head, on random weights or on the whole backbone's `backbone_state`.

    Raises ValueError where the backbone, the cut or a tap does not exist, or where the weights do not fit the backbone.
    """
    known = anatomy(specification.backbone, specification.image_size)
    cut = known.cut(specification.cut)
    taps = [known.cut(tap) for tap in specification.head.taps]
    order = [known.cuts.index(point) for point in (*taps, cut)]
    if order != sorted(set(order)):
        raise ValueError(f"taps {specification.head.taps} must be in order and shallower than the cut {cut.module!r}")
    model = _create(specification.backbone, specification.image_size)
    if backbone_state is not None:
        _load(model, specification.backbone, backbone_state)
    if cut.module is not None:
        eliminate_after(model, cut.module, known.spans)
    trunk = _EliminatedTrunk(model, known, cut, taps)
    head = specification.head
    if head.kind == "original":
        head = HeadSpecification(kind="pool_linear", dropout=head.dropout)
    return Network(specification, trunk, build_head(head, trunk.channels, specification.classes))


class _EliminatedTrunk(Trunk):
    """What is kept of a backbone. An uncut one gives its pooled features as a map of 1x1."""

    def __init__(self, backbone: nn.Module, known: Anatomy, cut: Cut, taps: list[Cut]) -> None:
        super().__init__()
        self.backbone = backbone
        self.channels = tuple(point.channels for point in (*taps, cut))
        self.stage_modules = _modules_by_stage(backbone, known, cut)
        self.stem_parameters = list(backbone.parameters(recurse=False))
        self.any_size = not backbone.pretrained_cfg["fixed_input_size"]  # type: ignore[index]
        self._uncut = cut.module is None
        self._taps = [str(tap.module) for tap in taps]
        self._tapped: dict[tuple[int, str], Tensor] = {}  # by thread, too: several may run one network at once
        for name in self._taps:
            backbone.get_submodule(name).register_forward_hook(partial(self._keep, name))

    def _keep(self, name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        self._tapped[get_ident(), name] = _first(output)

    def forward(self, x: Tensor) -> list[Tensor]:
        if self._uncut:
            pooled: Tensor = self.backbone(x)
            return [pooled[:, :, None, None]]
        deepest = _first(self.backbone.forward_features(x))  # type: ignore[operator]
        tapped = [self._tapped.pop((get_ident(), name)) for name in self._taps]
        return [to_map(self.backbone, feature) for feature in (*tapped, deepest)]


def to_map(backbone: nn.Module, feature: Tensor) -> Tensor:
    """A backbone's feature as a map (N, C, H, W): from one, (N, H, W, C) or tokens (N, L, C) less prefix."""
    if feature.ndim == 4:
        _, first, second, third = feature.shape
        square_last = second == third and (first != second or getattr(backbone, "output_fmt", "NCHW") != "NHWC")
        return feature if square_last else feature.permute(0, 3, 1, 2)
    if feature.ndim != 3:
        raise ValueError(f"a feature of shape {tuple(feature.shape)} is neither a map nor tokens")
    prefix = int(getattr(backbone, "num_prefix_tokens", 0))
    tokens = feature if math.isqrt(feature.shape[1]) ** 2 == feature.shape[1] else feature[:, prefix:]
    side = math.isqrt(tokens.shape[1])
    sides = (side, side) if side * side == tokens.shape[1] else (tokens.shape[1], 1)
    return tokens.transpose(1, 2).reshape(len(tokens), -1, *sides)


def _create(backbone: str, image_size: int) -> nn.Module:
    """The whole backbone without a classifier: `forward` gives pooled features, `forward_features` the last map."""
    if not timm.is_model(backbone):
        near = difflib.get_close_matches(backbone, timm.list_models(), n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `timm.list_models()` lists them"
        raise ValueError(f"timm {timm.__version__} has no model {backbone!r}{hint}")
    config = timm.models.get_pretrained_cfg(backbone)
    size: dict[str, Any] = {"img_size": image_size} if config is not None and config.fixed_input_size else {}
    model: nn.Module = timm.create_model(backbone, pretrained=False, num_classes=0, **size)
    return model


def _load(model: nn.Module, backbone: str, state: Mapping[str, Any]) -> None:
    classifier = model.pretrained_cfg.get("classifier") or ()  # type: ignore[union-attr, operator]
    prefixes = tuple(f"{name}." for name in ((classifier,) if isinstance(classifier, str) else classifier))
    kept = {key: value for key, value in state.items() if not key.startswith(prefixes)} if prefixes else dict(state)
    try:
        model.load_state_dict(kept)
    except RuntimeError as error:
        raise ValueError(f"the weights do not fit {backbone}: {error}") from error


class _Recording:
    """One forward pass of a whole backbone: each module's span; at each possible cut, feature and MACs so far."""

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
        feature = _first(output)
        if name in self._wanted and isinstance(feature, Tensor):
            # A copy: an activation that works in place would change what was noted here.
            self.features[name] = feature.clone()
            self.macs_until[name] = self._counter.get_total_flops() // 2

    def _span_uncalled_containers(self, model: nn.Module) -> None:
        """A ModuleList is never called itself: its span is that of what it holds."""
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
    # A network of bare layers (VGG) is cut where timm says; elsewhere a bare layer is a stem, not a block.
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
    """The outermost of `points` that holds this one."""
    return min((other for other in points if point == other or point.startswith(f"{other}.")), key=len)


def _sound_cuts(model: nn.Module, record: _Recording, image: Tensor) -> Iterator[Cut]:
    """The cuts whose output is what the whole network computes there, one for each distinct feature."""
    points = sorted(record.features, key=lambda point: record.spans[point][1])
    found: list[tuple[str, Cut]] = []
    for point in points:
        cut_model = copy.deepcopy(model)
        try:
            eliminate_after(cut_model, point, record.spans)
            output = to_map(cut_model, _first(cut_model.forward_features(image)))  # type: ignore[operator]
            whole = to_map(model, record.features[point])
        except Exception:  # noqa: BLE001, S112 - whatever an unsound cut runs into, it is no cut
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
    """A stage ends where its last block does; it is listed once, by the block's name."""
    return (one.channels, one.reduction, one.parameters, one.macs) == (
        other.channels,
        other.reduction,
        other.parameters,
        other.macs,
    )


def eliminate_after(model: nn.Module, cut: str, spans: Mapping[str, Span]) -> None:
    """Take out, in place, every module that starts after `cut` has ended."""
    end = spans[cut][1]
    parent, prefix = model, ""
    for part in cut.split("."):
        for key, child in list(parent.named_children()):
            start = spans.get(f"{prefix}{key}", (0, 0))[0]
            if key == part or start <= end:
                continue
            if isinstance(parent, CONTAINERS):
                delattr(parent, key)
            else:
                setattr(parent, key, nn.ModuleList() if isinstance(child, nn.ModuleList) else nn.Identity())
        parent, prefix = parent.get_submodule(part), f"{prefix}{part}."


def stage_ends(known: Anatomy, cut: Cut) -> list[str]:
    """The last module of each stage that is kept by `cut`, which may lie inside the last of them."""
    kept = known.cuts[: known.cuts.index(cut) + 1]
    return [point.module for point in kept if point.module and (point.stage_end or point is cut)]


def _modules_by_stage(backbone: nn.Module, known: Anatomy, cut: Cut) -> list[list[nn.Module]]:
    """The modules that have ended when each kept stage ends and had not when the one before it did."""
    ends = [known.spans[module][1] for module in stage_ends(known, cut)]
    stages: list[list[nn.Module]] = [[] for _ in ends]
    for name, module in backbone.named_modules():
        if not name or name not in known.spans:
            continue
        stage = next((index for index, end in enumerate(ends) if known.spans[name][1] <= end), None)
        if stage is not None:
            stages[stage].append(module)
    return stages


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple | list) else output


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
