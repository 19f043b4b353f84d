"""One trunk with several exits: a head at each of several cuts. They are trained together and deployed alone.

The exits share every weight of the trunk up to their cuts, as in BranchyNet (Teerapittayanon et al., ICPR 2016) and in
MSDNet (Huang et al., ICLR 2018). There, an image leaves at the first exit that is sure of it. Here, an exit is a
candidate: one training gives a network for each cut, and `network_at` takes one of them out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from blocks.anatomy import anatomy
from blocks.build import build
from blocks.elimination import eliminated_head, eliminated_trunk
from blocks.heads import build_head
from blocks.network import Network, Trunk
from blocks.scratch import ScratchTrunk
from blocks.specification import EliminatedSpecification, ScratchSpecification

Specifications = Sequence[EliminatedSpecification] | Sequence[ScratchSpecification]
Exits = tuple[EliminatedSpecification | ScratchSpecification, ...]


class MultiExitNetwork(Network):
    """(N, 3, S, S) with values 0..1 -> (exits, N, classes) logits, the shallowest exit first.

    `specification` is the deepest exit's. `head` holds the heads of all exits in their order.
    """

    def __init__(
        self, exits: Specifications, trunk: Trunk, heads: Sequence[nn.Module], maps: Sequence[list[int]]
    ) -> None:
        """`maps` has for each exit which of the trunk's maps its head reads, shallow to deep."""
        super().__init__(exits[-1], trunk, nn.ModuleList(heads))
        self.exits: Exits = tuple(exits)
        self._maps = tuple(maps)

    def exit_maps(self, x: Tensor) -> list[Tensor]:
        """(N, 3, S, S) with values 0..1 -> the deepest feature map (N, C, H, W) that each exit's head reads."""
        found = self.trunk((x - self.mean) / self.std)
        return [found[read[-1]] for read in self._maps]

    def forward(self, x: Tensor) -> Tensor:
        found = self.trunk((x - self.mean) / self.std)
        assert isinstance(self.head, nn.ModuleList)
        logits = [head([found[index] for index in read]) for head, read in zip(self.head, self._maps, strict=True)]
        return torch.stack(logits)

    def network_at(self, exit_number: int) -> Network:
        """The deployable network of an exit, counted from 0, in evaluation mode.

        It shares its weights with this one until it is copied. Its logits equal the exit's, bit for bit, where both run
        on the same device with the same memory format.
        """
        assert isinstance(self.head, nn.ModuleList)
        network = build(self.exits[exit_number])
        mine = {f"trunk.{name}": tensor for name, tensor in self.trunk.state_dict().items()}
        mine |= {f"head.{name}": tensor for name, tensor in self.head[exit_number].state_dict().items()}
        network.load_state_dict({name: mine[name] for name in network.state_dict()}, assign=True)
        network.mean, network.std = self.mean, self.std
        return network.eval()


def build_multi_exit(exits: Specifications, backbone_state: Mapping[str, Any] | None = None) -> MultiExitNetwork:
    """The network with all `exits`, from the shallowest to the deepest, on random weights or on `backbone_state`.

    Cut backbones differ in their cuts and heads alone; an uncut one is the last. Networks from scratch begin with all
    stages of the exit before them. Raises ValueError where that is not so, where a cut or a tap does not exist, or
    where the weights do not fit.
    """
    if not exits:
        raise ValueError("a network has at least one exit")
    if all(isinstance(each, EliminatedSpecification) for each in exits):
        return _of_backbone([each for each in exits if isinstance(each, EliminatedSpecification)], backbone_state)
    if all(isinstance(each, ScratchSpecification) for each in exits):
        if backbone_state is not None:
            raise ValueError("a scratch network has no backbone to load weights into")
        return _from_scratch([each for each in exits if isinstance(each, ScratchSpecification)])
    raise ValueError("exits are all of one backbone, or all of one network from scratch")


def _of_backbone(
    exits: Sequence[EliminatedSpecification], backbone_state: Mapping[str, Any] | None
) -> MultiExitNetwork:
    deepest = exits[-1]
    _check_equal(exits, "cut", "head")
    known = anatomy(deepest.backbone, deepest.image_size)
    depths = [known.cuts.index(known.cut(each.cut)) for each in exits]
    if depths != sorted(set(depths)):
        raise ValueError("exits go from the shallowest cut to the deepest, and each cut has one exit")
    reads = [
        sorted({*(known.cuts.index(known.cut(tap)) for tap in each.head.taps), depth})
        for each, depth in zip(exits, depths, strict=True)
    ]
    points = sorted({point for read in reads for point in read})
    if any(read[-1] != depth for read, depth in zip(reads, depths, strict=True)):
        raise ValueError("the taps of a head are shallower than its cut")
    trunk = eliminated_trunk(
        known, known.cuts[depths[-1]], [known.cuts[point] for point in points[:-1]], backbone_state
    )
    maps = [[points.index(point) for point in read] for read in reads]
    heads = [
        eliminated_head(each, [trunk.channels[index] for index in read]) for each, read in zip(exits, maps, strict=True)
    ]
    return MultiExitNetwork(exits, trunk, heads, maps)


def _from_scratch(exits: Sequence[ScratchSpecification]) -> MultiExitNetwork:
    deepest = exits[-1]
    _check_equal(exits, "stages", "head")
    ends = [len(each.stages) for each in exits]
    if ends != sorted(set(ends)) or any(deepest.stages[: len(each.stages)] != each.stages for each in exits):
        raise ValueError("each exit from scratch has all stages of the exit before it, and more")
    trunk = ScratchTrunk(deepest, ends[:-1])
    heads = [
        build_head(each.head, [channels], each.classes) for each, channels in zip(exits, trunk.channels, strict=True)
    ]
    return MultiExitNetwork(exits, trunk, heads, [[index] for index in range(len(exits))])


def _check_equal(exits: Specifications, *own: str) -> None:
    """Raises ValueError where exits differ in other fields than those in `own`."""
    different = {
        field for each in exits for field, value in each if field not in own and value != getattr(exits[-1], field)
    }
    if different:
        raise ValueError(f"all exits of a network have the same {', '.join(sorted(different))}")
