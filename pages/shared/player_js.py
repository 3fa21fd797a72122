"""The player's JavaScript for the browser: one module, its address and its route."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MODULES = (
    "figure",
    "photo",
    "stage",
    "controls",
    "microscope",
    "handle",
    "curves",
    "points",
    "contour",
    "ground",
    "live",
    "dial",
    "player",
)  # each imports earlier ones
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}


def bundle(sources: Iterable[str]) -> str:
    """Join JavaScript modules that import only from one another into one.

    A browser would fetch them one after the other, as each names the next.
    """
    text = re.sub(r"^import .*\n", "", "\n".join(sources), flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE)


_TEXT = bundle((Path(__file__).parent / f"{name}.js").read_text(encoding="utf-8") for name in _MODULES)
_PATH = f"/player/{hashlib.blake2b(_TEXT.encode(), digest_size=8).hexdigest()}/player.js"


def player_js_url() -> str:
    """Address of the player's module on this server, `server.baseUrlPath` included.

    A digest of its text is part of it, so that browsers may keep the file for good.
    """
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{_PATH}" if base else _PATH


def loader() -> str:
    """Return the module that Streamlit carries with every update: it is short, and takes the other one's place."""
    return f'const {{ default: run }} = await import(new URL("{player_js_url()}", location));\nexport default run;\n'


async def _serve_player_js(request: Request) -> Response:
    if request.scope["path"] != player_js_url():
        return Response("Not found", status_code=404, media_type="text/plain")
    return Response(_TEXT, media_type="text/javascript", headers=_HEADERS)


PLAYER_JS_ROUTE = Route("/{base:path}player/{digest}/player.js", _serve_player_js)
