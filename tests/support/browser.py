"""Chromium by its pipe for developers: what a page is to those who do not see it, and what is cut off of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER = shutil.which("chromium")
DARK = "--blink-settings=preferredColorScheme=0"


class Tab:
    """A page that is open; commands go there and answers come back, ended by a zero byte each."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers, self._number, self._rest = commands, answers, 0, b""
        self._session: dict[str, str] = {}

    def open(self, address: str) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self.call("Page.enable")
        self.call("Page.navigate", url=address)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return dict(answer["result"])

    def value(self, expression: str) -> Any:
        """What JavaScript makes of it."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def nodes(self) -> Iterator[Mapping[str, Any]]:
        """What assistive software is told of: role, name and properties of each."""
        for node in self.call("Accessibility.getFullAXTree")["nodes"]:
            if not node["ignored"]:
                properties = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
                yield {"role": node["role"]["value"], "name": node.get("name", {}).get("value", ""), **properties}

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 20)
            assert more, "the browser has ended"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browsing(home: Path, address: str, *options: str) -> Iterator[Tab]:
    """A tab that has loaded this address; its files, a socket among them, lie in `home`, whose path is to be short."""
    assert BROWSER is not None
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", *options]
    theirs_in, commands = os.pipe()
    answers, theirs_out = os.pipe()
    # It reads from 3 and writes to 4, which may be taken here.
    script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", *command],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(home)},
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        tab = Tab(commands, answers)
        tab.open(address)
        yield tab
    finally:
        os.close(commands)
        os.close(answers)
        process.kill()
        process.wait()
