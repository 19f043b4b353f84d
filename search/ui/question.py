"""Question: one network, its figures beside those of the whole network, its mistakes, and a drawing of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from blocks.anatomy import anatomy
from blocks.specification import EliminatedSpecification, ScratchSpecification
from search.errors import BadInput
from search.models.candidate_text import network_in_words, recipe_in_words
from search.models.classifier import Images
from search.models.deployed import of_network
from search.models.mistakes.found import Mistakes, wrong_answers
from search.models.mistakes.page import page
from search.models.mistakes.writing import MOST_SHOWN, pictures_of
from search.models.original_data import open_images
from search.models.sources import fetch
from search.report.comparison import Comparison, Entry
from search.report.recommendation import half_as_large
from search.settings.stored import stored_candidate
from search.statistics.confusion import confusion_matrix
from search.system.device import choose_device
from search.ui.found import Found

NOT_SAVED = "Models are saved only for networks that were on their study's Pareto front when they finished."
MOST_CLASSES = 25
BLOCK, GAP, HEAD, TALLEST = 20, 4, 46, 96
"""Pixels of the drawing."""


def network(found: Found, axis: str, study: str, number: int) -> dict[str, Any] | None:
    """What the page of a network shows; None if no finished trial of a study has this number. Raises BadInput."""
    view = found.view(axis)
    entry = view.entry_of.get((study, number))
    if entry is None:
        return None
    candidate = stored_candidate(entry.row.candidate)
    of_study = next(each for each in view.comparison.search.studies if each.name == study)
    half, saved = half_as_large(view.comparison, entry), found.models()
    return {
        "entry": entry,
        "whole": _whole(view.comparison, entry),
        "words": network_in_words(candidate.network, candidate.initial_weights),
        "recipe": recipe_in_words(candidate.recipe, candidate.initial_weights, max(1, len(candidate.exits))),
        "half": half,
        "half_costs": None if half is None else entry.row.f1_macro - half.row.f1_macro,
        "advice": view.advice,
        "matrix": matrix(entry.row.confusion, [str(name) for name in of_study.data.get("classes", ())]),
        "model": next((name for trial in entry.row.trials if (name := f"{study}/{trial}") in saved), None),
    }


def matrix(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> list[tuple[str, list[tuple[int, int]]]]:
    """A row for each class: its name, and of each answer the count and its share of the row in tenths."""
    if not confusion or len(classes) != len(confusion) or len(classes) > MOST_CLASSES:
        return []
    return [
        (name, [(count, round(10 * count / max(1, sum(counts)))) for count in counts])
        for name, counts in zip(classes, confusion, strict=True)
    ]


def mistakes(found: Found, where: str) -> str:
    """The page of the validation images that a saved model gets wrong, with its maps. Raises BadInput."""
    if where not in found.models():
        raise BadInput("the mistakes cannot be shown", [NOT_SAVED])
    source = fetch(found.models()[where], found.settings)
    description = source.description
    if description.provenance.saw_validation:
        raise BadInput("the mistakes cannot be shown", [f"{where} was also trained on the validation images"])
    dataset = open_images(source, found.settings)
    arrays = dataset.arrays("validation", description.input.image_size)
    device = choose_device(found.settings.device)
    probabilities = of_network(source.network, description, device).probabilities(arrays.images)
    answers = probabilities.argmax(axis=1)
    wrong = Mistakes(
        title=f"Mistakes of {where} on the validation images of {dataset.name}",
        facts=(f"Macro F1 {description.provenance.metrics.f1_macro:.3f}. The search selects on these images.",),
        classes=description.classes,
        confusion=confusion_matrix(arrays.labels, answers, len(description.classes)),
        wrong=wrong_answers(
            [example.name for example in dataset.examples("validation")], arrays.labels, answers, probabilities
        ),
    )

    def read(rows: Sequence[int]) -> Images:
        return np.asarray(arrays.images[list(rows)])

    return page(wrong, *pictures_of(wrong.wrong[:MOST_SHOWN], read, source.network))


def drawing(entry: Entry) -> dict[str, Any]:
    """The network as bars, one a block and as high as its feature map is large, and in a sentence."""
    specification = stored_candidate(entry.row.candidate).network
    return (
        _of_scratch(specification) if isinstance(specification, ScratchSpecification) else _of_backbone(specification)
    )


def _whole(comparison: Comparison, entry: Entry) -> Entry | None:
    """The full backbone of the entry, or the best one of the search for a network from scratch."""
    same = [each for each in comparison.uncut if each.row.backbone == entry.row.backbone]
    own = [each for each in same if each.row.study == entry.row.study]
    best = max(own or same or comparison.uncut, key=lambda each: each.row.f1_macro, default=None)
    return None if best is entry else best


def _of_backbone(network: EliminatedSpecification) -> dict[str, Any]:
    known = anatomy(network.backbone, network.image_size)
    cuts = [cut for cut in known.cuts if cut.module]
    kept = next((place + 1 for place, cut in enumerate(cuts) if cut.module == network.cut), len(cuts))
    where = f"after {network.cut}" if network.cut else "nowhere: it is the full backbone"
    said = f"{network.backbone} is cut {where}. {kept} of {len(cuts)} blocks stay, then comes the head."
    return _bars([(cut.stage, 1 / cut.reduction, str(cut.module)) for cut in cuts], kept) | {"said": said}


def _of_scratch(network: ScratchSpecification) -> dict[str, Any]:
    blocks: list[tuple[int, float, str]] = []
    side = 0.5  # after the stem
    for number, stage in enumerate(network.stages, start=1):
        side /= stage.stride
        blocks += [(number, side, f"{stage.block}, {stage.channels} channels")] * stage.repeats
    said = f"A network from scratch: {len(blocks)} blocks in {len(network.stages)} stages, then the head."
    return _bars(blocks, len(blocks)) | {"said": said}


def _bars(blocks: Sequence[tuple[int, float, str]], kept: int) -> dict[str, Any]:
    """Places of blocks, of which the first `kept` stay; each is (stage, side of its map / side of the image, name)."""
    bars, x, stage_before, head = [], 4, 0, 0
    for number, (stage, side, name) in enumerate(blocks):
        x += 3 * GAP if stage != stage_before and stage_before else 0
        height = round(max(14.0, TALLEST * side**0.4))
        bars.append({"x": x, "height": height, "name": name, "is_kept": number < kept,
                     "stage": stage if stage != stage_before else ""})  # fmt: skip
        stage_before = stage
        x += BLOCK + GAP
        if number + 1 == kept:
            head = x + GAP
            x += HEAD + 5 * GAP
    return {"bars": bars, "head": head, "is_cut": kept < len(blocks), "width": x, "tallest": TALLEST, "block": BLOCK}


def in_code(text: str) -> Markup:
    """Markdown with nothing but `code`, as HTML."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    )
