"""Each view of the page on a small search that is over, asked for as a browser does."""

from __future__ import annotations

import io
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from pydantic import SecretStr

from search.inspect.corrections import read_corrections, write_corrections
from search.inspect.findings import CopyGroup, LabelError, Outlier
from search.models.decisions import decisions
from search.models.deployed import CPU, of_network
from search.models.exporting import Asked, export
from search.models.image_files import Reading, decode_image
from search.models.loading import open_classifier
from search.models.original_data import open_images
from search.models.sources import open_source
from search.settings.search import Settings
from storage.address import normalise_url
from storage.database import connect
from tests.search.ui.conftest import Site, served

pytest.importorskip("uvicorn")
CLASSES = ["class0", "class1", "class2"]


def a_picture(side: int = 40, form: str = "PNG", value: int = 200) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), value, dtype=np.uint8)).save(content, form)
    return content.getvalue()


def test_watch_shows_the_front_the_standing_and_a_text_beside_the_plot(site: Site) -> None:
    assert 'data-live="/live?x=macs"' in site.get("/?x=macs").text
    live = site.get("/live?x=parameters&w=390").text
    assert re.findall(r'<section id="([a-z]+)"', live) == ["standing", "advice", "front", "workers", "members"]
    assert 'viewBox="0 0 390 420"' in live
    assert 'href="/network/elimination/0"' in live
    assert 'href="/network/scratch/0"' in live
    assert "Take " in live
    assert "2 networks" in live
    assert "MACs per image" in site.get("/live?x=macs").text


def test_memory_is_an_axis_with_its_unit(site: Site) -> None:
    for axis, title in (("ram_kb", "RAM (kB), int8 activations"), ("flash_kb", "flash (kB), int8 weights")):
        assert f'href="/?x={axis}" aria-current="true"' in site.get(f"/?x={axis}").text
        live = site.get(f"/live?x={axis}").text
        assert title in live
        assert re.search(r"<td>[\d.]+ kB</td>", live)
    assert " kB</td>" not in site.get("/live?x=macs").text


