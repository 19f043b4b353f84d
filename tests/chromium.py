"""A real Chromium for tests: what a person does in a page, and how it looks."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from search.system.chromium import Chromium


class Browser(Chromium):
    """With a camera that is not real, and more patience than with a page that only shows."""

    patience_seconds = 180.0

    def __init__(self) -> None:
        super().__init__("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--hide-scrollbars")

    def choose_files(self, selector: str, *files: Path) -> None:
        """Put files into a file input, as a person would."""
        found = self.send("Runtime.evaluate", expression=f"document.querySelector({selector!r})")
        self.send("DOM.setFileInputFiles", objectId=found["result"]["objectId"], files=[str(file) for file in files])

    def fill(self, selector: str, value: str) -> None:
        """Type into a field, or choose an option, as a person would."""
        self.run(
            f"{{ const field = document.querySelector({json.dumps(selector)}); field.value = {json.dumps(value)};"
            "for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, {bubbles: true})); }"
        )

    def press(self, key: str, code: int) -> None:
        """Press a key that has this code on all keyboards."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, file: Path) -> None:
        """Of the whole page."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    opened = Browser()
    try:
        yield opened
    finally:
        opened.close()
