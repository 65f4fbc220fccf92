"""The load: operators who take films from footage to published, members who walk a path, Stripe who tells twice."""

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from stripe import WebhookSignature

from .client import Caller, Stopped, Tally
from .stage import OPERATOR, STRIPE_SECRET, Stage

FORMATS = ("chaos_small", "thumbnail")
PRESET = {"width": 640, "height": 360, "fit": "pad", "video": {"speed": "medium", "crf": 24}}
SECTIONS, REFLECTIONS = [f"s{n}" for n in range(16)], [f"r{n}" for n in range(3)]
PATH_ID, ENGINE = "ruach", "/formation-engine"
TEXT = "I prayed this morning and saw how impatient I am with my brother; tomorrow I will ask him to forgive me. "


@dataclass
class Film:
    """A session on its way; `jobs` are the accepted requests: job id -> what was asked for."""

    session_id: str
    jobs: dict[str, str] = field(default_factory=dict)
    done: bool = False
    dead: bool = False


def prepare(caller: Caller) -> None:
    """Add the small format and publish the path."""
    caller.sign_in()
    answer = caller.call("PUT", "/render-presets/chaos_small", {"preset": PRESET, "reason": "chaos"})
    assert answer.status_code == 200, answer.text
    graphs = f"/formation-dependency/{PATH_ID}"
    caller.call("PUT", graphs, {"title": "A path", "description": ""}).raise_for_status()
    node = {"phase": "awakening", "description": "", "tags": [], "prerequisites": []}
    nodes = []
    for kind, names in (("section", SECTIONS), ("reflection", REFLECTIONS)):
        for name in names:
            piece = {"title": name, "body": f"The text of {name}.", "prompt": "What did you see?"}
            caller.call("PUT", f"/formation-dependency/pieces/content/{name}", piece).raise_for_status()
            nodes.append({**node, "kind": kind, "nodeId": name, "title": name, "contentRef": f"content/{name}"})
    saved = caller.call("PUT", f"{graphs}/draft", {"revision": 0, "nodes": nodes})
    assert saved.status_code == 200, saved.text
    answer = caller.call("POST", f"{graphs}/versions", {"draftRevision": saved.json()["revision"], "reason": "chaos"})
    assert answer.status_code == 201, answer.text


