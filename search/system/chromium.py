"""A Chromium without a window, driven over a pipe by the DevTools protocol: no further package is needed."""

from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from contextlib import suppress
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")

_PIPES = """
import os, sys
for number, place in ((1, 103), (2, 104)):
    os.dup2(int(sys.argv[number]), place)
os.dup2(103, 3)  # Chromium reads commands from descriptor 3, and writes to 4
os.dup2(104, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def program() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One tab. `errors` collects what its scripts and its policy complain about.

    patience_seconds  how long an answer, or what is waited for, may take

    The browser ends with `close`, when the object is collected, or with the process; so does the folder of its
    profile. For one thread at a time.
    """

    patience_seconds = 60.0

    def __init__(self, *options: str) -> None:
        """Start it. Raises OSError if there is none, or if it ends."""
        found = program()
        if found is None:
            raise FileNotFoundError(f"there is no {', '.join(NAMES)}")
        profile = tempfile.mkdtemp(prefix="elimnet-chromium-")
        to_child, self._write = os.pipe()
        self._read, from_child = os.pipe()
        given = ["--headless", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}", *options]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            given.append("--no-sandbox")  # it does not start as root otherwise
        process = subprocess.Popen(
            [sys.executable, "-c", _PIPES, str(to_child), str(from_child), found, *given, "about:blank"],
            pass_fds=(to_child, from_child),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_child)
        os.close(from_child)
        self.close = weakref.finalize(self, _end, process, profile, self._read, self._write)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session: str | None = None
        self.errors: list[str] = []
        (target,) = [each for each in self.send("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command. Raises RuntimeError if the browser refuses it."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        content = memoryview(json.dumps(message).encode() + b"\0")
        while content:
            content = content[os.write(self._write, content) :]
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, address: str) -> None:
        """Load a page, and wait until it is complete."""
        self.send("Page.navigate", url=address)
        self.until("location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for. Raises RuntimeError with its exception."""
        done = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return done["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true in the page, which has been read to its end. Raises TimeoutError."""
        deadline = time.monotonic() + self.patience_seconds
        while not self.run(f"document.readyState === 'complete' && Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition} in {self.run('document.body.innerText')}")
            time.sleep(0.1)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select.select([self._read], [], [], self.patience_seconds)[0]:
                raise TimeoutError(f"the browser says nothing for {self.patience_seconds:g} seconds")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise ConnectionError("the browser has ended")
            self._rest += part
        line, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(message["params"]["exceptionDetails"]))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.errors.append(message["params"]["entry"]["text"])
        return message


def _end(process: subprocess.Popen[bytes], profile: str, *pipes: int) -> None:
    """End the browser with its own processes, which would write to the profile again; then remove that."""
    process.terminate()
    process.wait(30)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in pipes:
        os.close(pipe)
    shutil.rmtree(profile, ignore_errors=True)
