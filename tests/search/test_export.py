from __future__ import annotations

import ast
import csv
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from search.data.dataset import open_dataset
from search.data.decode import decode
from search.errors import BadInput, NotProven
from search.export import main
from search.models.deployed import Deployed, of_network
from search.models.description import WEIGHTS_FILE
from search.models.exporting import LOG_FILE
from search.models.folder import save_model
from search.models.formats import onnx_tracing
from search.models.formats.int8 import FLOAT_CONVOLUTIONS
from search.models.formats.registry import FORMATS
from search.models.latency import runs
from search.models.latency.runs import LatencyRun, Measurement
from search.models.loading import open_classifier
from search.models.sources import Source
from search.predict import main as predict
from search.settings.search import Settings
from search.verify import main as verify
from storage import latency
from storage.database import connect
from tests.formats import where_installed

BESIDE = ["MODEL_CARD.md", "golden", "golden.json"]
FILES = {
    "onnx": [*BESIDE, "model.onnx"],
    "openvino": [*BESIDE, "model.bin", "model.xml"],
    "litert": [*BESIDE, "model.tflite"],
    "ncnn": ["MODEL_CARD.md", "description.json", *BESIDE[1:], "labels.txt", "model.ncnn.bin", "model.ncnn.param"],
    "coreml": [*BESIDE, "model.mlpackage"],
    "executorch": ["MODEL_CARD.md", "description.json", *BESIDE[1:], "labels.txt", "model.pte"],
    "web": [
        "MODEL_CARD.md",
        "description.json",
        *BESIDE[1:],
        "icon.svg",
        "index.html",
        "labels.txt",
        "model.onnx",
        "network.js",
        "page.css",
        "page.js",
        "square.js",
    ],
    "torchscript": [*BESIDE, "model.pt"],
    "torch-export": [*BESIDE, "model.pt2"],
    "safetensors": [*BESIDE, "model.json", "model.safetensors"],
}
WITHOUT_TORCH = ["onnxruntime", "numpy", "PIL", "google", "flatbuffers", "packaging"]


def lines_of_card(folder: Path) -> tuple[str, str]:
    """The Python of the card that loads the model, and the Python that checks it."""
    card = (folder / "MODEL_CARD.md").read_text()
    load, check = re.findall(r"```python\n(.*?)\n```", card, re.DOTALL)
    assert (len(load.splitlines()), len(check.splitlines())) == (5, 6)
    return load, check


@pytest.fixture
def image(images: Path) -> Image.Image:
    """Wider than it is high, and larger than the network's input."""
    with Image.open(images / "class2" / "0.png") as opened:
        return opened.convert("RGB").resize((56, 40))


