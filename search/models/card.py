"""The model card: one page of Markdown about a saved model or an export. It needs the model's description only.

The headings follow Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, as far as a search can fill them in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.models.candidate_text import network_in_words, recipe_in_words
from search.models.decisions import in_words
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE, Decision, Metrics, ModelDescription, Provenance
from search.models.latency.exports import ExportLatencies
from search.models.latency.runs import LatencyRun
from search.models.latency.section import latency_section, on_other_devices
from search.models.square_code import in_markdown
from search.settings.stored import stored_recipe
from search.statistics.intervals import drawn_f1_of, over_images
from search.system.text import duration, escaped, marked_up_table, ratio, whole

FEW_IMAGES = 30
CONFUSIONS = 3
GOLDEN = (
    "`golden/` holds a few validation images, each as the file that it was and as the network's input. `golden.json` "
    "holds the answers of the trained network. `python -m search.verify .` checks both ways. If your own program "
    "answers differently, `python -m search.verify . --answers answers.json` names the probable error. Remove "
    "`golden/` and `golden.json` before you pass the model on, if these images must not be passed on. After the lines "
    "above, these check the model:"
)


@dataclass(frozen=True)
class Loading:
    """How to use an export.

    file       the model's file
    takes      the model's input
    needs      what the lines need
    lines      Python that loads the model and classifies an image
    check      Python that checks the loaded model against the golden pictures
    checked    for each file, how it compares with the trained network
    latencies  of the files, if they were measured
    resizes    whether the model resizes pictures itself
    note       a sentence that everybody who uses it must know, without a full stop
    """

    file: str
    takes: str
    needs: str
    lines: Sequence[str]
    check: Sequence[str]
    checked: Sequence[str]
    latencies: ExportLatencies | None = None
    resizes: bool = False
    note: str = ""


def model_card(description: ModelDescription, loading: Loading | None = None, runs: Sequence[LatencyRun] = ()) -> str:
    """The card of a saved model or, with `loading`, of an export; `runs` are the latency runs of its trial."""
    provenance = description.provenance
    recipe = recipe_in_words(stored_recipe(provenance.recipe), provenance.initial_weights, provenance.networks)
    sections = [
        f"# {escaped(provenance.study)}, trial {provenance.trial}",
        network_in_words(description.network, provenance.initial_weights),
        _facts(description, loading),
        f"## Scores on {provenance.metrics.split}",
        _scores(provenance.metrics),
        _classes(description.classes, provenance.metrics),
        *_unknown(provenance.metrics),
        *(["## Decisions", *_decisions(description.classes, description.decision)] if description.decision else []),
        "## Recipe",
        f"{recipe} Seed {provenance.seed}.",
        "## Latency",
        *latency_section(provenance, runs, loading.latencies if loading else None),
        *([on_other_devices(provenance, loading.file)] if loading else []),
        "## Load it",
        *_loading(description, loading),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(description)),
    ]
    return "\n\n".join(sections) + "\n"


def _loading(description: ModelDescription, loading: Loading | None) -> list[str]:
    if loading is None:
        needs = f"Put `{WEIGHTS_FILE}` and `{DESCRIPTION_FILE}` into one folder. The lines need this project installed:"
        return [needs, f"```python\n{loading_code(description)}\n```"]
    code, check = "\n".join(loading.lines), "\n".join(loading.check)
    checked = "\n".join(f"- {escaped(line)}" for line in loading.checked)
    return [
        *([f"{loading.note}."] if loading.note else []),
        loading.needs,
        f"```python\n{code}\n```",
        _unlike(description),
        "Comparison with the trained network:",
        checked,
        "## Check it",
        GOLDEN,
        f"```python\n{check}\n```",
        *([] if loading.resizes else ["## Resize in another language", *in_markdown(description.input)]),
    ]


def _unlike(description: ModelDescription) -> str:
    low, high = description.input.pixel_range
    return (
        "This snippet preprocesses ordinary 8-bit RGB images the way training did. Flatten transparent images onto "
        f"white first. In images with more than 8 bits per channel, {low:.10g} is black and {high:.10g} is white: "
        "scale them to 0 to 255 first. `python -m search.predict` does all of this for you."
    )


def loading_code(description: ModelDescription, folder: str = ".") -> str:
    """Five lines of Python that load the model and classify an image of noise."""
    size = description.input.image_size
    return "\n".join(
        [
            "import torch, pathlib",
            "from search.models.folder import load_model",
            f"network, description = load_model(pathlib.Path({folder!r}))",
            f"images = torch.rand(1, 3, {size}, {size})  # RGB, values 0 to 1",
            "print(description.classes[network(images).argmax()])",
        ]
    )


def _facts(description: ModelDescription, loading: Loading | None) -> str:
    provenance, size = description.provenance, description.input.image_size
    square = {"stretch": "stretching", "crop": "center crop"}[description.input.fit]
    takes = loading.takes if loading else f"(N, 3, {size}, {size}) float32, 0 to 1"
    metrics, data = provenance.metrics, provenance.data
    facts = {
        "Task": f"image classification, {len(description.classes)} classes",
        "Input": f"{takes}, RGB, normalised inside the network",
        "Resizing": f"to a square, by {square}",
        "Data": escaped(data["name"]),
        "Data fingerprint": f"`{escaped(data['fingerprint'])}`",
        "Split": f"{_split(data)}; seed {data['split_seed']}",
        "Parameters": whole(metrics.parameters),
        "Temperature": _temperature(description),
        "MACs": f"{whole(metrics.macs)} per image",
        "Trained on": _trained_on(provenance),
        "Trained by": f"{escaped(provenance.device)}, in {duration(provenance.seconds)} s",
        "Versions": escaped(", ".join(f"{name} {version}" for name, version in provenance.versions.items())),
    }
    return marked_up_table(["", ""], [[f"**{name}**", value] for name, value in facts.items()])


def _temperature(description: ModelDescription) -> str:
    if description.temperature == 1:
        return "none: the probabilities are not calibrated"
    return f"{description.temperature:.3f}, fitted on validation; it is part of the exported model's probabilities"


def _scores(metrics: Metrics) -> str:
    interval = over_images(metrics.f1_macro, drawn_f1_of(np.array(metrics.confusion)))
    images = whole(sum(map(sum, metrics.confusion)))
    return (
        f"Macro F1 **{metrics.f1_macro:.3f}** (95% CI {interval.low:.3f}-{interval.high:.3f}, bootstrap over images), "
        f"accuracy {metrics.accuracy:.3f}, on {images} images."
    )


def _classes(classes: tuple[str, ...], metrics: Metrics) -> str:
    """A table of each class: F1, precision, recall and the number of images."""
    confusion = np.array(metrics.confusion)
    right, true, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    body = [
        [
            escaped(name),
            f"{metrics.f1_per_class[index]:.3f}",
            ratio(right[index], predicted[index]),
            ratio(right[index], true[index]),
            whole(int(true[index])),
        ]
        for index, name in enumerate(classes)
    ]
    scores = ["F1", "precision", "recall", "images"]
    return marked_up_table(["class", *scores], body, numbers=scores)


def _unknown(metrics: Metrics) -> list[str]:
    """A paragraph about images of no class, if the split has some."""
    found = metrics.unknown
    if found is None:
        return []
    share = ""
    if found.turned_away is not None and found.known_turned_away is not None:
        share = (
            f" A threshold of {found.threshold:.3f} turns away {found.turned_away:.1%} of the unknown images, and "
            f"{found.known_turned_away:.1%} of the others."
        )
    said = (
        f"On {whole(found.images)} unknown images, which are of no class: AUROC **{found.auroc:.3f}**. In this share "
        "of pairs, the answer for an image of a class has a higher probability than that for an unknown image; 0.5 is "
        "chance."
    )
    return [said + share]


def _decisions(classes: tuple[str, ...], decision: Decision) -> list[str]:
    asked = []
    if decision.precision is not None:
        asked.append(f"a precision of at least {decision.precision:g} for each class, with 95% confidence")
    if decision.reject is not None:
        asked.append(f"{decision.reject:.3g} of the images turned away")
    rows = [[escaped(name), f"{value:.4f}"] for name, value in zip(classes, decision.thresholds, strict=True)]
    return [
        (
            f"**{in_words(decision)}** The thresholds were chosen on these images, with the unquantised model, for "
            f"{' and '.join(asked)}. `predict` calls an image `unsure` if the probability of its class is below:"
        ),
        marked_up_table(["class", "threshold"], rows, numbers=["threshold"]),
    ]


def _limits(description: ModelDescription) -> list[str]:
    provenance = description.provenance
    metrics, data = provenance.metrics, provenance.data
    limits = []
    if metrics.split == "validation":
        limits.append("The search selected on this score: expect a lower score on new images. No test image was used.")
    if provenance.saw_validation:
        limits.append("It was also trained on the validation images: a score on them says nothing about new images.")
    limits += [
        "It was trained with one seed: another seed gives another score.",
        _on_other_things(description),
        "It was not tested on images unlike the data set: other cameras, light, backgrounds, regions.",
    ]
    few = [
        escaped(name) for name, row in zip(description.classes, metrics.confusion, strict=True) if sum(row) < FEW_IMAGES
    ]
    if few:
        limits.append(f"Few images (fewer than {FEW_IMAGES}), so scores are uncertain: {', '.join(few)}.")
    if confusions := _confusions(description):
        limits.append(f"Most frequent confusions: {', '.join(confusions)}.")
    return limits + [f"Data warning: {escaped(warning)}" for warning in data.get("warnings", [])]


def _on_other_things(description: ModelDescription) -> str:
    """What happens to an image that shows none of the classes."""
    said = "Every image gets one of the classes, even an image that shows none of them"
    if description.decision:
        said += ", or is called unsure"
    unknown = description.provenance.metrics.unknown
    if unknown is None:
        return f"{said}; that was not tested on images of other things." if description.decision else f"{said}."
    tested = f"{said}. This was tested on {whole(unknown.images)} unknown images: on other ones it may be worse"
    if description.provenance.recipe.get("unknown_weight"):
        tested += ", because images of the same kind were used in training"
    return f"{tested}."


def _confusions(description: ModelDescription) -> list[str]:
    """The most frequent mistakes, as "glass predicted as plastic (12 of 100)"."""
    confusion = np.array(description.provenance.metrics.confusion)
    mistakes = confusion - np.diag(confusion.diagonal())
    places = [np.unravel_index(place, mistakes.shape) for place in np.argsort(-mistakes, axis=None, kind="stable")]
    return [
        f"{escaped(description.classes[true])} predicted as {escaped(description.classes[predicted])} "
        f"({mistakes[true, predicted]} of {confusion[true].sum()})"
        for true, predicted in places[:CONFUSIONS]
        if mistakes[true, predicted]
    ]


def _split(data: dict[str, Any]) -> str:
    return ", ".join(f"{whole(size)} {split}" for split, size in _sizes(data).items())


def _trained_on(provenance: Provenance) -> str:
    """The splits, and how many images they hold."""
    splits, sizes = provenance.trained_on.split("+"), _sizes(provenance.data)
    return f"{' and '.join(splits)}, {whole(sum(sizes[split] for split in splits))} images"


def _sizes(data: dict[str, Any]) -> dict[str, int]:
    return {split: sum(counts.values()) for split, counts in data["counts"].items()}
