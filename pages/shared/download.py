"""The one button that gives a visitor a file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

_TYPES: Final = {"csv": "text/csv", "html": "text/html", "py": "text/x-python", "ipynb": "application/x-ipynb+json"}


def download(label: str, make: Callable[[], str | bytes], file_name: str, key: str | None = None) -> None:
    """Offer a file that is made when it is asked for, and not before.

    Args:
        label: the words on the button.
        make: makes the file's content; it is called outside the page's script, in a thread of the server.
        file_name: the name that the visitor's file gets; its ending, one of csv, html, ipynb and py, gives the type.
        key: tells apart buttons of the same label and file on one page.
    """
    media_type = _TYPES[file_name.rpartition(".")[2]]
    if runtime.exists():
        make = _held(make, media_type, file_name)
    st.download_button(label, make, file_name, media_type, key=key, on_click="ignore")


def download_table(label: str, rows: pd.DataFrame, file_name: str, key: str | None = None) -> None:
    """Offer a table as CSV, with all digits."""
    download(label, partial(rows.to_csv, index=False), file_name, key)


def _held(make: Callable[[], str | bytes], media_type: str, file_name: str) -> Callable[[], bytes]:
    # Streamlit deletes a file made on demand once two script runs have ended, those of other visitors among them:
    # on a busy server before the browser has fetched it. Filed under the visitor's session, as a file that was made
    # beforehand would be, it stays until that session runs again or ends.
    context = get_script_run_ctx()
    assert context is not None

    def made() -> bytes:
        content = make()
        data = content.encode() if isinstance(content, str) else content
        server = runtime.get_instance()
        if server.is_active_session(context.session_id):
            where = f"download {file_name}"
            hold = partial(server.media_file_mgr.add, data, media_type, where, file_name, is_for_static_download=True)
            thread = threading.Thread(target=hold)  # Streamlit reads off the thread whose file it is
            add_script_run_ctx(thread, context)
            thread.start()
            thread.join()
        return data

    return made
