"""What every request must pass before it is answered, and the headers of every answer.

A page of another site can make a browser send requests to this machine. Three rules refuse it. Without a token, the
name of the host must be this machine's own: a name that an attacker owns may point here (DNS rebinding), but has no
token. A POST must come from a page of ours (cross-site request forgery). Nothing is answered to what another site
embeds.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

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
    "referrer-policy": "same-origin",  # with no-referrer, browsers send a form of ours with "Origin: null"
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


class Guard:
    """An ASGI application around another one.

    token  that each browser must show once, in the address; None: this machine's own browsers need none
    """

    def __init__(self, app: Any, *, token: str | None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def receive_counted() -> Any:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                raise HTTPException(413, f"more than {MOST_BYTES:,} bytes: make the picture smaller")
            return message

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(Request(scope)) or self._app
        await answer(scope, receive_counted, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        """What is answered instead of the page; None if the request may be answered."""
        method, headers = request.method, request.headers
        host, site = headers.get("host", ""), headers.get("sec-fetch-site", "none")
        if self._token is None and not _is_this_machine(host):
            return _refused(403, "This name of the host is not known. Use the address that the command printed.")
        followed = site == "same-site" and headers.get("sec-fetch-mode") == "navigate" and method == "GET"
        if site not in ("none", "same-origin") and not followed:
            return _refused(403, "Another site asked for this. Type the address yourself.")
        if method == "POST" and not _is_from(headers.get("origin", ""), host):
            return _refused(403, "Only this page itself may change something.")
        if self._is_token(request.cookies.get(COOKIE, "")):
            return None
        if method == "GET" and self._is_token(request.query_params.get("token", "")):
            return self._let_in(request)
        return _refused(401, "Open the address that the command printed: it holds a token.")

    def _is_token(self, shown: str) -> bool:
        return self._token is None or hmac.compare_digest(shown.encode(), self._token.encode())

    def _let_in(self, request: Request) -> Response:
        """Store the token in the browser, and lead to the same page without it in the address."""
        query = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
        where = "/" + quote(request.scope["path"].lstrip("/\\")) + (f"?{urlencode(query)}" if query else "")
        answer = RedirectResponse(where, 303)
        answer.set_cookie(COOKIE, str(self._token), httponly=True, samesite="strict")
        return answer


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is served on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _is_this_machine(host: str) -> bool:
    """Whether the Host header is an address of this machine, or `localhost`."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _is_from(origin: str, host: str) -> bool:
    scheme, _, place = origin.partition("://")
    return scheme in ("http", "https") and place == host


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(why, status)
