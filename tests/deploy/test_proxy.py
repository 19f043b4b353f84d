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
from typing import NamedTuple

import pytest

from tests.deploy.test_compose import services
from tests.house import ROOT
from tests.search.conftest import searched, settings  # noqa: F401  fixtures
from tests.search.ui.conftest import Site, served

CONFIG = ROOT / "deploy" / "nginx" / "dashboard.conf"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
OPENSSL = shutil.which("openssl")
needs_nginx = pytest.mark.skipif(not (NGINX and OPENSSL), reason="needs nginx and openssl")
SECRET, TOKEN = "correct horse", "a-token-of-some-length"


def test_the_proxy_is_a_profile_and_mounts_the_passwords_read_only(tmp_path: Path) -> None:
    assert "proxy" not in services()
    proxy = services(COMPOSE_PROFILES="proxy", PASSWORDS_DIR=str(tmp_path), PROXY_PORT="443")["proxy"]
    mounts = {volume["target"]: volume for volume in proxy["volumes"]}
    assert mounts["/etc/nginx/passwords"]["source"] == str(tmp_path)
    assert all(volume["read_only"] for volume in mounts.values())
    assert mounts["/etc/nginx/conf.d/default.conf"]["source"] == str(CONFIG)
    assert [(port["published"], port["target"]) for port in proxy["ports"]] == [("443", 8081), ("8082", 8082)]
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


class Proxy(NamedTuple):
    """Addresses."""

    dashboard: str
    page: str


Start = Callable[..., Proxy]


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator[Start]:
    """Starts nginx with this file of passwords before a small server and a page, and returns its addresses."""
    with contextlib.ExitStack() as stack:

        def start(passwords: str | None, page_port: int = 1, token: str = TOKEN) -> Proxy:
            dashboard = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Dashboard))
            threading.Thread(target=dashboard.serve_forever, daemon=True).start()
            stack.callback(dashboard.shutdown)
            if passwords is not None:
                (tmp_path / "htpasswd").write_text(passwords)
            (tmp_path / "token.conf").write_text(f"proxy_set_header Cookie elimnet-ui={token};\n")
            ports = {"8081": free_port(), "8082": free_port()}
            site = CONFIG.read_text().replace("/etc/nginx/passwords", str(tmp_path))
            site = site.replace("/etc/nginx/token", str(tmp_path))
            site = site.replace("http://dashboard:8080", f"http://127.0.0.1:{dashboard.server_port}")
            site = site.replace("http://ui:8090", f"http://127.0.0.1:{page_port}")
            for port, ours in ports.items():
                site = site.replace(f"listen {port}", f"listen 127.0.0.1:{ours}")
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
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ports["8081"]), 1):
                    return Proxy(*(f"http://127.0.0.1:{ours}/" for ours in ports.values()))
                time.sleep(0.05)
            raise AssertionError((tmp_path / "error.log").read_text())

        yield start


def passwords() -> str:
    made = subprocess.run([str(OPENSSL), "passwd", "-6", SECRET], capture_output=True, text=True, check=True)
    return f"me:{made.stdout}"


def answer(address: str, password: str | None = None, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(address, body, {name.replace("_", "-"): text for name, text in headers.items()})
    if password is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"me:{password}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


@needs_nginx
def test_only_who_knows_the_password_sees_the_dashboard(start_proxy: Start) -> None:
    address = start_proxy(passwords()).dashboard
    assert answer(address)[0] == 401
    assert answer(address, "wrong")[0] == 401
    assert answer(address, SECRET) == (200, "dashboard, told None"), "the password stays with the proxy"


@needs_nginx
def test_without_a_file_of_passwords_nobody_gets_in(start_proxy: Start) -> None:
    for address in start_proxy(None):
        assert answer(address)[0] == 401
        assert answer(address, SECRET)[0] in (403, 500)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The page of the small search that is over, as Compose starts it."""
    pytest.importorskip("uvicorn")
    with served(request.getfixturevalue("settings"), "--read-only", token=TOKEN) as site:
        yield site


@needs_nginx
def test_the_page_needs_the_password_or_the_token(start_proxy: Start, site: Site) -> None:
    address = start_proxy(passwords(), site.port).page
    assert answer(address)[0] == 401
    assert answer(address, "wrong")[0] == 401
    assert answer(f"{address}?token={TOKEN}")[0] == 401, "the proxy asks for the password all the same"
    assert answer(site.address)[0] == 401, "not without the proxy"
    assert site.get("/", Cookie=f"elimnet-ui={TOKEN}").status == 200
    status, page = answer(address, SECRET, Host="lab.example:8082", Cookie="elimnet-ui=wrong")
    assert (status, "Pareto" in page or "Watch" in page) == (200, True)
    assert answer(f"{address}network/elimination/0", SECRET)[0] == 200


@needs_nginx
def test_pictures_pass_and_what_other_sites_send_does_not(start_proxy: Start, site: Site) -> None:
    address = start_proxy(passwords(), site.port).page
    asked, host = f"{address}try/answer?model=elimination/0", "lab.example:8082"
    large = b"no picture" * 190_000
    status, said = answer(asked, SECRET, large, Host=host, Origin=f"https://{host}")
    assert (status, "no picture" in said) == (400, True), "it has come through, and is no picture"
    assert answer(asked, SECRET, b"no picture", Host=host, Origin="https://evil.example")[0] == 403
    assert answer(asked, SECRET, bytes(22_100_000), Host=host, Origin=f"https://{host}")[0] == 413


@needs_nginx
def test_a_proxy_with_another_token_is_not_answered(start_proxy: Start, site: Site) -> None:
    address = start_proxy(passwords(), site.port, token="another-token-of-some-length").page
    assert answer(address, SECRET)[0] == 401
