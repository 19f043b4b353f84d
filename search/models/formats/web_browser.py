"""The page of an export, open in a real Chromium: its own functions answer."""

from __future__ import annotations

import base64
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from search.models.classifier import Images, Probabilities
from search.models.formats.web_files import BESIDE, VENDOR, vendor
from search.system.chromium import Chromium

_READY = "import('./network.js').then(({ ready }) => ready).then(() => true)"
_PIXELS = """
(async (text, size) => {
  const { probabilities } = await import("./network.js");
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0)), found = [];
  for (let start = 0; start < bytes.length; start += size)
    found.push(Array.from(await probabilities(bytes.subarray(start, start + size))));
  return found;
})(%s, %d)
"""
_FILE = """
(async (text) => {
  const { answer } = await import("./network.js");
  const found = await answer(new Blob([Uint8Array.from(atob(text), (each) => each.charCodeAt(0))]));
  return [Array.from(found.probabilities)];
})(%s)
"""


class OpenPage:
    """The page in `folder`, served to this machine alone. It ends when the object is collected.

    A page that loads its runtime from elsewhere gets it from this machine: its hashes say that it is the same.
    """

    def __init__(self, folder: Path, size: int) -> None:
        """Raises OSError or RuntimeError if it does not load, BadInput if the runtime is nowhere."""
        self._pixels = size * size * 3
        self._one_at_a_time = threading.Lock()
        with _with_runtime(folder) as served, _server(served) as address:
            self._browser = Chromium()
            self._browser.open(address)
            self._run(_READY)

    def probabilities(self, images: Images) -> Probabilities:
        """uint8 (N, S, S, 3) -> float32 (N, classes)"""
        return self._answered(_PIXELS % (_quoted(images.tobytes()), self._pixels))

    def answer_file(self, content: bytes) -> Probabilities:
        """A picture's file -> float32 (1, classes), decoded and resized by the page. Raises RuntimeError otherwise."""
        return self._answered(_FILE % _quoted(content))

    def _answered(self, script: str) -> Probabilities:
        return np.array(self._run(script), dtype=np.float32)

    def _run(self, script: str) -> Any:
        with self._one_at_a_time:
            found = self._browser.run(script)
            if self._browser.errors:
                raise RuntimeError(self._browser.errors[0])
            return found


def _quoted(content: bytes) -> str:
    return json.dumps(base64.b64encode(content).decode())


@contextmanager
def _with_runtime(folder: Path) -> Iterator[Path]:
    """The folder itself if the runtime is in it; otherwise one with the same files and the runtime."""
    if (folder / VENDOR).is_dir():
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="elimnet-web-") as other:
        for name in BESIDE:
            (Path(other) / name).symlink_to((folder / name).resolve())
        vendor(Path(other))
        yield Path(other)


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: standard error is for people."""


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Its address. The page is complete once it has answered, and needs no server any more."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
