"""A reject gate in Python: pyzmq and json alone. Reject by default; the rules are in docs/protocol.md.

    python gate.py tcp://127.0.0.1:5570 [PARTS]

``Gate.passes`` is what the gate asks when a part is at it. Run as a program, it prints each verdict and ends after PARTS of them.
"""

import json
import sys
import time

import zmq


class Gate:
    """Call ``poll`` at least ten times a second; ``count`` is the PLC's count of triggers, None where it does not count."""

    def __init__(self, endpoint, name="example-gate", count=None):
        self.endpoint, self.name, self.count, self.told = endpoint, name, count, count
        self.silence, self.beat, self.heard, self.next_word = 1.0, 0.5, None, 0.0
        self.last_seq, self.epoch, self.known, self.decided = 0, None, {}, {}
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger, self.socket.immediate = 0, True  # nothing is queued for a line that is not there
        self.socket.connect(endpoint)

    def alive(self):
        return self.heard is not None and time.monotonic() - self.heard <= self.silence

    def passes(self, trigger_count):
        """Pass only on an accept for this part, of the armed epoch, while the line is alive."""
        return self.alive() and self.decided.get(trigger_count) == "accept"

    def say(self, kind, **fields):
        try:
            self.socket.send(json.dumps({"v": 1, "type": kind, **fields}).encode(), zmq.NOBLOCK)
        except zmq.Again:
            self.heard = None  # the line is not there: hello again

    def poll(self, seconds=0.05):
        """Keep the link going; returns the verdicts that are new."""
        if not self.alive():
            self.heard = None
        triggered = self.heard is not None and self.count != self.told  # at each trigger: a slip shows at the next part
        if triggered or time.monotonic() >= self.next_word:
            self.next_word, self.told = time.monotonic() + self.beat, self.count
            hello = {} if self.heard else {"name": self.name, "role": "gate"}
            self.say("heartbeat" if self.heard else "hello", last_seq=self.last_seq, trigger_count=self.count, **hello)
        new = []
        while self.socket.poll(0 if new else int(seconds * 1000)) and len(new) < 100:
            message, seconds = json.loads(self.socket.recv()), 0
            if message["type"] == "bye" or message.get("code") == "hello_first":
                self.heard, self.next_word = None, time.monotonic() + self.beat * (message["type"] == "bye")
                continue
            self.heard = time.monotonic()
            if message["type"] == "heartbeat" and message["heartbeat_ms"]:
                self.beat, self.silence = message["heartbeat_ms"] / 1000, 2.5 * message["heartbeat_ms"] / 1000
            elif message["type"] == "arm":
                if message["epoch"] != self.epoch:  # no accept of before opens anything
                    self.epoch, self.decided = message["epoch"], {}
                self.say("arm", epoch=message["epoch"], trigger_count=message["trigger_count"])
            elif message["type"] == "verdict" and self.take(message):
                new.append(message)
        return new

    def take(self, verdict):
        """Acknowledge, duplicates too; whether it is new."""
        key, part = (verdict["epoch"], verdict["seq"]), verdict["trigger_count"]
        self.say("ack", epoch=key[0], seq=key[1], trigger_count=part)
        if key in self.known:
            return False
        self.known[key], self.last_seq = None, max(self.last_seq, key[1])
        if key[0] == self.epoch and self.decided.setdefault(part, verdict["verdict"]) != verdict["verdict"]:
            self.decided[part] = "reject"  # two opinions on one part are doubt
        for memory, most in ((self.known, 100_000), (self.decided, 10_000)):
            if len(memory) > most:
                del memory[next(iter(memory))]
        return True


if __name__ == "__main__":
    gate, left = Gate(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else -1
    while left:
        for verdict in gate.poll():
            left -= 1
            print(verdict["trigger_count"], verdict["verdict"], "pass" if gate.passes(verdict["trigger_count"]) else "reject", flush=True)
    gate.say("bye", reason="done")
    gate.socket.close(linger=1000)
