"""One process of an external program that scores molecules, a line of JSON per molecule; killed when it is late."""

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

MAX_LINE_BYTES = 1 << 20
_LOG_TAIL_BYTES = 4096
_MAX_REASON = 300


class Answer(NamedTuple):
    """What a program says about a molecule."""

    score: float
    """NaN exactly where `error` says why."""
    error: str | None = None


def join_lines(text: str) -> str:
    """Return a reason as one line, cut where it is long, without what no file could hold.

    >>> join_lines("no conformer\\n  of this molecule")
    'no conformer of this molecule'
    """
    return " ".join(text.split())[:_MAX_REASON].encode(errors="replace").decode()


class _ProtocolError(Exception):
    """The program did not answer the question; nobody knows what it will say next."""


class Worker:
    """A process that is started when it is first asked, and again after it has died or had to be killed.

    The command is run as it is, never through a shell. Standard error is kept, for the last line of it to explain
    a failure.

    Args:
        command: program and arguments.
        timeout: seconds for one molecule; for the first one of a process, its start included.
        environment: all environment variables of the process; those of this one without it.
    """

    def __init__(self, command: Sequence[str], *, timeout: float, environment: Mapping[str, str] | None = None) -> None:
        self.command, self.timeout, self.environment = list(command), timeout, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._n_asked = 0
        self._is_late = self._is_halted = False
        self._lock = threading.Lock()

    def ask(self, smiles: str) -> Answer:
        """Return the program's score; whatever goes wrong is the answer's error."""
        self._n_asked += 1
        try:
            line = self._exchange(json.dumps({"id": self._n_asked, "smiles": smiles}).encode() + b"\n")
            return _read_answer(line, self._n_asked)
        except _ProtocolError as error:
            self.bury()
            return Answer(math.nan, str(error))
        except OSError as error:
            return Answer(math.nan, f"it cannot be started: {error.strerror or error}")

    def halt(self) -> None:
        """End the process at once and for good; a running `ask` returns with an error. May be called by any thread."""
        with self._lock:
            self._is_halted = True
            self._kill()

    def close(self, patience: float) -> None:
        """Close the program's input, wait for its end for `patience` seconds, then kill it."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self.halt()
        self.bury()

    def bury(self) -> None:
        """Kill the process, with those that it started, and free what belongs to it."""
        with self._lock:
            if self._process is None:
                return
            self._kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._log):
                if stream is not None:
                    with contextlib.suppress(OSError):  # a pipe whose last bytes nobody will read
                        stream.close()
            self._process = self._log = None

    def _exchange(self, question: bytes) -> bytes:
        process = self._ensure_running()
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101  both are pipes
        timer = threading.Timer(min(self.timeout, threading.TIMEOUT_MAX), self._stop_late)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(question)
            process.stdin.flush()
            line = process.stdout.readline(MAX_LINE_BYTES)
        except (OSError, ValueError):  # the pipe broke, or was closed
            line = b""
        finally:
            timer.cancel()
            timer.join()
        if self._is_late or not line.endswith(b"\n"):
            raise _ProtocolError(self._explain_end(line))
        return line

    def _ensure_running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.bury()
        with self._lock:
            if self._is_halted:
                raise OSError("stopped")
            if self._process is None:
                self._is_late = False
                self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
                self._process = subprocess.Popen(  # noqa: S603  the user's own command, without a shell
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._log,
                    env=None if self.environment is None else dict(self.environment),
                    start_new_session=True,  # Ctrl-C is for us alone, and its children can be killed with it
                )
            return self._process

    def _stop_late(self) -> None:
        with self._lock:
            self._is_late = True
            self._kill()

    def _kill(self) -> None:
        if self._process is None:
            return
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _explain_end(self, line: bytes) -> str:
        if self._is_late:
            return f"it gave no answer within {self.timeout:g} s, and was stopped"
        if len(line) >= MAX_LINE_BYTES:
            return f"it answered with a line of more than {MAX_LINE_BYTES} bytes, and was stopped"
        if line:
            return f"it answered {_shorten(line)} and ended; an answer is a whole line"
        with contextlib.suppress(subprocess.TimeoutExpired):  # a program may close its output before it ends
            self._process.wait(1.0)  # type: ignore[union-attr]
        said = self._read_last_words()
        return f"it {_describe_end(self._process.returncode)}" + (f": {said}" if said else "")  # type: ignore[union-attr]

    def _read_last_words(self) -> str:
        if self._log is None:
            return ""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
        lines = self._log.read().decode(errors="replace").split("\n")
        return join_lines(next((line for line in reversed(lines) if line.strip()), ""))


def _read_answer(line: bytes, number: int) -> Answer:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise _ProtocolError(
            f"it answered {_shorten(line)} instead of a line of JSON; what else it says belongs on stderr"
        )
    if answer.get("id") != number:
        given = f"{answer['id']!r}" if "id" in answer else "no id"
        raise _ProtocolError(f"it answered for {given} instead of id {number}, and was stopped")
    if answer.get("error") is not None:
        return Answer(math.nan, join_lines(str(answer["error"])) or "an error without a message")
    score = answer.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not abs(score) <= sys.float_info.max:
        return Answer(math.nan, f"it gave {_shorten(json.dumps(score).encode())} instead of a finite number")
    return Answer(float(score))


def _describe_end(code: int | None) -> str:
    if code is None:
        return "closed its output"
    return f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code} ({signal.strsignal(-code)})"


def _shorten(line: bytes, limit: int = 60) -> str:
    text = line.decode(errors="replace").strip()
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")