class Operator(threading.Thread):
    """Makes film after film; once `last` is set it begins no other and mends by recovery command what died."""

    def __init__(self, stage: Stage, number: int, tally: Tally, ended: threading.Event, last: threading.Event) -> None:
        super().__init__(name=f"operator-{number}", daemon=True)
        self.stage, self.number, self.tally, self.ended, self.last = stage, number, tally, ended, last
        self.films: list[Film] = []
        self.caller = Caller(stage.address, OPERATOR, tally, ended)
        self.other = Caller(stage.address, OPERATOR, tally, ended)
        self.at = ""

    def run(self) -> None:
        try:
            self.caller.sign_in()
            self.other.sign_in()
            while not self.last.is_set():
                self.films.append(Film(f"chaos-{self.number}-{len(self.films)}"))
                self.finish(self.films[-1])
            for film in self.films:
                self.finish(film)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001  (the report tells)
            self.tally.blame(f"operator {self.number}: {type(error).__name__}: {error}")

    def finish(self, film: Film) -> None:
        while not film.done and (not film.dead or self.last.is_set()):  # the dead wait for the operator's word at the end
            self.at = self.step(film)
            self.ended.wait(0.7)

    def step(self, film: Film) -> str:
        """Look where the session stands and do what comes next. Returns a word for where it is."""
        home = f"/sessions/{film.session_id}"
        found = self.caller.call("GET", home)
        if found.status_code == 404:
            self.caller.call("POST", "/sessions", {"sessionId": film.session_id, "title": film.session_id})
            return "new"
        state = found.json()["state"]
        if state in ("draft", "ingesting"):
            return self._footage(film, home)
        if state == "needs-review":
            version = self.caller.call("GET", f"{home}/sync").json()["version"]
            self.caller.call("POST", f"{home}/sync/approve", {"version": version})
        elif state in ("synced", "editing"):
            return self._edit(film, home)
        elif state in ("rendering", "published"):
            return self._render(film)
        return state

    def _footage(self, film: Film, home: str) -> str:
        there = {each["cameraId"] for each in self.caller.call("GET", f"{home}/assets").json()}
        for camera in self.stage.talk.cameras:
            if camera.camera_id not in there:
                paths = [str(path) for path in self.stage.talk.files[camera.camera_id]]
                body = {"cameraId": camera.camera_id, "role": camera.role, "paths": paths}
                self.caller.call("POST", f"{home}/assets", body)
        asked = self.caller.call("POST", f"{home}/sync")
        if asked.status_code == 202:
            film.jobs[asked.json()["jobId"]] = "sync"
            self.tally.add("accepted sync")
        return f"sync {asked.status_code}"

    def _edit(self, film: Film, home: str) -> str:
        found = self.caller.call("GET", f"{home}/edl")
        if found.status_code == 404:
            jobs = self.caller.call("GET", f"{home}/jobs").json()
            if any(each["name"] == "assemble" and each["state"] in ("queued", "running") for each in jobs):
                return "assembling"
            for asked in self._twice("POST", f"{home}/assemble"):
                if asked.status_code == 202:
                    film.jobs[asked.json()["jobId"]] = "assemble"
                    self.tally.add("accepted assemble")
            return "assemble asked"
        edl = found.json()["edl"]
        move = {"draft": "submit", "in_review": "approve", "approved": "lock"}.get(edl["status"])
        if move is None:
            return f"EDL {edl['status']}"
        answer = self.caller.call("POST", f"{home}/edl/{move}", {"version": edl["version"]})
        return f"{move} {answer.status_code}"

    def _render(self, film: Film) -> str:
        jobs = self.caller.call("GET", f"/render-jobs/session/{film.session_id}").json()
        followed = {each.get("retryOf") for each in jobs}  # not by time: the clock steps
        newest = {each["format"]: each for each in jobs if each["renderJobId"] not in followed}
        for name in FORMATS:
            if name not in newest:
                answers = self._twice("POST", "/render-jobs/trigger", {"sessionId": film.session_id, "format": name})
                taken = [a.json() for a in answers if a.status_code == 202]
                jobs = {each["renderJobId"] for batch in taken for each in batch["jobs"]}
                # Of one automation a second job may be the retry of the first, which failed between the two answers.
                if len({batch["automationId"] for batch in taken}) > 1:
                    self.tally.blame(f"two jobs for one request: {film.session_id} {name} {jobs}")
                film.jobs |= dict.fromkeys(jobs, f"render {name}")
                self.tally.add("accepted render", len(jobs))
            elif newest[name]["status"] == "dead-letter" and self.last.is_set():
                body = {"params": {"renderJobId": newest[name]["renderJobId"]}, "reason": "chaos is over"}
                answer = self.caller.call("POST", "/ops/commands/render.retry", body)
                self.tally.add(f"render.retry {answer.status_code}")
        states = {name: newest[name]["status"] if name in newest else "asked" for name in FORMATS}
        film.done = set(states.values()) == {"completed"}
        film.dead = "dead-letter" in states.values()
        return str(states)

    def _twice(self, method: str, path: str, body=None) -> list:
        """Send the same request twice at the same moment."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda caller: caller.call(method, path, body), (self.caller, self.other)))


class Member(threading.Thread):
    """Members one after another: enroll, view, beat, complete, reflect. `kept` is what was acknowledged."""

    def __init__(self, stage: Stage, emails: list[str], tally: Tally, ended: threading.Event, last: threading.Event) -> None:
        super().__init__(name=f"member-{emails[0]}", daemon=True)
        self.stage, self.emails, self.tally, self.ended, self.last = stage, emails, tally, ended, last
        self.kept: dict[str, set[tuple[str, str]]] = {}

    def run(self) -> None:
        for email in self.emails:
            if self.last.is_set():
                return
            try:
                self.walk(Caller(self.stage.address, email, self.tally, self.ended))
            except Stopped:
                return
            except Exception as error:  # noqa: BLE001  (the report tells)
                self.tally.blame(f"{email}: {type(error).__name__}: {error}")

    def walk(self, caller: Caller) -> None:
        caller.sign_in()
        body = {"covenantType": "formation_journey", "acknowledgedTerms": True}
        answer = caller.call("POST", f"{ENGINE}/enroll", body)
        assert answer.status_code in (200, 201), answer.text
        kept = self.kept.setdefault(answer.json()["formationEnrollmentId"], set())
        for name in SECTIONS:
            for event_type in ("section_viewed", "section_completed"):
                answer = caller.call("POST", f"{ENGINE}/events", {"eventType": event_type, "contentId": name})
                repeated = answer.status_code == 409 and answer.json()["code"] == "duplicate_event"
                if answer.status_code == 202 or repeated:
                    kept.add((event_type, name))
                    self.tally.add("accepted event")
                else:
                    self.tally.blame(f"{caller.email} {event_type} {name}: {answer.status_code} {answer.text}")
            beat = {"sessionId": f"tab-{caller.email}", "nodeId": name, "sequence": 1}
            caller.call("POST", f"{ENGINE}/heartbeat", beat)
            caller.call("GET", f"{ENGINE}/next-step")
            self.ended.wait(0.2)
            if self.last.is_set():
                return
        for name in REFLECTIONS:
            answer = caller.call("POST", f"{ENGINE}/reflections", {"nodeId": name, "text": TEXT * 3})
            if answer.status_code == 201:
                kept.add(("reflection_submitted", name))
                self.tally.add("accepted reflection")
            elif answer.status_code != 409:
                self.tally.blame(f"{caller.email} reflection {name}: {answer.status_code} {answer.text}")


class Stripe(threading.Thread):
    """Tells of subscriptions, often twice; `told` holds the ids that were acknowledged."""

    def __init__(self, stage: Stage, seed: int, tally: Tally, ended: threading.Event, last: threading.Event) -> None:
        super().__init__(name="stripe", daemon=True)
        self.caller, self.tally, self.ended, self.last = Caller(stage.address, None, tally, ended), tally, ended, last
        self.dice, self.told = random.Random(seed), list[str]()

    def run(self) -> None:
        number = 0
        try:
            while not self.last.is_set():
                event_id = f"evt_{number}"
                for _ in range(self.dice.choice((1, 1, 2))):
                    self.tell(event_id, number)
                number += 1
                self.ended.wait(1.0)
        except Stopped:
            return

    def tell(self, event_id: str, number: int) -> None:
        item = {"id": f"si_{number}", "price": {"id": "price_x", "object": "price"}, "current_period_end": 2_000_000_000}
        thing = {"id": f"sub_{number}", "object": "subscription", "customer": f"cus_{number}", "status": "active",
                 "cancel_at_period_end": False, "items": {"data": [item]}, "metadata": {}}  # fmt: skip
        told = {"id": event_id, "object": "event", "type": "customer.subscription.created",
                "created": int(time.time()), "data": {"object": thing}}  # fmt: skip
        body = json.dumps(told)
        header = WebhookSignature.generate_signature_header(body, STRIPE_SECRET, timestamp=int(time.time()))
        headers = {"stripe-signature": header, "content-type": "application/json"}
        answer = self.caller.call("POST", "/webhooks/stripe", content=body, headers=headers)
        if answer.status_code == 200:
            self.told.append(event_id)
            self.tally.add("accepted Stripe event")
        else:
            self.tally.blame(f"stripe {event_id}: {answer.status_code} {answer.text}")
