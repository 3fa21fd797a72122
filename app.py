"""What is started: `streamlit run app.py`, or any ASGI server on `app:app`."""

import base64
import gc
import hashlib
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import Home  # what the first visitor's script needs is loaded before the server reports healthy
from pages.shared import jobs
from pages.shared.player_js import PLAYER_JS_ROUTE
from pages.shared.plotly_js import PLOTLY_JS_ROUTE

# A host with or without scheme, port and path, a scheme alone, or any site.
_SITE = re.compile(
    r"\*|[a-z][a-z0-9+.-]*:|([a-z][a-z0-9+.-]*://)?(\*\.)?[a-z0-9.-]+(:(\d+|\*))?(/[\w./%~-]*)?",
    re.ASCII | re.IGNORECASE,
)


def frame_ancestors(value: str) -> str:
    """Check which sites may show the app in a frame.

    Args:
        value: 'self' and sites with spaces between them, or 'none', the quotes included; empty stands
            for 'self'.

    Returns:
        The value of the security policy's directive `frame-ancestors`.

    Raises:
        ValueError: the value is no such list, or would end the directive and start another.
    """
    sources = value.split(" ") if value else ["'self'"]
    for source in sources:
        site = _SITE.fullmatch(source) and source.lower() not in ("self", "none")
        if not (site or source == "'self'" or sources == ["'none'"]):
            raise ValueError(
                f"FRAME_ANCESTORS must be sites with one space between them, 'self' for this one in quotes, "
                f"got {value!r}, wrong at {source!r}; "
                """write for example FRAME_ANCESTORS="'self' https://courses.example.org"."""
            )
    return " ".join(sources)


def security_headers(page: bytes, ancestors: str) -> dict[str, str]:
    """Headers that keep a visitor's browser to this server's own files.

    Args:
        page: Streamlit's index.html; its inline scripts are allowed by their hashes.
        ancestors: value of `frame-ancestors`.

    Returns:
        Header names and values, for every response.
    """
    inline = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline]
    policy = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", "blob:", *(f"'sha256-{digest}'" for digest in hashes)]),
        "style-src": "'self' 'unsafe-inline'",
        "font-src": "'self' data:",
        "img-src": "'self' data: blob:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "frame-ancestors": ancestors,
        "form-action": "'self'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


class Headers:
    """ASGI middleware that sets the same headers on every HTTP response, and touches nothing else."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; WebSockets and streams go through as they are."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def apologize(error: Exception) -> bool:
    """Show a plain sentence in place of a traceback; Streamlit has logged the error already."""
    st.error(
        "Something went wrong on this page, and it has been noted in the server's log. "
        "Reload the page, or open it from the menu to begin anew."
    )
    return True


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, object]]:
    """Have workers ready soon after the server is; they end with it by themselves."""
    jobs.warm_soon()
    yield {}


try:
    _ancestors = frame_ancestors(os.environ.get("FRAME_ANCESTORS", ""))
except ValueError as error:
    sys.exit(str(error))

_index_html = (files("streamlit") / "static" / "index.html").read_bytes()

app = st.App(
    Path(Home.__file__).resolve(),
    routes=[PLOTLY_JS_ROUTE, PLAYER_JS_ROUTE],
    middleware=[Middleware(Headers, headers=security_headers(_index_html, _ancestors))],
    on_script_error=apologize,
    lifespan=lifespan,
)

# Streamlit collects garbage after every run of a script, while the next one waits. What has been made by now, mostly
# modules, stays for good; without it a collection takes a tenth of the time.
gc.collect()
gc.freeze()