def test_a_network_links_to_its_trial_in_the_dashboard(
    settings: Settings, searched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(settings, config=searched) as site:
        assert "dashboard" not in site.get("/network/elimination/0").text
    monkeypatch.setenv("DASHBOARD_URL", "https://lab.example:8081/")
    with closing(connect(settings.database, create=False)) as database:
        number = database.optuna.get_study_id_from_name("tiny/elimination")
    with served(settings, config=searched) as site:
        page = site.get("/network/elimination/0").text
        assert f'href="https://lab.example:8081/dashboard/studies/{number}/trials?numbers=0"' in page
        assert 'href="https://lab.example:8081/dashboard"' in site.get("/").text


def test_an_axis_that_nobody_measured_says_so(settings: Settings, searched: Path, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'search.db'}"
    shared = str(normalise_url(settings.database).database)
    with closing(sqlite3.connect(shared)) as searched_before, closing(sqlite3.connect(tmp_path / "search.db")) as copy:
        searched_before.backup(copy)
        copy.execute("DELETE FROM trial_system_attributes WHERE key LIKE 'elimnet:latency:%'")  # by tests of latency
        copy.commit()
    with served(settings.model_copy(update={"database_url": SecretStr(address)}), config=searched) as site:
        live = site.get("/live?x=latency").text
    assert "elimnet latency" in live or "search.latency" in live
    assert "<svg" not in live


def test_a_network_in_words_figures_and_a_drawing(site: Site) -> None:
    page = site.get("/network/elimination/0").text
    assert "<code>test_resnet</code>" in page
    assert re.search(r"macro F1 \(95% CI\)</th><td>0\.\d{3}", page)
    assert 'src="/network/elimination/0/mistakes"' in page
    drawing = site.get("/network/elimination/0/drawing").text
    kept, blocks = map(int, re.findall(r"(\d+) of (\d+) blocks stay", drawing)[0])
    assert (drawing.count('class="kept"'), drawing.count('class="gone"')) == (kept, blocks - kept)
    assert 'class="head"' in site.get("/network/scratch/0/drawing").text
    for unknown in ("/network/elimination/77", "/network/nosuch/0", "/network/elimination/77/drawing"):
        assert site.get(unknown).status == 404


def test_mistakes_are_a_page_that_may_be_framed_here_alone(site: Site) -> None:
    answer = site.get("/network/elimination/0/mistakes")
    assert "Confusion matrix" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "script" not in policy
    assert site.get("/network/elimination/77/mistakes").status == 400


def test_try_answers_as_the_model_does(site: Site, settings: Settings) -> None:
    page = site.get("/try").text
    assert 'value="elimination/0"' in page
    answer = site.post("/try/answer?model=elimination/0&beside=scratch/0", a_picture())
    assert answer.status == 200
    assert answer.text.count("<article>") == 2
    source = open_source("elimination/0", settings)
    size = source.description.input.image_size
    shown = dict(re.findall(r'row">(class\d)</th>.*?<td>([\d.]+)</td>', answer.text.split("</article>")[0], re.DOTALL))
    image = np.full((1, size, size, 3), 200, dtype=np.uint8)
    expected = of_network(source.network, source.description, CPU).probabilities(image)[0]
    assert {name: float(shown[name]) for name in CLASSES} == pytest.approx(
        dict(zip(CLASSES, expected, strict=True)), abs=1e-3
    )
    assert "always decides" in answer.text


@pytest.mark.parametrize("body", [b"", b"<svg onload=alert(1)>", b"GIF89a", a_picture()[:60]])
def test_what_is_no_picture_is_refused_with_the_reason(site: Site, body: bytes) -> None:
    answer = site.post("/try/answer?model=elimination/0", body, Accept="*/*")
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert "no picture" in answer.text


def test_a_picture_with_too_many_pixels_is_refused_before_decoding(site: Site) -> None:
    bomb = io.BytesIO()
    Image.new("1", (8000, 8000)).save(bomb, "PNG")  # 64 million pixels in some kB
    answer = site.post("/try/answer?model=elimination/0", bomb.getvalue())
    assert answer.status == 400
    assert "50,000,000 pixels" in answer.text


def test_only_models_of_the_list_are_opened(site: Site, images: Path) -> None:
    for where in (str(images), "../../etc", "nosuch/1"):
        assert site.post(f"/try/answer?{urlencode({'model': where})}", a_picture()).status == 400


def test_read_only_shows_and_tries_and_nothing_else(settings: Settings) -> None:
    with served(settings, "--read-only") as site:
        page = site.get("/").text
        assert re.findall(r'<a href="(/[a-z]*)"', page) == ["/", "/try"]
        assert "/take" not in site.get("/network/elimination/0").text
        assert site.post("/try/answer?model=elimination/0", a_picture()).status == 200
        for path in ("/start", "/data", "/take", "/job/run", "/data/picture/0"):
            assert site.get(path).status == 404
        for path in ("/start/run", "/job/run/stop", "/data/decide", "/take/export", "/take/final"):
            assert site.post(path, b"minutes=1").status == 404


def test_before_a_search_there_is_a_way_to_start_one(settings: Settings, tmp_path: Path) -> None:
    with served(settings.model_copy(update={"output_dir": tmp_path / "none"})) as site:
        assert site.get("/").status == 200
        missing = site.get("/live", Accept="*/*")
        assert missing.status == 400
        assert "no such file" in missing.text
        assert 'href="/start"' in site.get("/try").text
        assert site.get("/start").status == 200


def test_start_tells_the_plan_and_refuses_what_the_settings_refuse(site: Site, settings: Settings) -> None:
    assert site.post("/start/plan", b"minutes=90&data.fit=").text.startswith("plan for 1:30:00 minutes: ")
    refused = site.post("/start/plan", b"minutes=soon", Accept="*/*")
    assert (refused.status, "expected a number" in refused.text) == (400, True)
    page = site.post("/start/run", b"minutes=-3&max_macs=many&stopping.quantile=2")
    assert page.status == 400
    assert page.text.count("<li>") == 4, "minutes, the limit of two studies, and the advanced setting"
    assert site.post("/start/run", b"&".join([b"a=1"] * 1001)).status == 400
    assert not (settings.run_dir / "ui" / "run.json").exists()


def test_start_offers_all_limits_and_the_settings_themselves(site: Site) -> None:
    page = site.get("/start").text
    for name in ("max_parameters", "max_macs", "max_ram_kb", "max_flash_kb", "max_latency_ms", "data.split_seed"):
        assert f'name="{name}"' in page
    assert "seed of the split; another seed gives another split" in page
    assert 'name="data.path"' not in page


@pytest.fixture
def doubted(settings: Settings) -> Iterator[Path]:
    """The list that an inspection writes: label errors, one of no image of the data; an outlier; near copies."""
    file = settings.run_dir / "corrections.csv"
    errors = [LabelError(0, name, "train", "class0", "class1", 0.1, 0.9) for name in ("class0/0.png", "../config.yaml")]
    outliers = [Outlier(1, "class1/3.png", "train", "class1", 5.0)]
    copies = CopyGroup((2, 0), ("class2/1.png", "class0/0.png"), ("train", "train"), ("class2", "class0"))
    write_corrections(file, errors, outliers, [copies])
    yield file
    file.unlink()


def test_data_shows_what_the_inspection_found_by_its_kind(site: Site, doubted: Path) -> None:
    page = site.get("/data").text
    sections = dict(re.findall(r"<h2>([^<]+)</h2>(.*?)(?=<h2>|$)", page, re.DOTALL))
    shown = {title: re.findall(r'data-line="(\d)"', body) for title, body in sections.items()}
    assert shown == {"Probable label errors": ["0", "1"], "Outliers": ["2"], "Near copies": ["0", "3"]}
    picture = site.get("/data/picture/2")
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(picture.body)).size == (192, 192)
    for line in (1, 4):
        assert site.get(f"/data/picture/{line}").status == 400


