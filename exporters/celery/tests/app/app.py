"""A Celery application whose tasks end in every way that there is, and write down how they end.

The ledger is a file of JSON lines that is only appended to, each line in one write: what happened, to which task, and
how long it took. Whoever makes something happen writes it down: a task its start and its end, the client what it sends and
what it revokes.
"""

import json
import os
import signal
import time

from celery import Celery
from celery.exceptions import Ignore, Reject

LEDGER = os.environ["LEDGER"]

app = Celery("app", broker=os.environ["BROKER_URL"])
app.conf.update(
    task_ignore_result=True,
    task_send_sent_event=os.environ.get("SENT_EVENTS", "1") == "1",
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    broker_transport_options=json.loads(os.environ.get("TRANSPORT_OPTIONS", "{}")),
    worker_enable_remote_control=True,
    task_default_queue="celery",
)


def write(event, task, **fields):
    """Appends a line to the ledger."""
    line = json.dumps({"event": event, "task": task, "at": time.time(), **fields}) + "\n"
    descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


class Attempt:
    """One run of a task, from its start to the end that it announces."""

    def __init__(self, task, redelivered=False):
        self.task = task.name
        self.begun = time.monotonic()
        write("started", self.task, redelivered=redelivered)

    def end(self, outcome, error=None):
        """Announces the end that follows at once."""
        write("ended", self.task, outcome=outcome, error=error, seconds=time.monotonic() - self.begun)


class Odd(Exception):
    """An exception whose text does not say what it is."""

    def __repr__(self):
        return "<something odd: (maybe)>"


@app.task(bind=True)
def add(self, seconds=0):
    attempt = Attempt(self)
    time.sleep(seconds)
    attempt.end("succeeded")


@app.task(bind=True)
def boom(self):
    Attempt(self).end("failed", "ValueError")
    raise ValueError("id=" + str(time.time_ns()))


@app.task(bind=True)
def odd(self):
    Attempt(self).end("failed", "Odd")
    raise Odd("first line\nsecond: line")


@app.task(bind=True)
def flaky(self):
    attempt = Attempt(self)
    if self.request.retries == 0:
        attempt.end("retried")
        raise self.retry(exc=ConnectionError("once"), countdown=0.2)
    attempt.end("succeeded")


@app.task(bind=True, max_retries=1)
def hopeless(self):
    attempt = Attempt(self)
    attempt.end("retried" if self.request.retries == 0 else "failed", "TimeoutError")
    raise self.retry(exc=TimeoutError("always"), countdown=0.1)


@app.task(bind=True, acks_late=True)
def reject(self):
    Attempt(self).end("rejected")
    raise Reject("no", requeue=False)


@app.task(bind=True)
def reject_early(self):
    Attempt(self).end("rejected")
    raise Reject("acknowledged already", requeue=False)


@app.task(bind=True, acks_late=True)
def requeue(self):
    mark = LEDGER + "." + self.request.id
    attempt = Attempt(self, redelivered=os.path.exists(mark))
    if os.path.exists(mark):
        attempt.end("succeeded")
        return
    open(mark, "w").close()
    attempt.end("rejected")
    raise Reject("again", requeue=True)


@app.task(bind=True)
def ignore(self):
    Attempt(self).end("ignored")
    raise Ignore()


@app.task(bind=True, time_limit=1)
def hard(self):
    Attempt(self).end("failed", "TimeLimitExceeded")
    time.sleep(30)


@app.task(bind=True, soft_time_limit=1)
def soft(self):
    Attempt(self).end("failed", "SoftTimeLimitExceeded")
    time.sleep(30)


@app.task(bind=True)
def killed(self):
    Attempt(self).end("failed", "WorkerLostError")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(bind=True)
def endless(self):
    Attempt(self).end("revoked")
    # However long the others take; without its worker nobody would end it.
    worker = os.getppid()
    while os.getppid() == worker:
        time.sleep(1)
