"""Debian's chromium over its debugging pipe: a page is opened, events are kept, expressions are evaluated. No port, no driver."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
ANSWER_SECONDS = 60


def find() -> str | None:
    """Path of a chromium, or None."""
    return os.environ.get("HEEDFUL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    """One browser with one tab. Raises `RuntimeError` with the browser's own words if it does not answer or refuses a command."""

    def __init__(self, program: str) -> None:
        self.profile = tempfile.mkdtemp(prefix="heedful-chromium-")
        to_child, self._write = os.pipe()
        self._read, from_child = os.pipe()
        # chromium reads commands from descriptor 3 and writes to 4; ours are moved out of the way first, so that none is overwritten.
        high_in, high_out = (fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 20) for each in (to_child, from_child))
        actions = [(os.POSIX_SPAWN_DUP2, high_in, 3), (os.POSIX_SPAWN_DUP2, high_out, 4),
                   (os.POSIX_SPAWN_OPEN, 2, f"{self.profile}.log", os.O_WRONLY | os.O_CREAT, 0o600)]  # fmt: skip
        arguments = [program, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"]
        self._child = os.posix_spawn(program, arguments, dict(os.environ), file_actions=actions)
        for each in (to_child, from_child, high_in, high_out):
            os.close(each)
        self.events: list[dict[str, Any]] = []
        self._number, self._rest, self._session = 0, b"", ""
        target = next(each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._session = ""
        try:
            self.call("Browser.close")
        finally:
            os.close(self._write)
            os.close(self._read)
            os.waitpid(self._child, 0)
            shutil.rmtree(self.profile, ignore_errors=True)
            Path(f"{self.profile}.log").unlink(missing_ok=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come meanwhile are kept in `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._send(message)
        while True:
            answer = self._next(method)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"chromium refused {method}: {answer['error']['message']}")
                return dict(answer["result"])
            if "method" in answer:
                self.events.append(answer)

    def _send(self, message: dict[str, Any]) -> None:
        left = json.dumps(message).encode() + b"\0"
        while left:
            left = left[os.write(self._write, left) :]

    def _next(self, waiting_for: str) -> dict[str, Any]:
        end = time.monotonic() + ANSWER_SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(end - time.monotonic(), 0))
            piece = os.read(self._read, 1 << 20) if ready else b""
            if not piece:
                log = Path(f"{self.profile}.log").read_text(errors="replace")[-800:]
                raise RuntimeError(f"chromium did not answer {waiting_for}. Its last words: {log}")
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(message))

    def open(self, page: Path, width: int, scheme: str, height: int = 900) -> None:
        """Open a file at a width (CSS pixels) under a colour scheme, and wait until it has loaded. Starts `events` afresh."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        while self.value("document.readyState") != "complete" or self.value("location.href") == "about:blank":
            select.select([], [], [], 0.02)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives; promises are awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"JavaScript failed: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def requests(self) -> list[str]:
        """Addresses asked for since `open`."""
        return [each["params"]["request"]["url"] for each in self.events if each["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Console messages, log entries and exceptions since `open`."""
        wanted = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(each["params"])[:400] for each in self.events if each["method"] in wanted]

    def screenshot(self, out: Path, *, whole: bool = True) -> None:
        """A PNG of the page, all of it or what fits the window."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        out.write_bytes(base64.b64decode(shot["data"]))

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
