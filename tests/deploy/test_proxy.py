"""The proxy that asks for a password: as Compose resolves it, and as a real nginx runs it."""

from __future__ import annotations

import base64
import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.test_compose import services
from tests.house import ROOT

CONFIG = ROOT / "deploy" / "nginx" / "dashboard.conf"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
OPENSSL = shutil.which("openssl")
needs_nginx = pytest.mark.skipif(not (NGINX and OPENSSL), reason="needs nginx and openssl")
SECRET = "correct horse"


def test_the_proxy_is_a_profile_and_mounts_the_passwords_read_only(tmp_path: Path) -> None:
    assert "proxy" not in services()
    proxy = services(COMPOSE_PROFILES="proxy", PASSWORDS_DIR=str(tmp_path), PROXY_PORT="443")["proxy"]
    mounts = {volume["target"]: volume for volume in proxy["volumes"]}
    assert mounts["/etc/nginx/passwords"]["source"] == str(tmp_path)
    assert all(volume["read_only"] for volume in mounts.values())
    assert mounts["/etc/nginx/conf.d/default.conf"]["source"] == str(CONFIG)
    assert [(port["published"], port["target"]) for port in proxy["ports"]] == [("443", 8081)]
    assert (proxy["read_only"], proxy["cap_drop"]) == (True, ["ALL"])
    assert "auth_basic_user_file /etc/nginx/passwords/htpasswd;" in CONFIG.read_text()


class _Dashboard(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"dashboard, told {self.headers.get('Authorization')!r}".encode())

    def log_message(self, *_: object) -> None:
        pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator[Callable[[str | None], str]]:
    """Starts nginx with this file of passwords before a small server, and returns its address."""
    with contextlib.ExitStack() as stack:

        def start(passwords: str | None) -> str:
            dashboard = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Dashboard))
            threading.Thread(target=dashboard.serve_forever, daemon=True).start()
            stack.callback(dashboard.shutdown)
            if passwords is not None:
                (tmp_path / "htpasswd").write_text(passwords)
            port = free_port()
            site = CONFIG.read_text().replace("listen 8081", f"listen 127.0.0.1:{port}")
            site = site.replace("http://dashboard:8080", f"http://127.0.0.1:{dashboard.server_port}")
            site = site.replace("/etc/nginx/passwords", str(tmp_path))
            paths = "".join(
                f"{name}_temp_path {tmp_path / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            main = tmp_path / "nginx.conf"
            user = "user root; " if os.name == "posix" and os.geteuid() == 0 else ""  # or it could not read the folder
            main.write_text(
                f"{user}daemon off; pid {tmp_path / 'pid'}; error_log {tmp_path / 'error.log'}; events {{}}"
                f"http {{ access_log off; {paths} {site} }}"
            )
            process = subprocess.Popen([str(NGINX), "-e", str(tmp_path / "error.log"), "-c", str(main)])
            stack.callback(process.wait)
            stack.callback(process.terminate)
            address = f"http://127.0.0.1:{port}/"
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    return address
                time.sleep(0.05)
            raise AssertionError((tmp_path / "error.log").read_text())

        yield start


def answer(address: str, password: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(address)
    if password is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"me:{password}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, ""


@needs_nginx
def test_only_who_knows_the_password_sees_the_dashboard(start_proxy: Callable[[str | None], str]) -> None:
    made = subprocess.run([str(OPENSSL), "passwd", "-6", SECRET], capture_output=True, text=True, check=True)
    address = start_proxy(f"me:{made.stdout}")
    assert answer(address)[0] == 401
    assert answer(address, "wrong")[0] == 401
    assert answer(address, SECRET) == (200, "dashboard, told None"), "the password stays with the proxy"


@needs_nginx
def test_without_a_file_of_passwords_nobody_gets_in(start_proxy: Callable[[str | None], str]) -> None:
    address = start_proxy(None)
    assert answer(address)[0] == 401
    assert answer(address, SECRET)[0] in (403, 500)
