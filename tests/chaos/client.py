"""A caller as the product asks for: what was not answered, or with "try again", is sent again until it is answered."""

import threading
import time
from collections import Counter
from typing import Any

import httpx

from ruach_studio.testing.service import PASSWORD

AGAIN = {429, 503, 507}


class Stopped(Exception):
    """The load is over."""


class Tally:
    """What all callers counted together."""

    def __init__(self) -> None:
        self.lock, self.counts = threading.Lock(), Counter[str]()
        self.wrong: list[str] = []
        self.callers: list[Caller] = []

    def add(self, name: str, number: int = 1) -> None:
        with self.lock:
            self.counts[name] += number

    def blame(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what[:600])


class Caller:
    """Somebody signed in, for one thread."""

    def __init__(self, address: str, email: str | None, tally: Tally, ended: threading.Event) -> None:
        self.email, self.tally, self.ended = email, tally, ended
        self.http = httpx.Client(base_url=address, timeout=30)
        tally.callers.append(self)

    def sign_in(self) -> None:
        if self.email is not None:
            self.call("POST", "/auth/login", {"email": self.email, "password": PASSWORD})

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Return the first answer that is none of "not now"; 5xx that promise nothing are blamed and tried again."""
        deadline = time.monotonic() + 300
        while True:
            if self.ended.is_set():
                raise Stopped
            self.tally.add("requests")
            try:
                answer = self.http.request(method, path, **({"json": body} if body is not None else {}), **more)
            except httpx.TransportError:
                self.tally.add("unanswered")
                answer = None
            if answer is not None:
                if "x-correlation-id" not in answer.headers:
                    self.tally.blame(f"{method} {path}: {answer.status_code} without X-Correlation-ID")
                if answer.status_code == 401 and not path.startswith("/auth"):
                    self.tally.add("signed in again")
                    self.sign_in()
                    continue
                if answer.status_code < 500 and answer.status_code not in AGAIN:
                    return answer
                self.tally.add(f"answered {answer.status_code}")
                if answer.status_code not in AGAIN:
                    self.tally.blame(f"{method} {path}: {answer.status_code} {answer.text}")
            if time.monotonic() > deadline:
                self.tally.blame(f"{method} {path}: no answer for 300 s")
                raise Stopped
            self.ended.wait(0.3)
