"""What every request must pass before it is answered, and the headers of every answer.

A page of another site can make a browser send requests to this machine. It is refused by three rules: the name of the
host must be an address of ours (a name that an attacker owns may point here: DNS rebinding), a POST must come from a
page of ours (cross-site request forgery), and nothing is answered to what another site embeds.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

COOKIE = "elimnet-ui"
MOST_BYTES = 20_000_000
"""Of an uploaded picture; a form is much smaller."""
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""For the pages of mistakes and of the inspection, which are made to work from a file: no script, no request."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}
Refusal = tuple[int, str]


class Guard:
    """An ASGI application around another one.

    host   that is served on
    token  that each browser must show once, in the address; None: this machine's own browsers need none
    """

    def __init__(self, app: Any, *, host: str, token: str | None) -> None:
        self._app, self._host, self._token = app, host.casefold(), token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *(each for each in more if each[0] not in given)]
            await send(message)

        refused = self.refusal(scope["method"], headers)
        body = b""
        if not refused and scope["method"] == "POST":
            if (read := await _read(receive)) is None:
                refused = (413, f"more than {MOST_BYTES:,} bytes: make the picture smaller")
            else:
                body = read
        if not refused and self._token and not self._shows_token(headers):
            if cookie := self._cookie_for(scope):
                await _answer(send_guarded, 303, "", cookie)
                return
            refused = (401, "Open the address that the command printed: it holds a token.")
        if refused:
            await _answer(send_guarded, *refused)
            return

        async def receive_read() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_read if scope["method"] == "POST" else receive, send_guarded)

    def refusal(self, method: str, headers: Mapping[str, str]) -> Refusal | None:
        """The status and the reason of a refusal, by the headers; None if the request may be answered."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 403, "This name of the host is not known. Use the address that the command printed."
        site = headers.get("sec-fetch-site", "none")
        followed = site == "same-site" and headers.get("sec-fetch-mode") == "navigate" and method == "GET"
        if site not in ("none", "same-origin") and not followed:
            return 403, "Another site asked for this. Type the address yourself."
        if method == "POST" and not _is_from(headers.get("origin", ""), host):
            return 403, "Only this page itself may change something."
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether the Host header is an address, `localhost` or the name that is served on: no name can be rebound.

        Without a token only this machine's own addresses count.
        """
        try:
            name = (urlsplit(f"//{host}").hostname or "").casefold()
        except ValueError:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in ("localhost", self._host) and name != ""
        return address.is_loopback or self._token is not None

    def _shows_token(self, headers: Mapping[str, str]) -> bool:
        try:
            shown = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return shown is not None and self._is_token(shown.value)

    def _is_token(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode(), (self._token or "").encode())

    def _cookie_for(self, scope: Any) -> list[tuple[bytes, bytes]] | None:
        """Headers that store the token and lead to the same page, if a GET has the token in its address."""
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if scope["method"] != "GET" or not self._is_token(query.pop("token", "")):
            return None
        where = "/" + quote(scope["path"].lstrip("/\\")) + (f"?{urlencode(query)}" if query else "")
        cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"
        return [(b"location", where.encode()), (b"set-cookie", cookie.encode())]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is served on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _is_from(origin: str, host: str) -> bool:
    scheme, _, place = origin.partition("://")
    return scheme in ("http", "https") and place == host


async def _read(receive: Any) -> bytes | None:
    """The body of a request; None if it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Any, status: int, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    given = [*(headers or []), (b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": text.encode()})
