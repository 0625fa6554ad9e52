from __future__ import annotations

import queue

from ui.mail import Job, Mailbox
from ui.workers import JobWorker


def test_a_job_that_fails_keeps_no_other_from_being_done(expected_warnings: list[str]) -> None:
    expected_warnings.append("a job failed")
    rung: queue.Queue[bool] = queue.Queue()
    mailbox = Mailbox(lambda: rung.put(True))
    worker = JobWorker(mailbox)
    worker.start()
    good = Job(lambda: 2 + 2, print)
    worker.do(Job(lambda: 1 // 0, print))
    worker.do(good)
    assert rung.get(timeout=5.0)
    worker.stop()
    worker.join(5.0)
    assert mailbox.take().finished == [(good, 4)]
