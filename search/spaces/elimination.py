"""The elimination space: from a trial to a cut of a pretrained backbone, its new head, and a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from optuna.trial import BaseTrial

from blocks.anatomy import Anatomy, Cut, anatomy
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.spaces import EliminationSpace, Training
from search.spaces.counts import counts_of, over_counts
from search.spaces.recipe import sample_recipe, suggest, suggest_choice, suggest_count

MAX_TAPS = 3
FEWEST_CLASSES = 2
TRAINING = "training"
"""The Optuna parameter of the kind of training."""


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


def first_parameters(space: EliminationSpace, at_most: int) -> list[dict[str, Any]]:
    """Optuna parameters of a study's first trials: the linear probes of each backbone.

    In a space of separate trainings without shared ones, each full backbone follows, and each backbone cut at the ends
    of its stages, the deepest first. The study then shows what cutting costs, and the sampler starts from points along
    the whole depth. The first `at_most` trials are queued in the order of their MACs: later trials soon have rivals.
    """
    cuts = {name: cuts_in_space(space, anatomy(name, space.image_sizes[0])) for name in dict.fromkeys(space.backbones)}
    trainings = trainings_of(space)
    probes = [at_cut(space, name, "probe") for name in cuts] if "probe" in trainings else []
    if "shared" in trainings or "alone" not in trainings:
        return probes
    ladders = [[(name, cut) for cut in reversed(cuts[name]) if cut.stage_end] for name in cuts]
    points = [point for rung in zip_longest(*ladders) for point in rung if point is not None][:at_most]
    in_order = sorted(points, key=lambda point: point[1].macs)
    return probes + [at_cut(space, name, "alone", cuts[name].index(cut)) for name, cut in in_order]


def at_cut(space: EliminationSpace, backbone: str, training: Training, depth: int | None = None) -> dict[str, Any]:
    """Optuna parameters of a backbone's cut, by default the deepest within the limits on counts.

    Parameters without a choice are left out.
    """
    known = anatomy(backbone, space.image_sizes[0])
    cuts = cuts_in_space(space, known)
    deepest = len(cuts) - 1
    parameters: dict[str, Any] = {"backbone": backbone} if len(set(space.backbones)) > 1 else {}
    if len(set(space.image_sizes)) > 1:
        parameters["image_size"] = space.image_sizes[0]
    if len(trainings_of(space)) > 1:
        parameters[TRAINING] = training
    if deepest:
        parameters[_name_of_cut(backbone)] = _deepest_within(space, known, cuts) if depth is None else depth
    return parameters


def _deepest_within(space: EliminationSpace, known: Anatomy, cuts: Sequence[Cut]) -> int:
    """The place of the deepest cut within the limits on counts, which hold for no full backbone.

    The head counts with the fewest classes. Where no cut is within the limits, the shallowest is chosen.
    """
    for place in reversed(range(len(cuts))):
        if cuts[place].module is None or not over_counts(space, _counts_of_cut(space, known, cuts[place])):
            return place
    return 0


def _counts_of_cut(space: EliminationSpace, known: Anatomy, cut: Cut) -> Mapping[str, int]:
    counts = {"parameters": cut.parameters, "macs": cut.macs}
    if not space.limits_memory:
        return counts
    return counts_of(with_linear_head(known, cut, FEWEST_CLASSES)) | counts


def sample(trial: BaseTrial, space: EliminationSpace, classes: int) -> Candidate:
    """The candidate of a trial. A cut is sampled as its depth, in the order of the choices, and stored as a module."""
    backbone = suggest_choice(trial, "backbone", space.backbones)
    image_size = suggest_choice(trial, "image_size", space.image_sizes)
    known = anatomy(backbone, image_size)
    cuts = cuts_in_space(space, known)
    training = suggest_choice(trial, TRAINING, trainings_of(space))
    cut = cuts[suggest_count(trial, _name_of_cut(backbone), 0, len(cuts) - 1)]
    network = with_linear_head(known, cut, classes)
    if training == "alone":
        network = network.model_copy(update={"head": _sample_head(trial, space, known, cut)})
    if training == "probe":
        recipe = Recipe.model_validate({**space.recipe.model_dump(), "method": "linear_probe", "epochs": 1})
        return Candidate(network=network, initial_weights="pretrained", recipe=recipe)
    pretrained = space.initial_weights == "pretrained"
    most_frozen = min(space.max_frozen_stages, cut.stage) if pretrained and training == "alone" else 0
    recipe = sample_recipe(
        trial,
        space,
        frozen_stages=suggest_count(trial, "frozen_stages", 0, most_frozen),
        trunk_learning_rate=suggest(trial, "trunk_learning_rate", space.trunk_learning_rate) if pretrained else 1.0,
    )
    exits: tuple[str | None, ...] = ()
    if training == "shared":
        dropout = suggest(trial, "dropout", space.dropout)
        network = network.model_copy(update={"head": network.head.model_copy(update={"dropout": dropout})})
        exits = tuple(each.module for each in cuts[: cuts.index(cut) + 1])
    return Candidate(network=network, initial_weights=space.initial_weights, recipe=recipe, exits=exits)


def trainings_of(space: EliminationSpace) -> list[Training]:
    """The kinds of trainings that the space has. Probes need pretrained weights, and all but `alone` linear heads."""
    possible = {"alone"}
    if "pool_linear" in space.heads:
        possible |= {"shared", "probe"} if space.initial_weights == "pretrained" else {"shared"}
    return [kind for kind in space.trainings if kind in possible] or ["alone"]


def exits_of(candidate: Candidate, space: EliminationSpace) -> list[Candidate]:
    """The networks that the candidate's training gives, from the shallowest cut to the deepest, its own.

    A probe of a cut gives the probes of all cuts of the space below it.
    """
    network, exits = candidate.network, candidate.exits
    assert isinstance(network, EliminatedSpecification)
    if candidate.recipe.method == "linear_probe":
        modules = [cut.module for cut in cuts_in_space(space, anatomy(network.backbone, network.image_size))]
        exits = tuple(modules[: modules.index(network.cut) + 1])
    return [at_exit(candidate, module) for module in exits] or [candidate]


def at_exit(candidate: Candidate, module: str | None) -> Candidate:
    """The candidate of another exit of the same training; `module` is its cut."""
    network = candidate.network
    assert isinstance(network, EliminatedSpecification)
    head = network.head.model_copy(update={"kind": "pool_linear" if module else "original"})
    return candidate.model_copy(update={"network": network.model_copy(update={"cut": module, "head": head})})


def place_of_cut(candidate: Candidate, space: EliminationSpace) -> tuple[str, int]:
    """The name and the value of the Optuna parameter that gives the candidate's cut."""
    network = candidate.network
    assert isinstance(network, EliminatedSpecification)
    cuts = cuts_in_space(space, anatomy(network.backbone, network.image_size))
    return _name_of_cut(network.backbone), [cut.module for cut in cuts].index(network.cut)


def _name_of_cut(backbone: str) -> str:
    return f"{backbone}.cut"


def with_linear_head(known: Anatomy, cut: Cut, classes: int) -> EliminatedSpecification:
    """The network of a cut with pooling and a linear layer on top."""
    return EliminatedSpecification(
        backbone=known.backbone,
        image_size=known.image_size,
        classes=classes,
        mean=known.mean,
        std=known.std,
        cut=cut.module,
        head=HeadSpecification(kind="pool_linear" if cut.module else "original"),
    )


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
