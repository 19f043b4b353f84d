"""From a folder of photographs to an exported model and its test score, with the browser alone."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from benchmarks.images import write_images
from search.inspect.corrections import read_corrections
from search.settings.search import Settings
from search.ui.jobs import Jobs
from search.ui.starting import WITHOUT
from tests.chromium import Browser
from tests.conftest import LoadSettings, tiny_elimination, tiny_scratch
from tests.search.ui.conftest import Site, served
from tests.systems import needs_browser

pytest.importorskip("uvicorn")
COLOURS = ("#b03030", "#30a040", "#3050b0")
IMAGES_A_CLASS = 16


@pytest.fixture
def small_photographs(tmp_path: Path) -> Path:
    """Photographs of three classes, each with a colour of its own, and one that is saved again in another class."""
    root = tmp_path / "photographs"
    write_images(root, len(COLOURS), len(COLOURS) * IMAGES_A_CLASS)
    for label, colour in enumerate(COLOURS):
        for path in (root / f"class_{label}").iterdir():
            image = Image.open(path).resize((128, 96))
            Image.blend(image, Image.new("RGB", image.size, colour), 0.4).save(path, quality=90)
    Image.open(root / "class_0" / "3.jpg").save(root / "class_1" / "again.jpg", quality=70)
    return root


@pytest.fixture
def walked(load_settings: LoadSettings, small_photographs: Path, tmp_path: Path) -> Iterator[tuple[Site, Settings]]:
    """The page before any search, with weights for the inspection."""
    torch.manual_seed(0)
    weights = tmp_path / "weights"
    weights.mkdir()
    save_file(timm.create_model("test_resnet").state_dict(), weights / "test_resnet.safetensors")
    settings = load_settings(
        data={"source": "folder", "path": str(small_photographs)},
        studies={"elimination": tiny_elimination(initial_weights="pretrained"), "scratch": tiny_scratch()},
        weights_dir=str(weights),
    )
    with served(settings, config=tmp_path / "config.yaml") as site:
        yield site, settings
        for kind in WITHOUT:
            site.post(f"/job/{kind}/stop", b"")


def ended(chromium: Browser, kind: str) -> None:
    """Wait until a command has ended well."""
    chromium.until(f"document.querySelector('#job-{kind}').innerText.includes('It has ended')")
    assert "It has ended well." in chromium.run(f"document.querySelector('#job-{kind}').innerText")


def checksums(folder: Path) -> list[tuple[str, str]]:
    return sorted((str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in folder.rglob("*.jpg"))


@needs_browser
@pytest.mark.walks
def test_from_photographs_to_a_model_and_its_test_score(
    walked: tuple[Site, Settings], chromium: Browser, small_photographs: Path
) -> None:
    site, settings = walked
    before = checksums(small_photographs)

    chromium.open(f"{site.address}/start")
    assert str(small_photographs) in chromium.run("document.body.innerText")
    chromium.fill("#minutes", "30")
    chromium.fill("[name=max_ram_kb]", "100000")
    chromium.fill("[name=trials]", "2")  # an advanced setting, which ends the run early
    chromium.run("document.querySelector('form#run').requestSubmit()")
    chromium.until("location.pathname === '/'")
    job = Jobs(settings.run_dir, {}).latest("run")
    assert job is not None
    assert "--minutes 30 --set studies.elimination.max_ram_kb=100000" in job.words
    assert "--set trials=2" in job.words

    chromium.until("document.querySelector('#standing')?.innerText.includes('Started here')")
    chromium.until("document.querySelector('#front svg a') && !document.querySelector('#standing form')")
    assert "2 trained" in chromium.run("document.querySelector('#standing').innerText")

    with_model = chromium.run("document.querySelector('#members td a').getAttribute('href')")
    chromium.run(f"document.querySelector('#front svg a[href=\"{with_model}\"]').dispatchEvent("
                 "new MouseEvent('click', {bubbles: true, cancelable: true}))")  # fmt: skip
    chromium.until("location.pathname.startsWith('/network/') && document.querySelector('svg.backbone, .backbone')")

    chromium.run("document.querySelector('.actions a').click()")
    chromium.until("location.pathname === '/try' && document.querySelector('#files')")
    chromium.choose_files("#files", small_photographs / "class_0" / "0.jpg")
    chromium.until("document.querySelectorAll('#answers article').length === 1")

    chromium.open(f"{site.address}/data")
    chromium.run("document.querySelector('form button').click()")
    ended(chromium, "inspect")
    chromium.open(f"{site.address}/data")
    again = "[...document.querySelectorAll('form.decision')].find((form) => form.elements.file.value.includes('again'))"
    chromium.run(f"{again}.querySelector('[value=drop]').click()")
    chromium.until(f"{again}.querySelector('[role=status]').textContent === 'saved'")
    lines = read_corrections(settings.run_dir / "corrections.csv")
    assert [line.file for line in lines if line.action == "drop"] == ["class_1/again.jpg"]

    chromium.open(f"{site.address}/take")
    chromium.fill("[name=format]", "safetensors")
    chromium.run("document.querySelector('form button').click()")
    ended(chromium, "export")
    chromium.until("document.querySelector('#exported a')")
    content = site.get(chromium.run("document.querySelector('#exported a').getAttribute('href')")).body
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert any(name.endswith("MODEL_CARD.md") for name in archive.namelist())

    assert "The test split is read once" in chromium.run("document.querySelector('#final').innerText")
    chromium.fill("[name=seeds]", "1")
    chromium.run("document.querySelector('#final button').click()")
    assert not (settings.run_dir / "ui" / "finalize.json").exists(), "the browser wants the warning confirmed first"
    chromium.run("document.querySelector('[name=sure]').click(); document.querySelector('#final button').click()")
    chromium.until("location.hash === '#final'")
    ended(chromium, "finalize")
    assert "test" in chromium.run("document.querySelector('#job-finalize pre').innerText")
    assert checksums(small_photographs) == before, "no image was changed"
