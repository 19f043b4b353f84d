"""The page on a real server: each request goes through a real socket."""

from __future__ import annotations

import argparse
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from search.settings.search import Settings
from search.ui.__main__ import _parser
from tests.chromium import Browser, browser

DESK = 1200


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Site:
    """A page that is served, and a client of it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self.address = f"http://{self.host}"

    def ask(self, method: str, path: str, headers: dict[str, str], content: bytes = b"") -> Reply:
        """A request with exactly these headers; `Host` is ours if it is not given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, content or None, {"Host": self.host, "Accept": "text/html", **given})
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, named, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, headers)

    def post(self, path: str, body: bytes, **headers: str) -> Reply:
        """From the page itself, as its browser says."""
        return self.ask("POST", path, {"Origin": self.address} | headers, body)


@contextmanager
def served(settings: Settings, *given: str, token: str | None = None, config: Path | None = None) -> Iterator[Site]:
    """The page in a thread of this process."""
    import uvicorn  # noqa: PLC0415 - comes with an extra

    from search.ui.server import application  # noqa: PLC0415

    options: argparse.Namespace = _parser("ui").parse_args(
        [*(["--config", str(config)] if config else []), "--no-browser", *given]
    )
    app: Any = application(settings, options, token)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Site(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(30)


Serve = Callable[..., Any]


@pytest.fixture
def site(settings: Settings, searched: Path) -> Iterator[Site]:
    """The page of the small search that is over."""
    with served(settings, config=searched) as site:
        yield site


@pytest.fixture(scope="module")
def opened() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def chromium(opened: Browser) -> Iterator[Browser]:
    """A browser whose pages must not complain, and which leaves them before their server ends."""
    opened.errors.clear()
    opened.size(DESK, 900)
    yield opened
    opened.send("Page.navigate", url="about:blank")
    assert opened.errors == []
