"""Exporting a model: written to a temporary folder, which is renamed if the model answers as the trained network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from search.data.dataset import Dataset
from search.errors import BadInput, NotProven
from search.models.agreement import Agreement, compare
from search.models.card import Loading, model_card
from search.models.classifier import Classifier
from search.models.decisions import chosen_decision, in_words
from search.models.deployed import CPU, Deployed, of_network
from search.models.description import Decision
from search.models.exported import CARD_FILE, REFUSED, output_problems
from search.models.formats.operators import check_network
from search.models.formats.registry import ALL_NETWORKS, FORMATS, load_format
from search.models.formats.snippet import golden_lines, whole_image_lines
from search.models.formats.web_files import load_from_server
from search.models.golden import write_golden
from search.models.latency.exports import ExportLatencies, latencies_of
from search.models.latency.runs import LatencyRun, runs_of
from search.models.original_data import open_images
from search.models.quantizing import Proof, Quantized, write_int8
from search.models.resizing import ResizingProof, prove_page, resize_files
from search.models.sources import Source, open_database, open_source
from search.settings.search import Settings
from search.system.chatter import chatter_into
from search.system.outputs import new_folder
from search.system.text import short, whole
from storage import latency

LOG_FILE = "conversion.log"


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
    """The files of an export and their sizes in bytes, and the runtime that proved it.

    int8       None if nothing was quantised
    latencies  None if they were not measured
    resizing   None if the model does not resize inside
    page       how a page answers to whole pictures; None if the export is no page
    """

    files: dict[str, int]
    proven_in: str
    agreement: Agreement
    int8: Quantized | None
    decision: Decision | None = None
    latencies: ExportLatencies | None = None
    resizing: ResizingProof | None = None
    page: ResizingProof | None = None


def export_model(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.export`: write a model to a new folder, and print how it was checked."""
    source = open_source(options.model, settings)
    print(f"model {source.name}: {_in_a_line(source)}")
    output = options.output or _default_output(source, options.format)
    if problems := output_problems(output, force=options.force):  # of the default name, before the images are read
        raise BadInput(REFUSED, problems)
    deployed = Deployed(source.network, source.description.temperature).eval()
    check_network(options.format, deployed, source.description.input.image_size, REFUSED)
    dataset = open_images(source, settings)
    print(f"data {dataset.name}, fingerprint {dataset.fingerprint[:12]}", flush=True)
    asked = Asked(options.precision, options.reject)
    exported = export(
        source,
        options.format,
        dataset,
        output,
        max_loss=options.max_loss if options.quantize else None,
        runs=_runs(source, settings),
        asked=asked,
        force=options.force,
        measure=options.measure,
        resize_inside=options.resize_inside,
        vendor=options.vendor,
        half=options.half,
    )
    print(_said(exported, output))


def export(
    source: Source,
    format_name: str,
    dataset: Dataset,
    folder: Path,
    *,
    max_loss: float | None = None,
    runs: Sequence[LatencyRun] = (),
    asked: Asked = Asked(),
    force: bool = False,
    measure: bool = False,
    resize_inside: bool = False,
    vendor: bool = False,
    half: bool = False,
) -> Exported:
    """Write the model, its card and its golden pictures to a new `folder`, which appears only when all are complete.

    max_loss       also write an 8-bit model, whose macro F1 on validation is at most so much lower; None: write none
    force          replace an older export in `folder`
    measure        measure the latency of its files
    resize_inside  the model takes pictures of any size, for a format that `resizes`
    vendor         put the runtime beside it, for a format that `vendors`
    half           with 16-bit floats, for a format that has a tolerance for these

    Raises NotProven if the exported model answers to the validation images of `dataset` differently from the trained
    network, or if the 8-bit model loses more than `max_loss`. Raises BadInput if the folder exists or cannot be
    written, if the format cannot hold the network or its 8-bit model, or if thresholds are asked for that do not exist.
    """
    if asked.anything and source.description.provenance.saw_validation:
        problem = "it was also trained on the validation images: their precision says nothing about new images"
        advice = "take --precision or --reject with the search's own model of this network, such as elimination/3"
        raise BadInput(REFUSED, [f"{problem}; {advice}"])
    entry, size = FORMATS[format_name], source.description.input.image_size
    tolerance = (entry.half if half else None) or entry.tolerance
    with new_folder(folder, REFUSED, replace=force) as beside:
        arrays, others = dataset.arrays("validation", size), dataset.unknown("validation", size)
        original = of_network(source.network, source.description, CPU)
        answers = original.probabilities(arrays.images)
        if asked.anything:
            decision = chosen_decision(
                answers,
                arrays.labels,
                source.description.classes,
                precision=asked.precision,
                reject=asked.reject,
                unknown=None if others is None else original.probabilities(others.images),
            )
            source = replace(source, description=source.description.model_copy(update={"decision": decision}))
        seen = source.description.provenance.saw_validation
        proof = partial(compare, answers, arrays=arrays, trained_on=seen)
        quantised = None
        with chatter_into(beside / LOG_FILE):
            agreement, opened = _write(source, format_name, beside, proof, half=half)
            page = prove_page(original, opened, answers, dataset) if opened.answer_file else None
            if max_loss is not None:
                quantised = write_int8(source, format_name, dataset, beside, proof, max_loss)
            resizing = None
            if resize_inside:
                original = of_network(source.network, source.description, CPU)  # with the thresholds
                resizing = resize_files(beside, original, answers, dataset)
        if entry.vendors and not vendor:
            load_from_server(beside)
        write_golden(beside, dataset, original, (format_name, entry.file, tolerance), resize_inside=resize_inside)
        latencies = _measured(format_name, beside) if measure else None
        chosen = source.description.decision
        exported = Exported(_sizes(beside), entry.proven_in, agreement, quantised, chosen, latencies, resizing, page)
        (beside / CARD_FILE).write_text(_card(source, format_name, exported, runs), encoding="utf-8")
        return replace(exported, files=_sizes(beside))


