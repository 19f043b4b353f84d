"""Exporting a model: written to a temporary folder, and renamed if its predictions match the original's."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from search.data.dataset import Dataset
from search.errors import BadInput
from search.models.agreement import Agreement, compare
from search.models.card import Loading, model_card
from search.models.classifier import Probabilities
from search.models.decisions import chosen_decision, in_words
from search.models.deployed import CPU, Deployed, of_network
from search.models.description import Decision
from search.models.exported import REFUSED, output_problems
from search.models.formats.onnx_int8 import INT8_FILE, quantize
from search.models.formats.onnx_session import open_onnx
from search.models.formats.registry import FORMATS, load_format
from search.models.latency.runs import LatencyRun, runs_of
from search.models.original_data import open_images
from search.models.sources import Source, open_database, open_source
from search.settings.search import Settings
from search.system.outputs import new_folder
from search.system.text import short, whole
from storage import latency

CARD_FILE = "MODEL_CARD.md"


@dataclass(frozen=True)
class Asked:
    """What is asked of the thresholds: see `search.models.decisions.chosen_decision`."""

    precision: float | None = None
    reject: float | None = None

    @property
    def anything(self) -> bool:
        return self.precision is not None or self.reject is not None


@dataclass(frozen=True)
class Exported:
    """The files of an export and their sizes in bytes. `int8` is None if nothing was quantised."""

    files: dict[str, int]
    agreement: Agreement
    int8: Agreement | None
    decision: Decision | None = None


def export_model(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.export`: write a model to a new folder, and print how it was checked."""
    source = open_source(options.model, settings)
    print(f"model {source.name}: {_in_a_line(source)}")
    output = options.output or _default_output(source, options.format)
    if problems := output_problems(output):  # of the default name, before the images are read
        raise BadInput(REFUSED, problems)
    dataset = open_images(source, settings)
    print(f"data {dataset.name}, fingerprint {dataset.fingerprint[:12]}", flush=True)
    int8 = options.quantize == "int8"
    asked = Asked(options.precision, options.reject)
    exported = export(source, options.format, dataset, output, int8=int8, runs=_runs(source, settings), asked=asked)
    print(_said(exported, output))


def export(
    source: Source,
    format_name: str,
    dataset: Dataset,
    folder: Path,
    *,
    int8: bool = False,
    runs: Sequence[LatencyRun] = (),
    asked: Asked = Asked(),
) -> Exported:
    """Write the model and its model card to a new `folder`, which appears only when both are complete and checked.

    Raises BadInput if the folder exists or cannot be written, if the format cannot express the network, or if the
    exported model's predictions on the validation images of `dataset` do not match the original's, or if thresholds
    are asked for that do not exist.
    """
    if asked.anything and source.description.provenance.saw_validation:
        problem = "it was also trained on the validation images: their precision says nothing about new images"
        advice = "take --precision or --reject with the search's own model of this network, such as elimination/3"
        raise BadInput(REFUSED, [f"{problem}; {advice}"])
    with new_folder(folder, REFUSED) as beside:
        arrays = dataset.arrays("validation", source.description.input.image_size)
        original = of_network(source.network, source.description, CPU).probabilities(arrays.images)
        if asked.anything:
            classes = source.description.classes
            decision = chosen_decision(original, arrays.labels, classes, precision=asked.precision, reject=asked.reject)
            source = replace(source, description=source.description.model_copy(update={"decision": decision}))
        return _export(source, format_name, dataset, original, beside, int8, runs)


def _export(
    source: Source,
    format_name: str,
    dataset: Dataset,
    original: Probabilities,
    folder: Path,
    int8: bool,
    runs: Sequence[LatencyRun],
) -> Exported:
    chosen, file = load_format(format_name), FORMATS[format_name].file
    description = chosen.description(source.description)
    arrays = dataset.arrays("validation", description.input.image_size)
    try:
        chosen.write(Deployed(source.network, description.temperature).eval(), description, folder / file)
    except RuntimeError as error:  # the common base of the errors of PyTorch's exporters
        reason = (
            f"{format_name} cannot express this network: {str(error).strip().splitlines()[0]}; try another --format"
        )
        raise BadInput(REFUSED, [reason]) from error
    seen = description.provenance.saw_validation
    agreement = compare(original, chosen.open(folder / file), arrays, trained_on=seen)
    if not agreement.agrees:
        raise BadInput(REFUSED, [f"the exported model does not match the original: {agreement}; try another --format"])
    checked = [f"{file}: {agreement}"]
    quantised = None
    if int8:
        calibration = dataset.arrays("train", description.input.image_size).images
        quantize(folder / file, folder / INT8_FILE, description, calibration)
        quantised = compare(original, open_onnx(folder / INT8_FILE), arrays, trained_on=seen)
        checked.append(f"{INT8_FILE}, 8-bit integers: {quantised}")
    loading = Loading(
        needs=f"Needs the files of this folder, an image `image.jpg`, and {chosen.needs}:",
        lines=chosen.snippet(description, file),
        checked=checked,
    )
    (folder / CARD_FILE).write_text(model_card(description, loading, runs), encoding="utf-8")
    return Exported(
        {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
        agreement,
        quantised,
        description.decision,
    )


def _default_output(source: Source, format_name: str) -> Path:
    """Next to the model's folder; for a trial, in the current folder."""
    if source.trial_id is None:
        folder = Path(source.name).resolve()
        return folder.with_name(f"{folder.name}-{format_name}")
    return Path(f"{source.name.replace('/', '-')}-{format_name}")


def _runs(source: Source, settings: Settings) -> list[LatencyRun]:
    """The trial's latency runs, for the model card."""
    if source.trial_id is None:
        return []
    with closing(open_database(settings)) as database:
        return runs_of(latency.read(database, [source.trial_id]).get(source.trial_id, []))


def _in_a_line(source: Source) -> str:
    provenance = source.description.provenance
    metrics = provenance.metrics
    return (
        f"{len(source.description.classes)} classes, {source.description.input.image_size} px, "
        f"{whole(metrics.parameters)} parameters, seed {provenance.seed}, "
        f"{metrics.split} macro F1 {metrics.f1_macro:.4f} when trained"
    )


def _said(exported: Exported, output: Path) -> str:
    lines = [f"matches the original: {exported.agreement}"]
    if exported.int8:
        change = exported.int8.f1_exported - exported.int8.f1_original
        lines.append(f"int8: {exported.int8}; F1 {change:+.4f}")
    if exported.decision:
        lines.append(f"thresholds: {in_words(exported.decision)}")
    files = ", ".join(f"{name} ({short(size)}B)" for name, size in exported.files.items())
    return "\n".join([*lines, f"wrote {output}: {files}"])
