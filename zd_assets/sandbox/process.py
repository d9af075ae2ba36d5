"""A sandbox as a subprocess, and its control API as methods."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
from requests import Response, Session

from zd_assets.sandbox.rawjson import elements
from zd_assets.sandbox.settings import Settings

_ROOT = Path(__file__).parents[2]
_READY = "sandbox listening on "
_TIMEOUT_S = 600


class Running:
    """A sandbox that runs; stop it by `stop` or as a context manager."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        """Take over a process that serves `url`."""
        self._process = process
        self._session = Session()
        # Proxies are for the world outside.
        self._session.trust_env = False
        self.url = url
        """Base of everything it serves: `http://127.0.0.1:PORT`."""

    def __enter__(self) -> Self:
        """Use it in a `with` statement."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def stop(self) -> None:
        """End the process."""
        self._session.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def reset(self, **settings: Any) -> None:
        """Begin again: the settings it was started with, changed by these."""
        self._call("POST", "reset", settings)

    def settings(self, **settings: Any) -> None:
        """Change some settings and keep the rest."""
        self._call("POST", "settings", settings)

    def put(
        self,
        export: str,
        items: Sequence[Mapping[str, Any] | bytes],
        time: float | str | None = None,
        id: str | None = None,
        shown_from: float | str | None = None,
        again: bool = False,
    ) -> None:
        """Put items: objects, or JSON kept byte for byte; `time` and `id` override theirs.

        They are shown from `shown_from` on, if that is later than their time. `again` serves them
        at `time` as well as where they are known to be.
        """
        raw = [item if isinstance(item, bytes) else msgspec.json.encode(item) for item in items]
        place: dict[str, Any] = {"time": time, "id": id, "shown_from": shown_from}
        if again:
            place["again"] = "true"
        self._call("PUT", f"items/{export}", b"[" + b",".join(raw) + b"]", params=place)

    def faults(self, faults: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Add faults; returns those that wait."""
        waiting: list[dict[str, Any]] = self._call("POST", "faults", list(faults)).json()
        return waiting

    def requests(self) -> list[dict[str, Any]]:
        """Return the log of API requests."""
        log: list[dict[str, Any]] = self._call("GET", "requests").json()
        return log

    def forget_requests(self) -> None:
        """Clear the log."""
        self._call("DELETE", "requests")

    def truth(
        self,
        export: str,
        start: float | str = 0,
        end: float | str | None = None,
        include: str | None = None,
        by: Literal["place", "own"] = "place",
        support_type_scope: Literal["all", "agent", "ai_agent"] = "all",
    ) -> list[tuple[int, bytes]]:
        """Return (time in microseconds, item as JSON) of a window [start, end), epoch seconds.

        Ticket events come with their comments if `include` is `comment_events`. Items are those
        that are served at a time of the window, or (`own`) whose own time is in it; whether the
        API shows them already doesn't matter.
        """
        items, lists = self._truth(
            export,
            start=start,
            end=end,
            include=include,
            by=by,
            support_type_scope=support_type_scope,
        )
        return list(zip(lists["times_us"], items, strict=True))

    def shown(
        self,
        export: str,
        start: float | str = 0,
        end: float | str | None = None,
        by: Literal["place", "own"] = "place",
    ) -> list[tuple[int, int, bytes]]:
        """Return `truth`, each with the time in microseconds from which the API shows it.

        That is in the middle: (time, shown from, item).
        """
        items, lists = self._truth(export, start=start, end=end, by=by, shown="true")
        return list(zip(lists["times_us"], lists["shown_from_us"], items, strict=True))

    def _truth(self, export: str, **asked: Any) -> tuple[list[bytes], dict[str, list[int]]]:
        response = self._call("GET", f"truth/{export}", params=asked)
        items, _, lists = response.content.removeprefix(b'{"items":').rpartition(b',"times_us":')
        return elements(items), msgspec.json.decode(b'{"times_us":' + lists)

    def clock(self, **change: Any) -> str:
        """Set (`now`) or push (`advance`, seconds) the clock; returns its time."""
        now: str = self._call("POST", "clock", change).json()["now"]
        return now

    def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> Response:
        response = self._session.request(
            method,
            f"{self.url}/_sandbox/{path}",
            params=params,
            data=body if isinstance(body, bytes | None) else msgspec.json.encode(body),
            timeout=_TIMEOUT_S,
        )
        if response.status_code != 200:
            raise ValueError(f"{method} {path}: {response.status_code} {response.text}")
        return response


def start(settings: Settings | None = None, port: int = 0) -> Running:
    """Start a sandbox in a process of its own, on any free port unless one is given."""
    process = subprocess.Popen(
        [sys.executable, "-m", "zd_assets.sandbox", f"--port={port}", *_options(settings)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(_READY):
        process.kill()
        process.wait()
        raise RuntimeError(f"the sandbox did not start; it said {line!r}")
    return Running(process, line.removeprefix(_READY).strip())


def _options(settings: Settings | None) -> list[str]:
    options = []
    for name, value in dataclasses.asdict(settings or Settings()).items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            options.append(option if value else f"--no-{option[2:]}")
        elif value is not None:
            options.append(f"{option}={value}")
    return options