def _write(source: Source, format_name: str, folder: Path, proof: Proof, *, half: bool) -> tuple[Agreement, Classifier]:
    """Write the model's file, and run it. Raises NotProven if it answers differently."""
    chosen, entry = load_format(format_name), FORMATS[format_name]
    description = chosen.description(source.description)
    path, write = folder / entry.file, (chosen.write_half if half else None) or chosen.write
    try:
        write(Deployed(source.network, description.temperature).eval(), description, path)
    except (BadInput, OSError):
        raise
    except Exception as error:  # exporters raise all kinds of exceptions
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        problem = f"{format_name} cannot hold this network: {reason}; {ALL_NETWORKS} can"
        raise BadInput(REFUSED, [problem]) from error
    opened = chosen.open(path)
    agreement = proof(opened)
    difference = f"{entry.proven_in} does not answer as the trained network: {agreement}"
    if half and entry.half is not None:
        if not agreement.almost_within(entry.half):
            allowed = f"allowed is a difference of {entry.half:g} and the same class for 99%; export it without --half"
            raise NotProven(f"{REFUSED}:\n  - {difference}; {allowed}")
    elif not agreement.within(entry.tolerance):
        allowed = f"allowed is a difference of {entry.tolerance:g} and the same class for all; try another --format"
        raise NotProven(f"{REFUSED}:\n  - {difference}; {allowed}")
    return agreement, opened


def _measured(format_name: str, folder: Path) -> ExportLatencies:
    """The latencies of the model and, if there is one, of its 8-bit model."""
    entry, open_file = FORMATS[format_name], load_format(format_name).open
    int8 = [entry.int8.file] if entry.int8 else []
    files = [name for name in (entry.file, *int8) if (folder / name).exists()]
    return latencies_of(entry.proven_in, {name: open_file(folder / name) for name in files})


def _card(source: Source, format_name: str, exported: Exported, runs: Sequence[LatencyRun]) -> str:
    chosen, entry, int8 = load_format(format_name), FORMATS[format_name], exported.int8
    description = chosen.description(source.description)
    lines = chosen.snippet(description, entry.file)
    size = str(description.input.image_size)
    takes = entry.taken.replace("S", size)
    checked = [f"{entry.file}, in {entry.proven_in}: {exported.agreement}"]
    if int8 and entry.int8:
        checked.append(f"{int8.file}, 8-bit integers, in {entry.proven_in}: {int8.agreement}; {int8.scores()}")
        if entry.int8.taken:
            taken = entry.int8.taken.replace("S", size)
            checked.append(f"{int8.file} takes {taken}, and returns {entry.int8.given}")
    if exported.resizing:
        lines, takes = whole_image_lines(lines), "(N, 3, H, W) uint8, 0 to 255, upright pictures of any size"
        checked.append(f"Whole pictures, resized inside: {exported.resizing}")
    if exported.page:
        checked.append(f"Whole pictures, by the page's own functions: {exported.page}")
    loading = Loading(
        file=entry.file,
        takes=takes,
        needs=f"Needs the files of this folder, an image `image.jpg`, and {chosen.needs}:",
        lines=lines,
        check=golden_lines(lines),
        checked=checked,
        latencies=exported.latencies,
        resizes=exported.resizing is not None,
        note=entry.note,
    )
    return model_card(description, loading, runs)


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file; a folder within counts as one."""
    sizes = {}
    for path in sorted(folder.iterdir()):
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        sizes[path.name] = sum(file.stat().st_size for file in files)
    return sizes


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
    lines = [f"matches the original in {exported.proven_in}: {exported.agreement}"]
    if exported.int8:
        lines.append(f"int8: {exported.int8.agreement}; F1 {-exported.int8.loss:+.4f}")
        lines.append(f"int8: {exported.int8.scores()}")
    if exported.resizing:
        lines.append(f"whole pictures, resized inside: {exported.resizing}")
    if exported.page:
        lines.append(f"whole pictures, by the page's own functions: {exported.page}")
    if exported.decision:
        lines.append(f"thresholds: {in_words(exported.decision)}")
    if exported.latencies:
        for name, timing in exported.latencies.files.items():
            times = f"p50 {timing.median_ms:.3g} ms, p90 {timing.p90_ms:.3g} ms per image"
            lines.append(f"latency of {name}: {times}, {exported.latencies.where}")
    files = ", ".join(f"{name} ({short(size)}B)" for name, size in exported.files.items())
    return "\n".join([*lines, f"wrote {output}: {files}"])