@pytest.mark.parametrize(("line", "name"), [(0, "class0/0.png"), (2, "class1/3.png"), (3, "class2/1.png")])
def test_each_kind_of_doubt_is_decided_by_a_click(site: Site, doubted: Path, line: int, name: str) -> None:
    fields = {"line": line, "file": name, "action": "relabel", "proposed": "class2"}
    assert site.post("/data/decide", urlencode(fields).encode()).text == "saved"
    assert [each.action for each in read_corrections(doubted)].count("relabel") == 1
    assert read_corrections(doubted)[line][2:4] == ("class2", "relabel")
    for wrong in ({"proposed": "nosuch"}, {"line": 1}, {"line": "x"}, {"action": "burn"}):
        assert site.post("/data/decide", urlencode(fields | wrong).encode()).status == 400
    assert read_corrections(doubted)[line][2:4] == ("class2", "relabel")


def test_a_list_of_an_earlier_version_and_lines_of_a_person_are_shown(site: Site, doubted: Path) -> None:
    doubted.write_text("file,given,proposed,action\nclass1/3.png,class1,class0,keep\n")
    page = site.get("/data").text
    assert "Without a reason" in page
    assert page.count('class="decision"') == 1


def test_an_export_comes_as_a_zip_with_its_proof(site: Site, settings: Settings) -> None:
    page = site.get("/take").text
    assert "The test split is read once" in page
    folder = settings.run_dir / "exports" / "elimination-0-safetensors"
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    (folder / "MODEL_CARD.md").write_text("a card")
    (folder / "golden" / "1.png").write_bytes(a_picture())
    (folder / "secret").symlink_to("/etc/passwd")
    try:
        for path in ("/take", "/take/exported"):
            assert "/take/elimination-0-safetensors.zip" in site.get(path).text
        answer = site.get("/take/elimination-0-safetensors.zip")
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            assert sorted(archive.namelist()) == [
                "elimination-0-safetensors/MODEL_CARD.md",
                "elimination-0-safetensors/golden/1.png",
            ]
    finally:
        (folder / "secret").unlink()
        (folder / "MODEL_CARD.md").unlink()


def test_test_scores_need_a_confirmation(site: Site, settings: Settings) -> None:
    answer = site.post("/take/final", b"seeds=0")
    assert answer.status == 400
    assert "read once" in answer.text
    assert not (settings.run_dir / "ui" / "finalize.json").exists()


@pytest.mark.parametrize("fields", ["model=nosuch/1&format=onnx", "model=elimination/0&format=exe", ""])
def test_an_export_of_something_else_is_refused(site: Site, fields: str) -> None:
    assert site.post("/take/export", fields.encode()).status == 400


def test_an_export_with_a_threshold_says_unsure(site: Site, settings: Settings, images: Path) -> None:
    folder = settings.run_dir / "exports" / "unsure-onnx"
    source = open_source("elimination/0", settings)
    export(source, "onnx", open_images(source, settings), folder, asked=Asked(reject=0.2))
    try:
        assert 'value="unsure-onnx"' in site.get("/try").text
        classifier = open_classifier(str(folder), settings)
        reading = Reading(classifier.description.input, 10**6)
        seen = set()
        for path in sorted(images.glob("*/*.png")):
            expected = decisions(classifier.description, classifier.run(decode_image(path.read_bytes(), reading)[None]))
            answer = site.post("/try/answer?model=unsure-onnx", path.read_bytes())
            assert re.findall(r'class="decided[^>]*>([^<]*)<', answer.text) == expected
            assert "always decides" not in answer.text
            seen |= set(expected or ())
        assert "unsure" in seen
    finally:
        shutil.rmtree(folder)
