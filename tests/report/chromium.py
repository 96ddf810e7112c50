"""A headless Chromium driven over a pipe: open a page, run script in it, hear its console."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]

BECOME = """import os, sys
ends = [os.dup(int(fd)) for fd in sys.argv[1:3]]
ends = [fd if fd > 4 else os.dup(fd) for fd in ends]
for fd, place in zip(ends, (3, 4)):
    os.dup2(fd, place)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def find() -> str | None:
    """The browser, where this machine has one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One browser with one page. Use as a context."""

    def __init__(self, width: int = 1400, height: int = 900) -> None:
        self.size = (width, height)
        self.events: list[dict[str, Any]] = []
        self.count = 0

    def __enter__(self) -> "Browser":
        self.profile = tempfile.mkdtemp()
        read_in, self.write = os.pipe()
        self.read, write_out = os.pipe()
        command = [str(find()), *FLAGS, f"--user-data-dir={self.profile}", "about:blank"]

        # the browser listens on descriptor 3 and answers on 4: a small program puts the pipes there and becomes it
        joined = [sys.executable, "-c", BECOME, str(read_in), str(write_out), *command]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(joined, pass_fds=(read_in, write_out), stderr=quiet, stdout=quiet)
        os.close(read_in)
        os.close(write_out)
        self.buffer = b""
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.page(f"{domain}.enable")
        self.page(
            "Emulation.setDeviceMetricsOverride",
            width=self.size[0],
            height=self.size[1],
            deviceScaleFactor=1,
            mobile=False,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        os.close(self.write)
        os.close(self.read)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its answer."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self.count:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']}")
                return heard["result"]
            self.events.append(heard)

    def page(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The same for the page."""
        return self.call(method, self.session, **parameters)

    def open(self, path: Path, query: str = "") -> None:
        """Load a file and wait until it is there."""
        self.events.clear()
        self.page("Page.navigate", url=path.as_uri() + query)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self._hear())

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.page("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """What the console and the log said, and exceptions."""
        self.run("0")
        said: list[str] = []
        for e in self.events:
            if e.get("method") == "Runtime.consoleAPICalled":
                said.append(str(e["params"]["args"]))
            elif e.get("method") == "Runtime.exceptionThrown":
                said.append(str(e["params"]["exceptionDetails"]))
            elif e.get("method") == "Log.entryAdded":
                said.append(str(e["params"]["entry"]["text"]))
        return said

    def requested(self) -> list[str]:
        """Every address that the page asked for."""
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            part = os.read(self.read, 1 << 20)
            if not part:
                raise RuntimeError("the browser went away")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)
