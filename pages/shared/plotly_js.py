"""plotly.js for the browser, out of the installed plotly package: its address and its route."""

import gzip
from functools import cache
from importlib.metadata import version
from importlib.resources import files

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_PATH = f"/plotly/{version('plotly')}/plotly.min.js"
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


def plotly_js_url() -> str:
    """Address of plotly.js on this server, `server.baseUrlPath` included.

    The version is part of it, so that browsers may keep the file for good.
    """
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{_PATH}" if base else _PATH


@cache
def _plotly_js(*, compressed: bool) -> bytes:
    if compressed:
        return gzip.compress(_plotly_js(compressed=False))
    return (files("plotly") / "package_data" / "plotly.min.js").read_bytes()


async def _serve_plotly_js(request: Request) -> Response:
    if request.scope["path"] != plotly_js_url():
        return Response("Not found", status_code=404, media_type="text/plain")
    compressed = "gzip" in request.headers.get("Accept-Encoding", "")
    body = await run_in_threadpool(_plotly_js, compressed=compressed)
    headers = _HEADERS | ({"Content-Encoding": "gzip"} if compressed else {})
    return Response(body, media_type="text/javascript", headers=headers)


# The base path is compared when a request comes: under uvicorn it is not known yet when routes are made.
PLOTLY_JS_ROUTE = Route("/{base:path}plotly/{version}/plotly.min.js", _serve_plotly_js)