@pytest.mark.parametrize("format_name", where_installed(slow=["litert"]))
@pytest.mark.filterwarnings("ignore:`torch.jit.load` is deprecated")  # in the card's lines, where it is the user's
def test_every_format_answers_as_the_trial_and_its_card_says_how(
    format_name: str,
    options: list[str],
    settings: Settings,
    source: Source,
    image: Image.Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "out"
    main(["scratch/0", "--format", format_name, "--output", str(folder), *options])
    said = capsys.readouterr().out
    assert f"matches the original in {FORMATS[format_name].proven_in}: largest difference" in said
    assert "same class for 9 of 9, macro F1" in said
    files = {file.name for file in folder.iterdir()}
    assert sorted(files - {LOG_FILE}) == FILES[format_name]
    exported = open_classifier(str(folder), settings)
    original = of_network(source.network, source.description, torch.device("cpu"))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    temperature = source.description.temperature
    assert exported.description.temperature == temperature != 1
    logits = source.network(torch.tensor(pixels).permute(0, 3, 1, 2) / 255)
    assert exported.run(pixels) == pytest.approx((logits / temperature).softmax(1).detach().numpy(), abs=1e-5)
    for count in (1, 5):
        assert np.abs(exported.run(pixels[:count]) - original.run(pixels[:count])).max() < 1e-5

    assert (
        "Flatten transparent images onto white first. In images with more than 8 bits per channel, 0 is black and 65535"
        in (folder / "MODEL_CARD.md").read_text()
    )
    assert "## Resize in another language" in (folder / "MODEL_CARD.md").read_text()
    image.save(folder / "image.jpg", quality=100)
    monkeypatch.chdir(folder)
    load, check = lines_of_card(folder)
    if format_name == "coreml" and sys.platform != "darwin":  # the lines are for a Mac
        ast.parse(f"{load}\n{check}")
        assert verify([str(folder)]) == 0
        return
    variables: dict[str, object] = {}
    exec(load, variables)
    decoded = decode((folder / "image.jpg").read_bytes(), [None], 32, "stretch", 10**6)
    assert capsys.readouterr().out.strip() == source.description.classes[original.run(decoded).argmax()]
    exec(check, variables)
    assert verify([str(folder)]) == 0
    Image.new("RGB", (32, 32), "green").save(folder / "golden" / "input-3.png")
    with pytest.raises(AssertionError, match=r"golden/input-3\.png"):
        exec(check, variables)
    assert verify([str(folder)]) == 1


def test_the_lines_for_onnx_need_no_torch_and_nothing_of_ours(
    options: list[str], image: Image.Image, tmp_path: Path
) -> None:
    folder, packages = tmp_path / "out", tmp_path / "packages"
    main(["scratch/0", "--format", "onnx", "--output", str(folder), *options])
    image.save(folder / "image.jpg")
    packages.mkdir()
    for name in WITHOUT_TORCH:
        spec = find_spec(name)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        home = Path(spec.submodule_search_locations[0])
        (packages / name).symlink_to(home)
        for libraries in home.parent.glob(f"{ {'PIL': 'pillow'}.get(name, name) }.libs"):
            (packages / libraries.name).symlink_to(libraries)
    lines = "\n".join(lines_of_card(folder))
    code = f"import sys; sys.path.append({str(packages)!r})\n{lines}\nprint(sorted(sys.modules))"
    command = [sys.executable, "-I", "-S", "-c", code]
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer, modules = done.stdout.splitlines()
    assert answer in ("class0", "class1", "class2")
    assert not {"'torch'", "'search'", "'blocks'"} & set(modules.strip("[]").split(", "))


def test_8_bit_integers_come_with_their_f1(
    options: list[str], settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, models = tmp_path / "out", ["model.int8.onnx", "model.onnx"]
    int8 = ["--quantize", "int8", "--max-loss", "1"]
    main(["scratch/0", "--format", "onnx", *int8, "--output", str(folder), *options])
    said = capsys.readouterr().out
    assert "int8: largest difference between probabilities" in said
    scores = r"macro F1 by ranges: min-max 0\.\d{4}, 99\.9% 0\.\d{4}, 99% 0\.\d{4}; chosen (min-max|99\.9%|99%); "
    found = re.search(rf"int8: ({scores}calibrated on 30 training images)\n", said)
    assert found is not None
    assert sorted(file.name for file in folder.iterdir()) == [*BESIDE[:1], LOG_FILE, *BESIDE[1:], *models]
    nodes = {node.op_type for node in onnx.load(str(folder / "model.int8.onnx")).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= nodes
    scales = [
        tensor
        for tensor in onnx.load(str(folder / "model.int8.onnx")).graph.initializer
        if tensor.name.endswith("_scale") and tensor.dims and tensor.dims[0] > 1
    ]
    assert scales, "no weight has a scale for each channel"
    convolutions = [node for node in onnx.load(str(folder / "model.int8.onnx")).graph.node if node.op_type == "Conv"]
    whole_weights = {tensor.name for tensor in onnx.load(str(folder / "model.int8.onnx")).graph.initializer}
    assert [node.input[1] in whole_weights for node in convolutions[:FLOAT_CONVOLUTIONS]] == [True] * FLOAT_CONVOLUTIONS
    assert not any(node.input[1] in whole_weights for node in convolutions[FLOAT_CONVOLUTIONS:])
    quantised, whole = (open_classifier(str(folder / name), settings) for name in ("model.int8.onnx", "model.onnx"))
    pixels = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    assert 0 < np.abs(quantised.run(pixels) - whole.run(pixels)).max() < 0.25
    card = (folder / "MODEL_CARD.md").read_text()
    assert "8-bit integers, in ONNX Runtime: largest difference" in card
    assert found[1] in card


@pytest.mark.slow
@pytest.mark.parametrize("format_name", where_installed(["openvino", "litert"], int8=True))
def test_other_formats_are_quantised_too_and_their_files_are_read(
    format_name: str, options: list[str], settings: Settings, images: Path, tmp_path: Path
) -> None:
    folder, answers = tmp_path / "out", tmp_path / "answers.csv"
    int8 = ["--quantize", "int8", "--max-loss", "1"]
    main(["scratch/0", "--format", format_name, *int8, "--output", str(folder), *options])
    entry = FORMATS[format_name].int8
    assert entry is not None
    beside = [Path(entry.file).with_suffix(".bin").name] * (format_name == "openvino")
    files = {file.name for file in folder.iterdir()}
    assert sorted(files - {LOG_FILE}) == sorted([*FILES[format_name], entry.file, *beside])
    card = (folder / "MODEL_CARD.md").read_text()
    assert f"8-bit integers, in {FORMATS[format_name].proven_in}: largest difference" in card
    assert ("takes (1, 32, 32, 3) int8, a pixel from 0 to 255 minus 128, and returns int8" in card) == (
        format_name == "litert"
    )
    pixels = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    found, whole = (open_classifier(str(folder / name), settings) for name in (entry.file, FORMATS[format_name].file))
    assert 0 < np.abs(found.run(pixels) - whole.run(pixels)).max() < 0.5
    predict([str(folder / entry.file), str(images), "--output", str(answers), *options])
    assert len(answers.read_text().splitlines()) > 30
    assert verify([str(folder)]) == 0


def test_a_folder_is_exported_too_to_a_name_of_its_own(
    model_folder: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(model_folder), "--format", "onnx", *options])
    written = model_folder.with_name("kept-onnx")
    assert f"wrote {written}: MODEL_CARD.md" in capsys.readouterr().out
    assert (written / "model.onnx").is_file()


def test_the_card_has_the_latencies_of_the_trial(
    options: list[str], settings: Settings, source: Source, tmp_path: Path
) -> None:
    measured = Measurement(runtime="onnxruntime", device="cpu", batch=1, threads=1, median_ms=0.5, p90_ms=0.75, runs=30)
    run = LatencyRun.of([measured], image_size=32, model_mb=1.0, test_pictures=None)
    assert source.trial_id is not None
    database = connect(settings.database)
    latency.store(database, source.trial_id, run.key, run.model_dump(mode="json"))
    database.close()
    main(["scratch/0", "--format", "safetensors", "--output", str(tmp_path / "out"), *options])
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert "| ONNX Runtime, 1 thread | 1 | 0.5 | 0.75 |" in card
    assert "Not measured" not in card
    assert runs.this_machine().name.replace("_", r"\_") in card


def test_a_model_that_resizes_inside_takes_whole_pictures(
    options: list[str],
    settings: Settings,
    source: Source,
    image: Image.Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "out"
    main(["scratch/0", "--format", "onnx", "--resize-inside", "--quantize", "int8", "--output", str(folder), *options])
    said = capsys.readouterr().out
    proof = re.search(r"\nwhole pictures, resized inside: largest difference from Pillow's resizing (\S+); ", said)
    assert proof
    assert float(proof[1]) < 1e-5, "they have the network's size"
    large = np.asarray(image)
    small = np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR))
    for name in ("model.onnx", "model.int8.onnx"):
        session = onnx.load(str(folder / name))
        assert {prop.key: prop.value for prop in session.metadata_props}["input"].startswith(
            "pictures: uint8 (N, 3, height, width), RGB"
        )
        exported = open_classifier(str(folder / name), settings)
        assert np.abs(exported.run(large[None]) - exported.run(small[None])).max() < 0.01
    original = of_network(source.network, source.description, torch.device("cpu"))
    right = original.run(small[None])
    assert np.abs(open_classifier(str(folder), settings).run(large[None]) - right).max() < 0.01
    image.save(folder / "image.jpg", quality=100)
    monkeypatch.chdir(folder)
    load, check = lines_of_card(folder)
    variables: dict[str, object] = {}
    exec(load, variables)
    assert np.abs(variables["probabilities"] - right).max() < 0.05  # type: ignore[operator]
    exec(check, variables)
    capsys.readouterr()
    assert verify([str(folder)]) == 0
    assert "resized inside" in capsys.readouterr().out.splitlines()[0]
    card = (folder / "MODEL_CARD.md").read_text()
    assert "upright pictures of any size" in card
    assert "## Resize in another language" not in card


def test_a_model_that_resizes_otherwise_is_not_written(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.models.resizing.TOLERANCE", -1.0)
    with pytest.raises(
        NotProven, match=r"the model resizes otherwise than Pillow: .*; allowed is -1; export it without"
    ):
        main(["scratch/0", "--format", "onnx", "--resize-inside", "--output", str(tmp_path / "here" / "out"), *options])
    assert list((tmp_path / "here").iterdir()) == []


def test_the_latency_of_an_export_is_measured_in_its_runtime(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    main(["scratch/0", "--format", "onnx", "--quantize", "int8", "--measure", "--output", str(folder), *options])
    said, card = capsys.readouterr().out, (folder / "MODEL_CARD.md").read_text()
    for file in ("model.onnx", "model.int8.onnx"):
        times = re.search(
            rf"^latency of {re.escape(file)}: p50 (\S+) ms, p90 (\S+) ms per image, ONNX Runtime, 1 thread, on (.+)$",
            said,
            re.MULTILINE,
        )
        assert times
        assert 0 < float(times[1]) <= float(times[2])
        assert f"| `{file}` | {times[1]} | {times[2]} | " in card
        assert times[3].startswith(runs.this_machine().name)
    assert "from its pixels to its probabilities: ONNX Runtime, 1 thread, on " in card
    assert "Not measured" not in card


def refused(*arguments: str) -> str:
    with pytest.raises(BadInput) as caught:
        main(arguments)
    return str(caught.value)


def test_a_model_that_gives_other_answers_is_not_written(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["onnx"], tolerance=-1.0))
    with pytest.raises(NotProven) as caught:
        main(["scratch/0", "--format", "onnx", "--output", str(tmp_path / "here" / "out"), *options])
    assert "ONNX Runtime does not answer as the trained network: largest difference between" in str(caught.value)
    assert "same class for 9 of 9" in str(caught.value)
    assert list((tmp_path / "here").iterdir()) == []


class WithBlueFirst(Deployed):
    """As of a program that reads pictures with OpenCV."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images.flip(1))


class OfSmallValues(Deployed):
    """As of a program that divides by 255 once more."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images / 255)


@pytest.mark.parametrize("wrong", [WithBlueFirst, OfSmallValues])
@pytest.mark.parametrize("format_name", where_installed(["onnx", "coreml", "executorch", "web"]))
def test_a_model_that_prepares_pictures_wrongly_is_not_written(
    format_name: str, wrong: type[Deployed], options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.models.exporting.Deployed", wrong)
    monkeypatch.setattr("search.models.exporting.check_network", lambda *_: None)
    with pytest.raises(NotProven, match="does not answer as the trained network"):
        main(["scratch/0", "--format", format_name, "--output", str(tmp_path / "here" / "out"), *options])
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(("option", "able"), [("--vendor", "web"), ("--half", "coreml")])
def test_what_another_format_cannot_do_is_refused(option: str, able: str, options: list[str], tmp_path: Path) -> None:
    message = refused("scratch/0", "--format", "onnx", option, "--output", str(tmp_path / "out"), *options)
    assert f"{option} works with --format {able} only, not with onnx" in message
    assert not (tmp_path / "out").exists()


def test_an_export_is_replaced_only_if_that_is_asked_for(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--output", str(tmp_path / "out")]
    main(["scratch/0", "--format", "safetensors", *out, *options])
    message = refused("scratch/0", "--format", "torchscript", *out, *options)
    assert f"--output {tmp_path / 'out'}: exists; name a new folder, or replace this export with --force" in message
    main(["scratch/0", "--format", "torchscript", *out, "--force", *options])
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == FILES["torchscript"]
    (tmp_path / "link").symlink_to(tmp_path / "out")
    (tmp_path / "photographs").mkdir()
    for other in ("link", "photographs"):
        message = refused("scratch/0", "--format", "onnx", "--output", str(tmp_path / other), "--force", *options)
        assert f"--output {tmp_path / other}: exists; name a new folder" in message
        assert "--force" not in message
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == FILES["torchscript"]


def test_a_network_that_a_format_cannot_hold_is_refused_and_leaves_nothing(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        print("chatter of a converter")
        raise NotImplementedError("operator aten::abacus\nfurther lines")

    monkeypatch.setattr(onnx_tracing, "trace_onnx", fail)
    message = refused("scratch/0", "--format", "onnx", "--output", str(tmp_path / "here" / "out"), *options)
    assert "onnx cannot hold this network: operator aten::abacus; safetensors can" in message
    assert "further lines" not in message
    assert "chatter" not in capfd.readouterr().out
    assert list((tmp_path / "here").iterdir()) == []


def test_what_cannot_be_done_is_said_at_once(options: list[str], tmp_path: Path) -> None:
    there = str(tmp_path)
    message = refused("scratch/0", "--format", "torchscript", "--quantize", "int8", "--output", there, *options)
    assert f"--output {there}: exists; name a new folder" in message
    can = "onnx, openvino, litert"
    assert f"--quantize int8: torchscript cannot be quantised; these formats can: {can}" in message
    message = refused("scratch/0", "--format", "onnx", "--max-loss", ".1", "--output", f"{there}/new", *options)
    assert "--max-loss limits what the 8-bit model loses; name it together with --quantize int8" in message
    message = refused("scratch/0", "--format", "torchscript", "--resize-inside", "--output", f"{there}/new", *options)
    assert "--resize-inside works with --format onnx only, not with torchscript: without it, the model card" in message
    message = refused("scratch/0", "--format", "onnx", "--output", f"{there}/net.onnx", *options)
    assert f"an export is a folder with model.onnx and its model card; name a folder, such as {there}/net" in message


def test_a_default_name_that_is_taken_is_said_before_images_are_read(model_folder: Path, options: list[str]) -> None:
    model_folder.with_name("kept-onnx").symlink_to("nowhere")
    message = refused(str(model_folder), "--format", "onnx", *options, "--data-dir", "missing")
    assert f"--output {model_folder.with_name('kept-onnx')}: exists; name a new folder" in message


def test_the_formats_are_listed_without_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--list"])
    said = capsys.readouterr().out
    assert re.search(
        r"^safetensors +yes +no +model\.safetensors +\(N, 3, S, S\) float32, 0 to 1 +PyTorch$", said, re.MULTILINE
    )


@pytest.mark.parametrize("arguments", [[], ["scratch/0"], ["--format", "onnx"]])
def test_a_model_and_a_format_are_needed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "--list shows the formats" in capsys.readouterr().err


def test_a_format_whose_libraries_are_missing_is_refused_before_anything_is_read(
    options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["onnx"], extra="onnx", writers=("no_such_module",)))
    message = refused("never/trained", "--format", "onnx", *options, "--data-dir", "missing")
    assert "--format onnx needs no_such_module, which is not installed: pip install 'elimnet-search[onnx]'" in message
    assert "missing" not in message.replace("no_such_module", "")


def test_a_format_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["scratch/0", "--format", "tflite"])
    assert caught.value.code == 2
    assert "onnx" in capsys.readouterr().err


def test_a_damaged_model(model_folder: Path, options: list[str], tmp_path: Path) -> None:
    weights = model_folder / WEIGHTS_FILE
    *others, last = weights.read_bytes()
    weights.write_bytes(bytes([*others, last ^ 255]))
    message = refused(str(model_folder), "--format", "onnx", "--output", str(tmp_path / "out"), *options)
    assert "damaged, or of another model" in message
    assert not (tmp_path / "out").exists()


def test_images_of_other_classes(model_folder: Path, bare_environment: None, tmp_path: Path) -> None:
    digits = ["--set", f"cache_dir={tmp_path / 'cache'}", "--set", "data.source=digits"]
    message = refused(str(model_folder), "--format", "onnx", "--output", str(tmp_path / "out"), *digits)
    assert "data set digits has the classes 0, 1, 2" in message
    assert "has class0, class1, class2; name the model's images with --data-dir or --config" in message


def test_images_that_are_not_there(options: list[str], tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    message = refused("scratch/0", "--format", "onnx", *options, "--data-dir", missing)
    assert f"{missing} does not exist" in message
    assert "name the model's images with --data-dir or --config" in message


def test_other_images_of_the_same_classes_are_refused(options: list[str], settings: Settings, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    for number in range(30):
        folder = tmp_path / "others" / f"class{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    others = ["--data-dir", str(tmp_path / "others"), "--output", str(tmp_path / "out")]
    message = refused("scratch/0", "--format", "safetensors", *options, *others)
    trained_on = open_dataset(settings.data, settings.cache_dir, progress=False).fingerprint
    assert "data set others (fingerprint" in message
    assert f"is not the data set that the model of scratch/0 was trained on ({trained_on[:12]})" in message
    assert not (tmp_path / "out").exists()


def test_a_trial_knows_where_its_images_are(
    bare_environment: None, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ["--name", "tiny", "--database-url", settings.database, "--set", f"artefact_store={settings.artefacts}"]
    cache = ["--set", f"cache_dir={tmp_path / 'cache'}"]
    main(["scratch/0", "--format", "safetensors", "--output", str(tmp_path / "out"), *found, *cache])
    assert "matches the original in PyTorch:" in capsys.readouterr().out


@pytest.mark.parametrize("format_name", where_installed())
def test_thresholds_are_in_every_format_and_applied(
    format_name: str,
    source: Source,
    options: list[str],
    settings: Settings,
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, answers = tmp_path / "out", tmp_path / "answers.csv"
    main(["scratch/0", "--format", format_name, "--output", str(folder), "--reject", "0.3", *options])
    assert "thresholds: Of 100 images it decides" in capsys.readouterr().out
    decision = open_classifier(str(folder), settings).description.decision
    assert decision is not None
    assert decision.reject == 0.3
    assert decision.images - decision.decided == int(0.3 * decision.images)
    card = (folder / "MODEL_CARD.md").read_text()
    assert "## Decisions" in card
    assert "0.3 of the images turned away" in card
    predict([str(folder), str(images), "--output", str(answers), *options])
    rows = list(csv.DictReader(answers.read_text().splitlines()))
    assert list(rows[0]) == ["path", "class", "probability", "decision"]
    sure = [float(row["probability"]) >= decision.thresholds[0] for row in rows]
    assert [row["decision"] for row in rows] == [
        row["class"] if known else "unsure" for row, known in zip(rows, sure, strict=True)
    ]
    assert set(sure) == {False, True}


def test_thresholds_that_cannot_be_had_are_refused_and_nothing_is_written(
    source: Source, options: list[str], settings: Settings, tmp_path: Path, model_folder: Path
) -> None:
    with pytest.raises(BadInput, match=r"reaches precision 0\.95") as caught:
        main(["scratch/0", "--format", "onnx", "--output", str(tmp_path / "out"), "--precision", ".95", *options])
    assert len(caught.value.problems) == 3, "every class at once"
    assert not (tmp_path / "out").exists()
    provenance = source.description.provenance.model_copy(update={"trained_on": "train+validation"})
    save_model(source.network, source.description.classes, source.description.input, provenance, tmp_path / "whole")
    with pytest.raises(BadInput, match="also trained on the validation images"):
        main([str(tmp_path / "whole"), "--format", "onnx", "--reject", ".3", *options])


def test_the_card_says_how_many_unknown_images_are_turned_away(
    source: Source, settings: Settings, unknown_images: Path, tmp_path: Path, options: list[str]
) -> None:
    data = settings.data.model_copy(update={"unknown": unknown_images})
    dataset = open_dataset(data, settings.cache_dir, image_sizes=[32], progress=False)
    provenance = source.description.provenance.model_copy(update={"data": dataset.describe()})
    description = source.description
    save_model(source.network, description.classes, description.input, provenance, tmp_path / "model")
    named = ["--set", f"data.unknown={unknown_images}", *options]
    main([str(tmp_path / "model"), "--format", "onnx", "--output", str(tmp_path / "out"), "--reject", "0.3", *named])
    decision = open_classifier(str(tmp_path / "out"), settings).description.decision
    assert decision is not None
    unknown = dataset.unknown("validation", 32)
    assert unknown is not None
    top = open_classifier(str(tmp_path / "out"), settings).probabilities(unknown.images).max(axis=1)
    assert (decision.unknown, decision.turned_away) == (4, int((top < decision.thresholds[0]).sum()))
    said = f"Of the 4 unknown validation images, which are of no class, it turns away {decision.turned_away} ("
    assert said in (tmp_path / "out" / "MODEL_CARD.md").read_text()
