"""The files of a page that classifies pictures in the browser, and the runtime that it loads.

The runtime is one release of ONNX Runtime Web, by the hashes of its two files. With `vendored` they stand in `vendor/`;
otherwise the page loads them from a public server. In both cases the browser compares the hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from string import Template

from search.errors import BadInput
from search.models.formats.beside import LABELS_FILE
from search.models.formats.snippet import EXTRA_FILE
from search.models.square_code import code_of
from search.system.outputs import replaced

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
CODE, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
HASHES = {
    CODE: "sha384-PLWz+nHEVHpjwBsO0YVdvQj6n5814Iv8E3b8FG0Rp/uIAtjFMCKOpP66iPzedrIG",
    WASM: "sha384-vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM",
}
SERVER = f"https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/dist"

MODEL, PAGE, VENDOR = "model.onnx", "index.html", "vendor"
COPIED = ("network.js", "page.js", "page.css", "icon.svg")
SQUARE = "square.js"
BESIDE = (MODEL, EXTRA_FILE, LABELS_FILE, SQUARE, *COPIED)
"""The files that stand beside the page in both cases."""

FOLDER = Path(__file__).parent / "web_page"


def write_page(folder: Path, *, vendored: bool) -> None:
    """Write the page beside `model.onnx`, with the runtime if it is `vendored`. Raises BadInput if that is nowhere."""
    for name in COPIED:
        shutil.copyfile(FOLDER / name, folder / name)
    (folder / SQUARE).write_text(f"{code_of('JavaScript')}\n\nexport {{ square }};\n", encoding="utf-8")
    if vendored:
        vendor(folder)
    else:
        load_from_server(folder)


def vendor(folder: Path) -> None:
    """Put the runtime into `vendor/`, and let the page load it from there."""
    (folder / VENDOR).mkdir()
    for name, path in runtime().items():
        shutil.copyfile(path, folder / VENDOR / name)
    (folder / PAGE).write_text(page(f"./{VENDOR}"), encoding="utf-8")


def load_from_server(folder: Path, server: str = SERVER) -> None:
    """Let the page load the runtime from a server, and remove `vendor/`."""
    (folder / PAGE).write_text(page(server), encoding="utf-8")
    shutil.rmtree(folder / VENDOR, ignore_errors=True)


def page(runtime_at: str) -> str:
    """The content of index.html, for a runtime below this address. Its policy allows nothing else from elsewhere."""
    code, wasm = (f"{runtime_at}/{name}" for name in (CODE, WASM))
    here = runtime_at.startswith(".")
    elsewhere = {name: "" if here else f" {runtime_at}/{name}" for name in (CODE, WASM)}
    modules = json.dumps({"imports": {PACKAGE: code}, "integrity": {code: HASHES[CODE]}})
    digest = base64.b64encode(hashlib.sha256(modules.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}'{elsewhere[CODE]}; "
        f"style-src 'self'; img-src 'self' blob:; connect-src 'self'{elsewhere[WASM]}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    template = Template((FOLDER / PAGE).read_text(encoding="utf-8"))
    network = "" if here else ", or no network to load its runtime from"
    return template.substitute(policy=policy, modules=modules, wasm=wasm, integrity=HASHES[WASM], network=network)


def runtime() -> dict[str, Path]:
    """The files of the runtime on this machine, by name. The first time npm downloads them to a cache.

    Raises BadInput if it cannot, or if a file has another hash.
    """
    files = _cached()
    if not is_cached():
        contents = _downloaded()
        for name, path in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path) as file:
                file.write(contents[name])
    return files


def is_cached() -> bool:
    """Whether the files of the runtime are on this machine, whole."""
    return all(path.is_file() and _hash(path.read_bytes()) == HASHES[name] for name, path in _cached().items())


def _cached() -> dict[str, Path]:
    folder = Path.home() / ".cache" / "elimnet-search" / f"{PACKAGE}-{VERSION}"
    return {name: folder / name for name in HASHES}


def _downloaded() -> dict[str, bytes]:
    """The files of the runtime, by name, from npm's registry."""
    refused = f"{PACKAGE} {VERSION} cannot be had"
    with tempfile.TemporaryDirectory(prefix="elimnet-web-") as folder:
        command = ["npm", "pack", "--ignore-scripts", "--silent", f"{PACKAGE}@{VERSION}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise BadInput(refused, [f"npm could not download it: {reason}; connect this machine to npm's registry"])
        contents = {}
        with tarfile.open(archives[0]) as archive:
            for name in HASHES:
                member = archive.extractfile(f"package/dist/{name}")
                contents[name] = member.read() if member else b""
    if changed := [name for name, content in contents.items() if _hash(content) != HASHES[name]]:
        raise BadInput(refused, [f"{name} has another hash than this program expects" for name in changed])
    return contents


def _hash(content: bytes) -> str:
    """As browsers write it."""
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"
