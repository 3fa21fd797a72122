"""The server around the pages: headers, plotly.js, start and stop."""

import gzip
import hashlib
import http.client
import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosedError
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from app import frame_ancestors, security_headers
from app_server import ROOT, Serve, free_port, running, streamlit_run
from figures.plotlyjs import CARTESIAN, source
from pages.shared.plotly_js import plotly_js_url

PLOTLY_JS = source(CARTESIAN)
INDEX_HTML = (files("streamlit") / "static" / "index.html").read_bytes()


def get(url: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body as they come, nothing unpacked, no redirect followed."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", address.path or "/", headers=names)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


# --- security headers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["", "/Explore", "/_stcore/health", plotly_js_url(), "/plotly/0/plotly-cartesian.min.js"]
)
def test_every_response_carries_the_security_headers(app_url: str, path: str) -> None:
    _, headers, _ = get(app_url + path)
    for name, value in security_headers(INDEX_HTML, "'self'").items():
        assert headers.get_all(name) == [value]


def test_the_policy_allows_the_inline_script_that_is_served_and_no_other(app_url: str) -> None:
    _, headers, page = get(app_url)
    inline = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    hashes = {f"'sha256-{b64encode(hashlib.sha256(script).digest()).decode()}'" for script in inline}
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert hashes
    assert set(policy["script-src"].split()) == {"'self'", "blob:"} | hashes


@pytest.mark.parametrize(
    "value",
    [
        "'self'",
        "'none'",
        "*",
        "https:",
        "courses.example.org",
        "'self' https://courses.example.org https://*.example.com:8443 http://localhost:* https://a.example/b/",
    ],
)
def test_frame_ancestors_takes_lists_of_sites(value: str) -> None:
    assert frame_ancestors(value) == value
    assert f"frame-ancestors {value}; form-action" in security_headers(b"", value)["Content-Security-Policy"]


def test_frame_ancestors_left_empty_means_this_site_only() -> None:
    assert frame_ancestors("") == "'self'"


@pytest.mark.parametrize(
    "value",
    [
        "self",
        "none",
        "'self' 'none'",
        "'unsafe-inline'",
        "'self'; script-src *",
        "https://a.example/;b",
        "'self',https://a.example",
        "'self'\nX-Other: 1",
        "'self'\n",
        "'self'  https://a.example",
        " ",
        "https://\N{KELVIN SIGN}.example",
        "https://a.example/\N{GREEK SMALL LETTER RHO}",
    ],
)
def test_frame_ancestors_refuses_anything_else(value: str) -> None:
    with pytest.raises(ValueError, match="FRAME_ANCESTORS must be"):
        frame_ancestors(value)


def test_a_wrong_frame_ancestors_stops_the_start_with_a_sentence() -> None:
    env = {**os.environ, "FRAME_ANCESTORS": "'self'; script-src *"}
    command = streamlit_run(free_port())
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert result.returncode != 0
    assert "FRAME_ANCESTORS must be" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


# --- plotly.js --------------------------------------------------------------------------------------


def test_plotly_js_is_served_for_good(app_url: str) -> None:
    status, headers, body = get(app_url + plotly_js_url())
    assert status == 200
    assert headers["Content-Type"].startswith("text/javascript")
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Encoding"] is None
    assert body == PLOTLY_JS


def test_plotly_js_is_compressed_where_the_browser_takes_it(app_url: str) -> None:
    status, headers, body = get(app_url + plotly_js_url(), Accept_Encoding="br, gzip")
    assert status == 200
    assert headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in headers["Vary"]
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert int(headers["Content-Length"]) == len(body) < len(PLOTLY_JS) / 3
    assert gzip.decompress(body) == PLOTLY_JS


@pytest.mark.parametrize(
    "path",
    [
        "/plotly/0.0.1/plotly-cartesian.min.js",
        plotly_js_url("plotly.min.js"),
        "/other" + plotly_js_url(),
        plotly_js_url().replace("/plotly/", "/xplotly/"),
    ],
)
def test_no_other_address_serves_plotly_js(app_url: str, path: str) -> None:
    status, headers, _ = get(app_url + path)
    assert status == 404
    assert "immutable" not in headers.get("Cache-Control", "")


def test_a_base_path_goes_before_every_address(serve: Serve) -> None:
    with serve(base_path="sam/landscapes") as server:
        assert get(server.url + "/")[0] == 200
        assert get(server.url + plotly_js_url())[0] == 200
        root = server.url.removesuffix("/sam/landscapes")
        assert get(root + plotly_js_url())[0] == 404


def test_the_address_of_plotly_js_has_the_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = plotly_js_url()
    for base in ("sam", "/sam/"):
        monkeypatch.setattr("streamlit.get_option", {"server.baseUrlPath": base}.__getitem__)
        assert plotly_js_url() == f"/sam{alone}"


# --- start and stop ---------------------------------------------------------------------------------


def test_any_asgi_server_can_start_the_app(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--host=127.0.0.1", f"--port={port}"]
    with running(command, f"http://127.0.0.1:{port}", tmp_path / "log.txt") as server:
        assert get(server.url + plotly_js_url())[0] == 200
        assert get(server.url)[1]["Content-Security-Policy"]


def opened(url: str) -> ClientConnection:
    """Connect as a page does."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    return connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None, origin=Origin(url))


def closed_by(connection: ClientConnection) -> int:
    """Read on until the server closes the connection, and return its reason."""
    with pytest.raises(ConnectionClosedError) as error:
        while True:
            connection.recv(timeout=60)
    assert error.value.rcvd is not None
    return error.value.rcvd.code


def test_huge_frames_are_refused_and_pages_go_on(app_url: str) -> None:
    for size in (6_000_000, 190_000_000):
        with opened(app_url) as connection:
            # The head of a masked binary frame of that size, and little of it: what is too large is not waited for.
            connection.socket.sendall(b"\x82\xff" + size.to_bytes(8, "big") + bytes(4 + 1000))
            assert closed_by(connection) == CloseCode.MESSAGE_TOO_BIG
    with opened(app_url) as connection:
        rerun = BackMsg()
        rerun.rerun_script.SetInParent()
        connection.send(rerun.SerializeToString())
        assert len(connection.recv(timeout=60)) > 0


def test_no_file_is_watched_however_the_app_is_started() -> None:
    code = "from streamlit import config; print(config.get_option('server.fileWatcherType'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"


def test_sigterm_stops_the_server(serve: Serve) -> None:
    with serve() as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.log.read_text()
