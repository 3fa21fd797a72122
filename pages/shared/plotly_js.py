"""plotly.js for the browser: the addresses of its parts and their route."""

import gzip
from functools import cache

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from figures.plotlyjs import CARTESIAN, CHECKSUMS, VERSION, source

_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


def plotly_js_url(part: str = CARTESIAN) -> str:
    """Address of a part of plotly.js on this server, `server.baseUrlPath` included.

    The version is part of it, so that browsers may keep the file for good.
    """
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    path = f"/plotly/{VERSION}/{part}"
    return f"/{base}{path}" if base else path


@cache
def _compressed(part: str) -> bytes:
    return gzip.compress(source(part))


async def _serve_plotly_js(request: Request) -> Response:
    part = request.path_params["part"]
    if part not in CHECKSUMS or request.scope["path"] != plotly_js_url(part):
        return Response("Not found", status_code=404, media_type="text/plain")
    compressed = "gzip" in request.headers.get("Accept-Encoding", "")
    body = await run_in_threadpool(_compressed if compressed else source, part)
    headers = _HEADERS | ({"Content-Encoding": "gzip"} if compressed else {})
    return Response(body, media_type="text/javascript", headers=headers)


# The base path is compared when a request comes: under uvicorn it is not known yet when routes are made.
PLOTLY_JS_ROUTE = Route("/{base:path}plotly/{version}/{part}", _serve_plotly_js)
