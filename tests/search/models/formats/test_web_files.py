from __future__ import annotations

import base64
import hashlib
import html.parser
import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from search.errors import BadInput
from search.models.formats import web_files
from search.models.formats.web_files import CODE, HASHES, SERVER, WASM, load_from_server, page, runtime, vendor


class Tags(html.parser.HTMLParser):
    """What a browser sees of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.map = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1] == ("script", {"type": "importmap"}):
            self.map = self.map or data


@pytest.mark.parametrize("at", ["./vendor", SERVER])
def test_the_policy_allows_the_runtime_and_nothing_else_from_elsewhere(at: str) -> None:
    tags = Tags(page(at))
    (policy,) = [given["content"] for tag, given in tags.found if "http-equiv" in given]
    assert policy is not None
    parts = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    digest = base64.b64encode(hashlib.sha256(tags.map.encode()).digest()).decode()
    elsewhere = [] if at.startswith(".") else [f"{SERVER}/{CODE}"]
    assert parts["default-src"] == ["'none'"]
    assert parts["script-src"] == ["'self'", "'wasm-unsafe-eval'", f"'sha256-{digest}'", *elsewhere]
    assert parts["connect-src"] == ["'self'", *([f"{SERVER}/{WASM}"] if elsewhere else [])]
    assert "unsafe-inline" not in policy
    inline = [given for tag, given in tags.found if tag == "script" and "src" not in given]
    assert inline == [{"type": "importmap"}]
    assert not [given for _, given in tags.found if any(name.startswith("on") or name == "style" for name in given)]


@pytest.mark.parametrize("at", ["./vendor", SERVER])
def test_the_browser_compares_the_hashes_of_both_files(at: str) -> None:
    tags = Tags(page(at))
    assert json.loads(tags.map)["integrity"] == {f"{at}/{CODE}": HASHES[CODE]}
    assert json.loads(tags.map)["imports"] == {"onnxruntime-web": f"{at}/{CODE}"}
    (body,) = [given for tag, given in tags.found if tag == "body"]
    assert body == {"data-wasm": f"{at}/{WASM}", "data-integrity": HASHES[WASM]}
    assert re.search(r"onnxruntime-web@\d+\.\d+\.\d+/", SERVER), "a version that cannot change"


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A registry with these two files, and a home without a cache."""
    files = {CODE: b"code", WASM: b"wasm"}
    hashes = {
        name: f"sha384-{base64.b64encode(hashlib.sha384(each).digest()).decode()}" for name, each in files.items()
    }
    monkeypatch.setattr(web_files, "HASHES", hashes)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")

    def pack(command: list[str], cwd: str, **_: object) -> subprocess.CompletedProcess[str]:
        assert command[:2] == ["npm", "pack"]
        assert command[-1] == f"onnxruntime-web@{web_files.VERSION}"
        if not files:
            return subprocess.CompletedProcess(command, 1, "", "npm error code ENOTFOUND\nnpm error network is down\n")
        with tarfile.open(Path(cwd) / "onnxruntime-web.tgz", "w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f"package/dist/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("search.models.formats.web_files.subprocess.run", pack)
    return files


def test_the_runtime_is_downloaded_once_and_put_beside_the_page(npm: dict[str, bytes], tmp_path: Path) -> None:
    assert not web_files.is_cached()
    assert {name: path.read_bytes() for name, path in runtime().items()} == npm
    npm.clear()
    assert web_files.is_cached()
    vendor(tmp_path)
    assert sorted(path.name for path in (tmp_path / "vendor").iterdir()) == [WASM, CODE]
    assert "./vendor/" in (tmp_path / "index.html").read_text()
    load_from_server(tmp_path)
    assert not (tmp_path / "vendor").exists()
    assert f"{SERVER}/{CODE}" in (tmp_path / "index.html").read_text()


def test_a_damaged_cache_is_downloaded_again(npm: dict[str, bytes]) -> None:
    runtime()[WASM].write_bytes(b"half")
    assert runtime()[WASM].read_bytes() == b"wasm"


def test_files_with_another_hash_are_refused(npm: dict[str, bytes], tmp_path: Path) -> None:
    npm[CODE] = b"changed"
    with pytest.raises(BadInput, match=re.escape(f"{CODE} has another hash than this program expects")):
        vendor(tmp_path)
    assert not web_files.is_cached()


def test_what_npm_cannot_download_is_said(npm: dict[str, bytes]) -> None:
    npm.clear()
    with pytest.raises(BadInput, match=r"npm could not download it: npm error network is down; connect this machine"):
        runtime()


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
@pytest.mark.parametrize("name", ["network.js", "page.js"])
def test_the_scripts_of_the_page_are_javascript(name: str, tmp_path: Path) -> None:
    module = tmp_path / f"{name}.mjs"
    shutil.copyfile(web_files.FOLDER / name, module)
    subprocess.run(["node", "--check", str(module)], check=True)
