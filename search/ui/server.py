"""The server of the page: where it listens, and who may ask it."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import socket
import sys
import threading
import webbrowser
from typing import Any

import uvicorn
from starlette.applications import Starlette

from search.errors import BadInput
from search.settings.search import Settings
from search.ui.guard import Guard, is_loopback
from search.ui.pages import Page
from storage.errors import StorageError


def application(settings: Settings, options: argparse.Namespace, token: str | None) -> Any:
    """The ASGI application: every request passes the guard first."""
    page = Page(settings, options)
    threading.Thread(target=page.prepare, daemon=True).start()
    handlers = {BadInput: page.refused, StorageError: page.refused}
    app = Starlette(routes=page.routes(), exception_handlers=handlers)
    return Guard(app, token=token)


def serve(settings: Settings, options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C. Raises BadInput if the address or the file of the token cannot be used."""
    token = _token(options)
    with _listening(options.host, options.port) as listener:
        port = listener.getsockname()[1]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)  # noqa: S104  no address is bound
        address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/" + (f"?token={token}" if token else "")
        print(f"the page of {settings.name!r} is on {address} (press Ctrl-C to stop it; what was started goes on)")
        if shown != options.host:
            print(f"from another machine, write this machine's IP address instead of {shown}")
        sys.stdout.flush()
        if not options.no_browser and (sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()):
            webbrowser.open(address)
        config = uvicorn.Config(
            application(settings, options, token), log_level="warning", server_header=False, proxy_headers=False
        )
        uvicorn.Server(config).run(sockets=[listener])


def _token(options: argparse.Namespace) -> str | None:
    """The token that browsers must show; None for this machine's own. Raises BadInput."""
    if options.token_file is None:
        return None if is_loopback(options.host) else secrets.token_urlsafe(24)
    try:
        token: str = options.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{options.token_file}: {getattr(error, 'strerror', None) or error}; name a readable file"
        raise BadInput("--token-file", [problem]) from error
    if not re.fullmatch(r"[A-Za-z0-9_-]{20,200}", token):
        problem = f"{options.token_file}: expected one token of 20 to 200 letters, digits, '_' and '-'"
        raise BadInput("--token-file", [f"{problem}; make one with: openssl rand -hex 32"])
    return token


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises BadInput."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, reuse_port=False
        )
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput("the page cannot be served", [f"{host}, port {port}: {reason}; choose another"]) from error
