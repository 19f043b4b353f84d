"""Networks from the lower part of a pretrained backbone: everything above a cut is eliminated, a head takes its place.

The method is that of the original ELimNet: eliminate, add a small head, fine-tune. That early layers transfer and late
ones specialise is from Yosinski et al., "How transferable are features in deep neural networks?", NeurIPS 2014.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from threading import get_ident
from typing import Any

from torch import Tensor, nn

from blocks.anatomy import Anatomy, Cut, anatomy, stage_ends
from blocks.backbone import create_backbone, eliminate_after, first, load_backbone, to_map
from blocks.heads import build_head
from blocks.network import Network, Trunk
from blocks.specification import EliminatedSpecification, HeadSpecification


def build_eliminated(
    specification: EliminatedSpecification, backbone_state: Mapping[str, Any] | None = None
) -> Network:
    """The cut backbone with its head, with random weights or with the full backbone's `backbone_state`.

    Raises ValueError if the backbone, the cut or a tap does not exist, or if the weights do not fit the backbone.
    """
    known = anatomy(specification.backbone, specification.image_size)
    cut = known.cut(specification.cut)
    taps = [known.cut(tap) for tap in specification.head.taps]
    order = [known.cuts.index(point) for point in (*taps, cut)]
    if order != sorted(set(order)):
        raise ValueError(f"taps {specification.head.taps} must be in order and shallower than the cut {cut.module!r}")
    trunk = eliminated_trunk(known, cut, taps, backbone_state)
    return Network(specification, trunk, eliminated_head(specification, trunk.channels))


def eliminated_trunk(
    known: Anatomy, cut: Cut, taps: Sequence[Cut], backbone_state: Mapping[str, Any] | None = None
) -> Trunk:
    """What `cut` keeps of a backbone: (N, 3, S, S) -> the maps at `taps`, in order and shallower, then the cut's."""
    model = create_backbone(known.backbone, known.image_size)
    if backbone_state is not None:
        load_backbone(model, known.backbone, backbone_state)
    if cut.module is not None:
        eliminate_after(model, cut.module, known.spans)
    return _EliminatedTrunk(model, known, cut, taps)


def eliminated_head(specification: EliminatedSpecification, channels: Sequence[int]) -> nn.Module:
    """The head with random weights for maps of `channels`; an uncut backbone's own gets a new last layer."""
    head = specification.head
    if head.kind == "original":
        head = HeadSpecification(kind="pool_linear", dropout=head.dropout)
    return build_head(head, channels, specification.classes)


class _EliminatedTrunk(Trunk):
    """The lower part of a backbone. A full backbone returns its pooled features as a map of 1x1."""

    def __init__(self, backbone: nn.Module, known: Anatomy, cut: Cut, taps: Sequence[Cut]) -> None:
        super().__init__()
        self.backbone = backbone
        self.channels = tuple(point.channels for point in (*taps, cut))
        self.stage_modules = _modules_until(stage_ends(known, cut), backbone, known)
        kept = known.cuts[: known.cuts.index(cut) + 1]
        self.block_modules = _modules_until([point.module for point in kept if point.module], backbone, known)
        self.stem_parameters = list(backbone.parameters(recurse=False))
        self.any_size = not backbone.pretrained_cfg["fixed_input_size"]  # type: ignore[index]
        self._uncut = cut.module is None
        self._taps = [str(tap.module) for tap in taps]
        self._tapped: dict[tuple[int, str], Tensor] = {}  # also by thread: several threads may run one network
        for name in self._taps:
            backbone.get_submodule(name).register_forward_hook(partial(self._keep, name))

    def _keep(self, name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        self._tapped[get_ident(), name] = first(output)

    def forward(self, x: Tensor) -> list[Tensor]:
        if self._uncut:
            pooled: Tensor = self.backbone(x)
            deepest = pooled[:, :, None, None]
        else:
            deepest = to_map(self.backbone, first(self.backbone.forward_features(x)))  # type: ignore[operator]
        tapped = [self._tapped.pop((get_ident(), name)) for name in self._taps]
        return [*(to_map(self.backbone, feature) for feature in tapped), deepest]


def _modules_until(points: Sequence[str], backbone: nn.Module, known: Anatomy) -> list[list[nn.Module]]:
    """The modules that have ended when each of the `points` ends and had not when the point before it did."""
    ends = [known.spans[module][1] for module in points]
    parts: list[list[nn.Module]] = [[] for _ in ends]
    for name, module in backbone.named_modules():
        if not name or name not in known.spans:
            continue
        part = next((index for index, end in enumerate(ends) if known.spans[name][1] <= end), None)
        if part is not None:
            parts[part].append(module)
    return parts
