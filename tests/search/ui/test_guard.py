"""Who is answered: what an attacker's page, a neighbour in the network and a huge upload get."""

from __future__ import annotations

import socket

import pytest

from search.settings.search import Settings
from tests.search.ui.conftest import Site, served

pytest.importorskip("uvicorn")
TOKEN = "a-token-of-some-length"


def test_the_page_itself_is_answered(site: Site) -> None:
    assert site.get("/").status == 200
    assert site.get("/", Host=f"localhost:{site.port}", Sec_Fetch_Site="none").status == 200
    assert site.get("/", Host=f"[::1]:{site.port}").status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5", "", "[::1", "localhost.evil"]
)
def test_no_name_is_answered_that_may_be_rebound(site: Site, host: str) -> None:
    assert site.get("/", Host=host).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "file://{host}"},
        {"Origin": "http://{host}", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "http://{host}", "Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate"},
    ],
)
def test_another_page_changes_nothing(site: Site, headers: dict[str, str]) -> None:
    given = {name: value.format(host=site.host) for name, value in headers.items()}
    for path in ("/start/run", "/try/answer", "/data/decide", "/take/export", "/take/final", "/job/run/stop"):
        assert site.ask("POST", path, given, b"minutes=1").status == 403


def test_another_page_reads_nothing(site: Site) -> None:
    assert site.get("/live", Sec_Fetch_Site="cross-site").status == 403
    assert site.get("/live", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 403
    assert site.get("/live", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="no-cors").status == 403
    linked = site.get("/", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="navigate")  # from the dashboard beside it
    assert linked.status == 200


@pytest.mark.parametrize("path", ["/", "/live", "/static/page.js", "/nothing"])
def test_every_answer_forbids_foreign_scripts_frames_and_readers(site: Site, path: str) -> None:
    headers = site.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path",
    ["/static/../pages.py", "/static/%2e%2e/pages.py", "/static//etc/passwd", "/take/..%2f..%2fconfig.zip",
     "/take/%2e%2e.zip", "/data/picture/..%2f..%2fetc%2fpasswd"],
)  # fmt: skip
def test_no_path_leads_to_a_file(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_a_huge_upload_is_refused(site: Site) -> None:
    assert site.post("/try/answer?model=elimination/0", bytes(20_000_001)).status == 413


def test_an_upload_that_says_no_length_is_refused_as_soon_as_it_is_huge(site: Site) -> None:
    head = f"POST /try/answer?model=elimination/0 HTTP/1.1\r\nHost: {site.host}\r\nOrigin: {site.address}\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
        for _ in range(20):  # one more than fits
            connection.sendall(chunk)
        assert b" 413 " in connection.recv(200)


def test_a_token_is_needed_where_others_reach_the_page(settings: Settings) -> None:
    with served(settings, "--host", "lab.example", token=TOKEN) as site:
        for cookie in ("", "elimnet-ui=wrong", f"other={TOKEN}", "elimnet-ui=\xe4", "=;;="):
            assert site.get("/", Cookie=cookie).status == 401
        assert site.get("/?token=wrong").status == 401
        assert site.post("/start/run?token=" + TOKEN, b"minutes=1").status == 401
        shown = site.get(f"/?x=macs&token={TOKEN}")
        assert (shown.status, shown.headers["location"]) == (303, "/?x=macs")
        assert {"httponly", "samesite=strict"} <= set(shown.headers["set-cookie"].casefold().split("; "))
        cookie = shown.headers["set-cookie"].partition(";")[0]
        assert site.get("/", Cookie=cookie).status == 200
        assert site.get("/", Cookie=cookie, Host="lab.example").status == 200
        assert site.get("/", Cookie=cookie, Host="192.168.1.5:8090").status == 200
        assert site.get("/", Host="evil.example").status == 401, "a rebound name has no token"
        assert site.post("/data/decide", b"", Cookie=cookie, Host="lab.example").status == 403


def test_the_token_leads_to_no_other_site(settings: Settings) -> None:
    with served(settings, token=TOKEN) as site:
        assert site.get(f"//evil.example/?token={TOKEN}").headers["location"] == "/evil.example/"
        assert site.get(f"/%5Cevil.example/?token={TOKEN}").headers["location"] == "/evil.example/"
        assert "\n" not in site.get(f"/a%0d%0aSet-Cookie:x=y?token={TOKEN}").headers.get("location", "")
