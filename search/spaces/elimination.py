"""The elimination space: from a trial to a cut of a pretrained backbone, its new head, and a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from optuna.trial import BaseTrial

from blocks.anatomy import Anatomy, Cut, anatomy
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.spaces import EliminationSpace
from search.spaces.recipe import sample_recipe, suggest, suggest_choice, suggest_count

MAX_TAPS = 3


def cuts_in_space(space: EliminationSpace, known: Anatomy) -> list[Cut]:
    """The cuts of a backbone that can be sampled, from shallow to deep: those within the parameter limit.

    The full backbone is the last, if the space has full backbones.
    """
    *cuts, uncut = known.cuts
    return [cut for cut in cuts if cut.parameters <= space.max_parameters] + ([uncut] if space.uncut else [])


def check_space(space: EliminationSpace) -> None:
    """Raises BadInput with every backbone that cannot be cut, at every image size, and the reason."""
    problems = []
    for backbone in space.backbones:
        for size in space.image_sizes:
            try:
                known = anatomy(backbone, size)
                if not cuts_in_space(space, known):
                    least = min(known.cuts, key=lambda cut: cut.parameters)
                    problems.append(
                        f"{backbone} has no cut of at most max_parameters={space.max_parameters:,}; its smallest, "
                        f"{least.module}, has {least.parameters:,} without a head; raise the limit"
                    )
            except ValueError as error:
                problems.append(str(error))
    if problems:
        raise BadInput("elimination space", list(dict.fromkeys(problems)))


def first_parameters(
    space: EliminationSpace, at_most: int, favourites: Sequence[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """Optuna parameters of a study's first trials: each full backbone, and the `favourites`, (backbone, module).

    Without favourites, each backbone is cut at the ends of its stages, the deepest first. The study then shows what
    cutting costs, and the sampler starts from points along the whole depth. Favourites get the smallest head, which
    also keeps them within the limit. Other parameters (recipe, other heads) are sampled. The first `at_most` trials are
    queued in the order of their MACs: most of a front is cheap, and later trials soon have rivals to be compared with.
    """
    cuts = {name: cuts_in_space(space, anatomy(name, space.image_sizes[0])) for name in dict.fromkeys(space.backbones)}
    ladders = [[(name, cut.module) for cut in reversed(cuts[name]) if cut.stage_end] for name in cuts]
    points = [point for rung in zip_longest(*ladders) for point in rung if point is not None]
    if favourites:
        points = [(name, module) for name, module in points if module is None] + list(favourites)
    queued: list[tuple[int, dict[str, Any]]] = []
    for name, module in points:
        depth = next(depth for depth, cut in enumerate(cuts[name]) if cut.module == module)
        parameters: dict[str, Any] = {"backbone": name} if len(cuts) > 1 else {}
        parameters |= {f"{name}.cut": depth} if len(cuts[name]) > 1 else {}
        if (name, module) in favourites and "pool_linear" in space.heads:
            parameters[_name_of_head(cuts[name][depth])] = "pool_linear"
        if parameters:
            queued.append((cuts[name][depth].macs, parameters))
    return [parameters for _, parameters in sorted(queued[:at_most], key=lambda entry: entry[0])]


def sample(trial: BaseTrial, space: EliminationSpace, classes: int) -> Candidate:
    """The candidate of a trial. A cut is sampled as its depth, in the order of the choices, and stored as a module."""
    backbone = suggest_choice(trial, "backbone", space.backbones)
    image_size = suggest_choice(trial, "image_size", space.image_sizes)
    known = anatomy(backbone, image_size)
    cuts = cuts_in_space(space, known)
    cut = cuts[suggest_count(trial, f"{backbone}.cut", 0, len(cuts) - 1)]
    network = EliminatedSpecification(
        backbone=backbone,
        image_size=image_size,
        classes=classes,
        mean=known.mean,
        std=known.std,
        cut=cut.module,
        head=_sample_head(trial, space, known, cut),
    )
    pretrained = space.initial_weights == "pretrained"
    most_frozen = min(space.max_frozen_stages, cut.stage) if pretrained else 0
    frozen_stages = suggest_count(trial, "frozen_stages", 0, most_frozen)
    recipe = sample_recipe(
        trial,
        space,
        frozen_stages=frozen_stages,
        trunk_learning_rate=suggest(trial, "trunk_learning_rate", space.trunk_learning_rate) if pretrained else 1.0,
    )
    return Candidate(network=network, initial_weights=space.initial_weights, recipe=recipe)


def _sample_head(trial: BaseTrial, space: EliminationSpace, known: Anatomy, cut: Cut) -> HeadSpecification:
    dropout = suggest(trial, "dropout", space.dropout)
    if cut.module is None:
        return HeadSpecification(kind="original", dropout=dropout)
    taps = [point.module for point in known.cuts if point.stage_end and point.stage < cut.stage and point.module]
    heads = [kind for kind in space.heads if taps or kind != "multi_tap"] or ["pool_linear"]
    kind = suggest_choice(trial, _name_of_head(cut), heads)
    if kind == "multi_tap":
        count = suggest_count(trial, "taps", 1, min(MAX_TAPS, len(taps)))
        return HeadSpecification(kind=kind, taps=tuple(taps[-count:]), dropout=dropout)
    if kind == "pool_linear":
        return HeadSpecification(kind=kind, dropout=dropout)
    width = suggest_choice(trial, "head_width", space.head_widths)
    convolutions = suggest_count(trial, "convolutions", 1, space.max_convolutions) if kind == "conv3x3" else None
    return HeadSpecification(kind=kind, width=width, convolutions=convolutions, dropout=dropout)


def _name_of_head(cut: Cut) -> str:
    """Optuna allows one set of choices per name, and a cut in the first stage has no shallower features to join."""
    return "head" if cut.stage > 1 else "head_of_first_stage"
