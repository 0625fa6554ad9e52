"""The belt, the trigger counter, the PLC and its gate, as a process of their own: it triggers, gates, and keeps the account from outside.

    python -m edge_inspector.rehearsal.belt --trigger ENDPOINT --reject ENDPOINT --parts N --rate R --product P --seed S

One JSON object a line goes to stdout: ``ready`` (waiting for the line), ``progress`` (triggers so far), ``kill`` (the line is to be killed
now), ``done`` (the account). With ``--faults FILE`` the PLC goes away, garbage is sent, and a subscriber stops as the plan says.
SIGTERM ends the triggering; the parts on the belt still come to their gate and their account.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zmq

from edge_inspector.camera.simulator.belt import Belt, belt_at_rate
from edge_inspector.camera.simulator.spec import part_spec
from edge_inspector.rehearsal.accounting import Account
from edge_inspector.rehearsal.faults import OUTSIDE, Fault, Kind, read_faults
from edge_inspector.rehearsal.mishaps import StoppedSubscriber, garbage, throw_garbage
from edge_inspector.rehearsal.recovery import Recoveries
from edge_inspector.service import stop_on_signals
from edge_inspector.wire.client import RejectClient
from edge_inspector.wire.messages import Trigger, VerdictMessage, encode

GATE_S = 0.5  # from trigger to gate; the recipe's reject window has to fit into it
TURN_S = 0.02


@dataclass(frozen=True, slots=True)
class BeltPlan:
    """What the belt carries, and where the line listens. ``settle_s``: how long after the last part the line may still tell outcomes;
    ``gate_s``: from trigger to gate."""

    trigger: str
    reject: str
    parts: int
    rate: float
    product: str = "ring"
    seed: int = 1
    bad_fraction: float = 0.3
    heartbeat_ms: int = 500
    settle_s: float = 20.0
    start_s: float = 120.0
    faults: str = ""  # a file of faults; with it the endpoints that are thrown garbage at
    status: str = ""
    control: str = ""
    gate_s: float = GATE_S

    @property
    def belt(self) -> Belt:
        """A belt of this rate with the gate ``gate_s`` behind the trigger."""
        spacing = 60.0
        return belt_at_rate(self.rate, spacing, self.rate * spacing * self.gate_s)


class BeltAndGate:
    """One run of the belt, in one thread."""

    def __init__(self, plan: BeltPlan, tell: Callable[[dict[str, object]], None], stopped: Callable[[], bool]) -> None:
        self._plan = plan
        self._tell = tell
        self._stopped = stopped
        self._belt = plan.belt
        self._account = Account()
        self._recoveries = Recoveries()
        self._faults = list(read_faults(Path(plan.faults))) if plan.faults else []
        self._count = 0
        self._gates: list[tuple[float, int]] = []
        self._watched = False
        self._context = zmq.Context()
        self._triggers = self._context.socket(zmq.SocketType.XPUB)
        self._triggers.linger = 0
        self._triggers.bind(plan.trigger)
        self._subscriber = StoppedSubscriber(plan.status)
        self._acks = 0
        self._away_until = 0.0  # no PLC until then
        self._client: RejectClient | None = self._connect(0)

    def _connect(self, last_seq: int) -> RejectClient:
        beat = self._plan.heartbeat_ms
        return RejectClient(self._plan.reject, "belt", trigger_count=lambda: self._count, heartbeat_ms=beat, last_seq=last_seq)

    def run(self) -> dict[str, object]:
        """Trigger every part, gate every part, and return the account."""
        try:
            self._tell({"event": "ready"})
            if self._wait_for_line():
                self._carry()
                self._settle()
        finally:
            self._disconnect()
            self._subscriber.close()
            self._triggers.close()
            self._context.term()
        account = {**self._account.summary(), "reasons": self._account.reasons, "unaccounted_triggers": self._account.unaccounted[:20]}
        return {**account, **self._recoveries.summary(), "acks": self._acks}

    def _wait_for_line(self) -> bool:
        """Until the line has armed us and its camera listens to the trigger."""
        until = time.monotonic() + self._plan.start_s
        while time.monotonic() < until and not self._stopped():
            self._listen(TURN_S)
            while self._triggers.poll(0):
                self._watched = self._triggers.recv()[:1] == b"\x01"
            if self._watched and self._client is not None and self._client.armed is not None:
                return True
        return False

    def _carry(self) -> None:
        start = time.monotonic()
        while self._more() or self._gates:
            now = time.monotonic()
            while self._gates and self._gates[0][0] <= now:
                _, count = heapq.heappop(self._gates)
                self._account.gate(count, self._client is not None and self._client.gate_decision(count) == "pass")
            due = start + self._belt.trigger_time(self._count)
            if self._more() and due <= now:
                self._trigger(now)
                continue
            waits = [due - now] if self._more() else []
            waits += [self._gates[0][0] - now] if self._gates else []
            self._listen(min([TURN_S, *waits]))

    def _more(self) -> bool:
        return self._count < self._plan.parts and not self._stopped()

    def _trigger(self, now: float) -> None:
        number = self._count
        self._count += 1
        spec = part_spec(self._plan.product, self._plan.seed, number, self._plan.bad_fraction)
        self._account.trigger(self._count, spec.bad)
        self._recoveries.trigger(self._count, now)
        heapq.heappush(self._gates, (now + self._belt.gate_s, self._count))
        message = Trigger(
            trigger_count=self._count,
            triggered_ns=time.monotonic_ns(),
            encoder=self._belt.trigger_encoder(number),
            part=number,
        )
        self._triggers.send(encode(message), zmq.NOBLOCK)
        if self._client is not None and now >= self._away_until:
            self._client.beat()  # so that a slip shows at the next part
        if self._count % 10 == 0:
            self._tell({"event": "progress", "triggers": self._count})
        while self._faults and self._faults[0].at <= self._count:
            self._suffer(self._faults.pop(0), now)

    # ---- faults

    def _suffer(self, fault: Fault, now: float) -> None:
        """Begin a fault; those inside the line are its own doing, and only waited for."""
        self._recoveries.begin(fault, now)
        if fault.kind not in OUTSIDE:
            return
        match fault.kind:
            case Kind.PLC_GONE:
                self._away_until = now + fault.seconds
                if fault.number % 2 == 0:  # the other way it hangs: its socket stays, and nobody reads or beats
                    self._disconnect()
            case Kind.STOPPED_SUBSCRIBER:
                self._subscriber.subscribe(fault.seconds)
            case Kind.NETWORK_GARBAGE:
                for message in garbage(fault.number):
                    self._triggers.send(message, zmq.NOBLOCK)
                ours = [self._plan.reject, self._plan.status, self._plan.control]
                threading.Thread(target=throw_garbage, args=(ours, fault.number), name="garbage", daemon=True).start()
            case _:
                self._tell({"event": "kill", "number": fault.number})

    def _disconnect(self) -> None:
        if self._client is not None:
            self._acks += self._client.stats.acks
            self._client.close(0.2)
            self._client = None

    # ---- the link

    def _settle(self) -> None:
        """The line may still tell outcomes: late ones, and those of a restart."""
        until = time.monotonic() + self._plan.settle_s
        while self._account.unaccounted and time.monotonic() < until:
            self._listen(TURN_S)
        self._listen(TURN_S)

    def _listen(self, seconds: float) -> None:
        self._subscriber.tend()
        if time.monotonic() < self._away_until:
            self._pause(seconds)
            return
        if self._client is None:
            self._client = self._connect(self._account.last_seq)
        for event in self._client.poll(max(0.0, seconds)):
            if isinstance(event, VerdictMessage):
                self._account.verdict(event)
                self._recoveries.verdict(event, time.monotonic())

    @staticmethod
    def _pause(seconds: float) -> None:
        threading.Event().wait(max(0.0, seconds))


def parse(arguments: list[str]) -> BeltPlan:
    """The command line as a plan: each field is an option of its name."""
    parser = argparse.ArgumentParser(prog="belt", description=__doc__)
    parser.add_argument("--trigger", required=True)
    parser.add_argument("--reject", required=True)
    parser.add_argument("--parts", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--product", default="ring")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bad-fraction", type=float, default=0.3)
    parser.add_argument("--heartbeat-ms", type=int, default=500)
    parser.add_argument("--settle-s", type=float, default=20.0)
    parser.add_argument("--gate-s", type=float, default=GATE_S)
    for name in ("faults", "status", "control"):
        parser.add_argument(f"--{name}", default="")
    return BeltPlan(**vars(parser.parse_args(arguments)))


def _print(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the belt that the command line describes."""
    stop = stop_on_signals()
    result = BeltAndGate(parse(sys.argv[1:]), _print, stop.is_set).run()
    _print({"event": "done", **result})


if __name__ == "__main__":
    main()
