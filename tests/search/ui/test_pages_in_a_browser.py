"""The page in a real Chromium: what its scripts do, and that nothing breaks its policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.inspect.corrections import read_corrections, write_corrections
from search.inspect.findings import CopyGroup, LabelError, Outlier
from search.settings.search import Settings
from tests.chromium import Browser
from tests.search.ui.conftest import DESK, Site
from tests.systems import needs_browser

pytest.importorskip("uvicorn")
pytestmark = needs_browser
PHONE = 360


@pytest.fixture
def chromium(site: Site, chromium: Browser) -> Browser:
    """It leaves the page before the page's server ends, and so is made after it."""
    return chromium


def test_a_click_on_a_point_leads_to_its_network(chromium: Browser, site: Site) -> None:
    chromium.open(site.address)
    chromium.until("document.querySelector('#front svg a')")
    chromium.run("document.querySelector('#front svg a[href=\"/network/elimination/0\"]').dispatchEvent("
                 "new MouseEvent('click', {bubbles: true, cancelable: true}))")  # fmt: skip
    chromium.until("location.pathname === '/network/elimination/0' && document.querySelector('svg.backbone')")
    assert "blocks stay" in chromium.run("document.querySelector('[data-load]').innerText")


def test_the_live_part_stays_as_it_is_while_nothing_changes(chromium: Browser, site: Site) -> None:
    chromium.open(site.address)
    chromium.until("document.querySelector('#front svg')")
    chromium.run("for (const id of ['standing', 'front', 'members']) document.getElementById(id).mine = true")
    chromium.run("document.querySelector('#members a').focus()")
    chromium.run("live(document.querySelector('[data-live]'))")
    assert chromium.run("['standing', 'front', 'members'].every((id) => document.getElementById(id).mine)")
    chromium.run("update(document.querySelector('[data-live]'), document.querySelector('[data-live]').innerHTML"
                 ".replaceAll('parameters (log scale)', 'other'))")  # fmt: skip
    assert chromium.run("document.querySelector('#front').innerHTML.includes('other')")
    assert chromium.run("document.getElementById('members').mine")
    assert chromium.run("document.activeElement.closest('#members') !== null")


def test_a_chosen_picture_is_answered_by_two_networks(chromium: Browser, site: Site, images: Path) -> None:
    chromium.open(f"{site.address}/try?model=elimination/0&beside=scratch/0")
    chromium.choose_files("#files", images / "class0" / "0.png", images / "class2" / "1.png")
    chromium.until("document.querySelectorAll('#answers article').length === 4")
    chromium.fill("[name=beside]", "")
    chromium.until("document.querySelectorAll('#answers article').length === 2")


def test_a_picture_of_the_camera_is_answered(chromium: Browser, site: Site) -> None:
    chromium.open(f"{site.address}/try?model=elimination/0")
    chromium.run("document.getElementById('camera').click()")
    chromium.until("!document.getElementById('shoot').hidden && document.getElementById('video').videoWidth > 0")
    chromium.run("document.getElementById('shoot').click()")
    chromium.until("document.querySelectorAll('#answers article').length === 1")


def test_what_is_no_picture_is_told_as_text(chromium: Browser, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "<img src=x onerror=alert(1)>.png"
    file.write_text("<script>alert(1)</script>")
    chromium.open(f"{site.address}/try?model=elimination/0")
    chromium.choose_files("#files", file)
    chromium.until("document.querySelector('#answers').innerText.includes('no picture')")
    assert file.name in chromium.run("document.querySelector('#answers figcaption').textContent")
    chromium.errors[:] = [each for each in chromium.errors if "400" not in each]  # the refusal itself


def test_a_click_decides_wherever_an_image_is_shown(chromium: Browser, site: Site, settings: Settings) -> None:
    file = settings.run_dir / "corrections.csv"
    error = LabelError(0, "class0/0.png", "train", "class0", "class1", 0.1, 0.9)
    copies = CopyGroup((0, 1), ("class0/0.png", "class1/3.png"), ("train", "train"), ("class0", "class1"))
    write_corrections(file, [error], [], [copies])
    try:
        chromium.open(f"{site.address}/data")
        chromium.run("document.querySelector('[value=drop]').click()")
        chromium.until("document.querySelector('form.decision [role=status]').textContent === 'saved'")
        assert read_corrections(file)[0].action == "drop"
        dropped = "[...document.querySelectorAll('form.decision [value=drop]')].map((button) => button.checked)"
        assert chromium.run(dropped) == [True, True, False], "in its group of near copies as well"
        chromium.fill("[name=proposed]", "class2")
        chromium.until("document.querySelector('[value=relabel]').checked")
        chromium.until("document.querySelector('form.decision [role=status]').textContent === 'saved'")
    finally:
        file.unlink()


def test_an_advanced_setting_is_refused_while_it_is_typed(chromium: Browser, site: Site) -> None:
    chromium.open(f"{site.address}/start")
    assert not chromium.run("document.querySelector('form details').open")
    for value, said in (("many", "expected a whole number"), ("3", "plan for")):
        chromium.fill("[name='data.split_seed']", value)
        chromium.until(f"document.getElementById('plan').textContent.includes('{said}')")
    chromium.errors[:] = [each for each in chromium.errors if "400" not in each]  # the refusal itself


def test_the_slider_tells_the_plan(chromium: Browser, site: Site) -> None:
    chromium.open(f"{site.address}/start")
    chromium.run("document.getElementById('slider').value = 60;"
                 "document.getElementById('slider').dispatchEvent(new Event('input', {bubbles: true}))")  # fmt: skip
    chromium.until("document.getElementById('plan').textContent.startsWith('plan for 1:00:00')")
    assert chromium.run("document.getElementById('minutes').value") == "60"


def test_a_form_of_the_page_is_let_through(chromium: Browser, site: Site) -> None:
    chromium.open(f"{site.address}/take")
    chromium.run(
        "{ const form = document.querySelector('#final form'); form.noValidate = true; form.requestSubmit(); }"
    )
    chromium.until("document.body.innerText.includes('confirm that the test split may be read now')")
    chromium.errors[:] = [each for each in chromium.errors if "400" not in each]  # the refusal itself


def test_the_keyboard_suffices(chromium: Browser, site: Site, settings: Settings) -> None:
    chromium.open(site.address)
    chromium.until("document.querySelector('#front svg a')")
    chromium.press("Tab", 9)
    assert chromium.run("document.activeElement.textContent") == "To the content"
    chromium.run("document.querySelector('#front svg a').focus()")
    chromium.press("Enter", 13)
    chromium.until("location.pathname.startsWith('/network/')")
    file = settings.run_dir / "corrections.csv"
    write_corrections(file, [], [Outlier(0, "class0/0.png", "train", "class0", 9.0)], [])
    try:
        chromium.open(f"{site.address}/data")
        chromium.run("document.querySelector('[value=keep]').focus()")
        chromium.press("ArrowRight", 39)
        chromium.until("document.querySelector('form.decision [role=status]').textContent === 'saved'")
        assert read_corrections(file)[0].action == "relabel"
    finally:
        file.unlink()


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("path", ["/", "/network/elimination/0", "/try", "/start", "/data", "/take"])
def test_nothing_is_wider_than_the_screen(chromium: Browser, site: Site, path: str, width: int) -> None:
    chromium.size(width, 800)
    chromium.open(site.address + path)
    if path == "/":
        chromium.until("document.querySelector('#front svg')")
    assert chromium.run("document.documentElement.scrollWidth") <= width
