"""The page of an export in a real Chromium."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.data.decode import Fit
from search.errors import BadInput, NotProven
from search.export import main as export
from search.models.deployed import CPU, Deployed, of_network
from search.models.formats.registry import load_format
from search.models.formats.web_files import COPIED, FOLDER, WASM, load_from_server, vendor
from search.models.preprocessing import FITTING, RESIZING
from search.models.sources import Source
from search.verify import main as verify
from tests.chromium import Browser, browser
from tests.formats import where_installed

(WEB,) = where_installed(["web"])
pytestmark = WEB.marks
HOSTILE = "<img src=x onerror=alert(1)>"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def page(source: Source, tmp_path: Path) -> Path:
    """The folder of a page whose first class has a name that is markup."""
    classes = (HOSTILE, *source.description.classes[1:])
    write_page(source, tmp_path / "page", classes)
    return tmp_path / "page"


def write_page(source: Source, folder: Path, classes: tuple[str, ...], fit: Fit = "stretch") -> None:
    folder.mkdir()
    taken = source.description.input.model_copy(update={"fit": fit})
    description = source.description.model_copy(update={"classes": classes, "input": taken})
    chosen = load_format("web")
    deployed = Deployed(source.network, description.temperature).eval()
    chosen.write(deployed, chosen.description(description), folder / "index.html")


def test_the_page_is_exported_and_verified_in_the_browser(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    export(["scratch/0", "--format", "web", "--vendor", "--output", str(folder), *options])
    said = capsys.readouterr().out
    assert "matches the original in ONNX Runtime Web: largest difference" in said
    assert "same class for 9 of 9" in said
    proof = re.search(r"by the page's own functions: largest difference from Pillow's resizing (\S+); ", said)
    assert proof
    assert float(proof[1]) < 1e-4, "pictures of the network's size"
    assert (folder / "vendor" / WASM).is_file()
    assert (folder / "labels.txt").read_text() == "class0\nclass1\nclass2\n"
    card = (folder / "MODEL_CARD.md").read_text()
    assert "Whole pictures, by the page's own functions: largest difference" in card
    assert "python -m http.server" in card
    assert verify([str(folder)]) == 0
    heading, *_, sentence = capsys.readouterr().out.splitlines()
    assert heading.split()[-3:] == ["by", "the", "page"]
    assert sentence.startswith("ONNX Runtime Web answers as it should: ")
    Image.new("RGB", (32, 32), "green").save(folder / "golden" / "picture-3.png")
    assert verify([str(folder)]) == 1


def test_a_vendored_file_that_was_changed_is_not_run(page: Path) -> None:
    with (page / "vendor" / WASM).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BadInput, match="not a whole web file"):
        load_format("web").open(page / "index.html")


def test_a_model_that_was_changed_is_refused(page: Path) -> None:
    (page / "model.onnx").write_bytes((page / "model.onnx").read_bytes()[:500])
    with pytest.raises(BadInput, match="not a whole web file"):
        load_format("web").open(page / "index.html")


@pytest.mark.parametrize("fit", ["stretch", "crop"])
def test_pictures_are_prepared_as_in_training(fit: Fit, source: Source, tmp_path: Path) -> None:
    write_page(source, tmp_path / "page", source.description.classes, fit)
    opened, original = load_format("web").open(tmp_path / "page" / "index.html"), source.network
    classifier = of_network(original, source.description, CPU)
    random, file = np.random.default_rng(0), tmp_path / "picture.png"
    assert opened.answer_file is not None
    for shape in ((90, 61), (40, 200), (20, 24)):
        image = Image.fromarray(random.integers(0, 256, (*shape, 3), dtype=np.uint8))
        image.save(file)
        square = RESIZING[""](image, 32, FITTING[fit][""](image))
        right = classifier.run(np.asarray(square)[None])
        assert opened.answer_file(file.read_bytes()) == pytest.approx(right, abs=0.01)
    turned = Image.fromarray(random.integers(0, 256, (60, 91, 3), dtype=np.uint8).repeat(1, axis=0))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(file, exif=exif)
    upright = turned.transpose(Image.Transpose.ROTATE_270)
    right = classifier.run(np.asarray(RESIZING[""](upright, 32, FITTING[fit][""](upright)))[None])
    assert opened.answer_file(file.read_bytes()) == pytest.approx(right, abs=0.01)
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    clear.save(file)
    white = classifier.run(np.full((1, 32, 32, 3), 255, np.uint8))
    assert opened.answer_file(file.read_bytes()) == pytest.approx(white, abs=1e-4)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("planes[channel * places + place]", "planes[(2 - channel) * places + place]"),
        ("rgb[3 * place + channel]", "rgb[3 * place + channel] / 255"),
        (
            "square(rgb, height, width, input.image_size, ",
            "square(rgb.map((each) => 255 - each), height, width, input.image_size, ",
        ),
    ],
)
def test_a_page_that_prepares_pictures_wrongly_is_not_written(
    right: str, wrong: str, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "scripts"
    shutil.copytree(FOLDER, other)
    script = (other / "network.js").read_text()
    assert right in script
    (other / "network.js").write_text(script.replace(right, wrong))
    monkeypatch.setattr("search.models.formats.web_files.FOLDER", other)
    with pytest.raises(NotProven, match=r"does not answer as the trained network|prepares pictures otherwise"):
        export(["scratch/0", "--format", "web", "--output", str(tmp_path / "here" / "out"), *options])
    assert list((tmp_path / "here").iterdir()) == []


def test_names_of_classes_and_files_are_text(chromium: Browser, page: Path, images: Path, tmp_path: Path) -> None:
    first, other = tmp_path / f"{HOSTILE}.png", tmp_path / "no picture.png"
    shutil.copyfile(images / "class0" / "0.png", first)
    other.write_text("<script>alert(1)</script>")
    chromium.errors.clear()
    with served(page) as address:
        chromium.open(address)
        chromium.until("document.body.classList.contains('ready')")
        chromium.choose_files("#files", first, other)
        chromium.until("document.querySelectorAll('article .warn, article .bars').length === 2")
        assert HOSTILE in chromium.run("document.getElementById('classes').textContent")
        assert HOSTILE in chromium.run("document.querySelector('.bars').textContent")
        assert f"{HOSTILE}.png" in chromium.run("document.querySelectorAll('figcaption')[1].textContent")
        assert "cannot read it as a picture" in chromium.run("document.querySelector('.warn').textContent")
        assert chromium.run("document.querySelectorAll('img[onerror]').length") == 0
    assert chromium.errors == []


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_screen(chromium: Browser, page: Path, images: Path, width: int) -> None:
    chromium.size(width, 800)
    with served(page) as address:
        chromium.open(address)
        chromium.until("document.body.classList.contains('ready')")
        chromium.choose_files("#files", images / "class0" / "0.png")
        chromium.until("document.querySelector('.bars')")
        assert chromium.run("document.documentElement.scrollWidth") <= width


def test_an_answer_below_the_threshold_is_unsure(chromium: Browser, page: Path, images: Path) -> None:
    description = json.loads((page / "description.json").read_text())
    decision = {"thresholds": [1.1, 1.1, 1.1]}
    (page / "description.json").write_text(json.dumps(description | {"decision": decision}))
    with served(page) as address:
        chromium.open(address)
        chromium.until("document.body.classList.contains('ready')")
        chromium.choose_files("#files", images / "class0" / "0.png")
        chromium.until("document.querySelector('.decided')")
        assert chromium.run("document.querySelector('.decided').textContent") == "unsure"


@pytest.mark.parametrize("changed", [False, True])
def test_the_runtime_of_another_server_is_loaded_by_its_hash_only(
    chromium: Browser, page: Path, tmp_path: Path, changed: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(page / "vendor", elsewhere)
    if changed:
        for path in elsewhere.iterdir():
            with path.open("ab") as file:
                file.write(b"\n")
    with served(elsewhere) as server, served(page) as address:
        load_from_server(page, server)
        assert sorted(path.name for path in page.iterdir() if path.suffix in (".js", ".css", ".svg")) == sorted(
            [*COPIED, "square.js"]
        )
        chromium.errors.clear()
        chromium.open(address)
        if changed:
            chromium.until("document.getElementById('said').textContent.startsWith('Loading. If this stays')")
            assert any("integrity" in error for error in chromium.errors)
        else:
            chromium.until("document.body.classList.contains('ready')")
            assert chromium.errors == []


def test_a_page_without_its_runtime_is_opened_with_that_of_this_machine(page: Path, source: Source) -> None:
    vendor_folder = page / "vendor"
    right = load_format("web").open(page / "index.html").run(np.zeros((2, 32, 32, 3), np.uint8))
    load_from_server(page)
    assert not vendor_folder.exists()
    found = load_format("web").open(page / "index.html").run(np.zeros((2, 32, 32, 3), np.uint8))
    assert found == pytest.approx(right)
    vendor(page)
    assert vendor_folder.is_dir()
