"""A process that does one piece of work after another for the server, and what the work may call there.

It computes in one thread and behind everybody else, and ends with the server.
"""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, spawn
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Final

_CONTEXT: Final = get_context("spawn")
_ONE_THREAD: Final = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
_REPORT, _RESULT, _ERROR = "report", "result", "error"  # what a worker sends


class _Process(SpawnProcess):
    """A spawned process that does not run the program's main file again: that is the page a visitor looks at."""

    _launching = threading.Lock()

    @staticmethod
    def _Popen(process: Any) -> Any:
        usual = spawn.get_preparation_data

        def without_main(name: str) -> dict[str, Any]:
            return {key: value for key, value in usual(name).items() if not key.startswith("init_main")}

        with _Process._launching:
            spawn.get_preparation_data = without_main
            before = {name: os.environ.get(name) for name in _ONE_THREAD}
            os.environ.update(_ONE_THREAD)  # NumPy's libraries read it when they are loaded, in the worker
            try:
                return SpawnProcess._Popen(process)
            finally:
                spawn.get_preparation_data = usual
                for name, value in before.items():
                    os.environ.pop(name) if value is None else os.environ.update({name: value})


class Worker:
    """The server's hold on such a process. It is started when it is needed, and again where it has died."""

    def __init__(self, nice: int) -> None:
        """Start nothing yet.

        Args:
            nice: how far the process stands back behind the server, in the system's units.
        """
        self._nice = nice
        self._flag = _CONTEXT.RawValue("b", 0)  # without a lock, which a process that dies could leave closed
        self._starting = threading.Lock()
        self._process: _Process | None = None
        self._connection: Connection | None = None

    @property
    def pid(self) -> int | None:
        """The process's number, None where there is no process."""
        return self._process.pid if self._process is not None else None

    def start(self) -> Connection:
        """Start the process unless it is there.

        Raises:
            OSError: the system has no room for it.
        """
        with self._starting:
            if self._process is not None and self._connection is not None:
                return self._connection
            self._drop()
            self._connection, its = _CONTEXT.Pipe()
            process = _Process(target=_serve, args=(its, self._flag, os.getpid(), self._nice), daemon=True)
            try:
                process.start()
            finally:
                its.close()
            self._process = process
            return self._connection

    def do(self, function: Callable[..., Any], arguments: tuple[Any, ...], on_report: Callable[[Any], None]) -> Any:
        """Return function(*arguments), done by the process; to be called by one thread only.

        Raises:
            BrokenProcessPool: the process died or could not be started; the next call has another one.
            Exception: whatever the function raised.
        """
        task = pickle.dumps((function, arguments))
        try:
            connection = self.start()
            if connection.poll():  # it has died, since nothing is to come from a process at rest
                self.end()
                connection = self.start()
            connection.send_bytes(task)
            kind, what = connection.recv()
            while kind == _REPORT:
                on_report(what)
                kind, what = connection.recv()
        except Exception as error:
            self.end()
            raise BrokenProcessPool("The worker process died.") from error
        if kind == _ERROR:
            try:
                raise what
            finally:
                del what  # it would hold this frame, and with it the arguments
        return what

    def ask_to_stop(self, asked: bool = True) -> None:
        """Have `stop_asked` say so in the process, or no longer."""
        self._flag.value = int(asked)

    def kill(self) -> None:
        """End the process; to be called by another thread than that which is in `do`, and gets BrokenProcessPool."""
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """End the process and let go of it; to be called by the thread that is in `do`, or where none is."""
        with self._starting:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._connection = self._process = None


_connection: Connection | None = None  # in a worker: to the server
_flag: Any = None  # in a worker: whether the work is to end


def report(what: Any) -> None:
    """Tell the work's owner how far it is; to be called in a worker, does nothing elsewhere."""
    if _connection is not None:
        _connection.send((_REPORT, what))


def stop_asked() -> bool:
    """Say whether the work's owner wants it to end; to be called in a worker, False elsewhere."""
    return _flag is not None and bool(_flag.value)


def _serve(connection: Connection, flag: Any, parent: int, nice: int) -> None:
    """Do what the server sends, until it sends no more."""
    global _connection, _flag
    _connection, _flag = connection, flag
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is meant for the server, with which this ends
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))

    def watch() -> None:  # nothing else ends a worker at work whose parent was killed
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    importlib.import_module("numpy")  # all work needs it, and few megabytes hold it; the rest is left to the work
    try:
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))
    except (EOFError, OSError):
        return


def _answer(task: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(task)
        return pickle.dumps((_RESULT, function(*arguments)))
    except BaseException as error:
        error.add_note(traceback.format_exc())  # for the server's log
        try:
            answer = pickle.dumps((_ERROR, error))
            pickle.loads(answer)  # some cannot be made again from what is pickled of them
        except Exception:
            return pickle.dumps((_ERROR, RuntimeError(f"{type(error).__name__}: {error}")))
        return answer
