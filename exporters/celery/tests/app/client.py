"""Sends so many tasks, with every kind of end among them, and writes down what it sent and revoked."""

import datetime
import json
import sys
import time

from app import (LEDGER, add, app, boom, endless, flaky, hard, hopeless, ignore, killed, odd, reject, reject_early, requeue,
                 soft, write)

EITHER = "celery"
PREFORK = "prefork"


def send(task, queue=EITHER, **options):
    """Sends one task."""
    write("sent", task.name)
    return task.apply_async(queue=queue, **options)


def wait(is_so):
    """Waits until something is so."""
    deadline = time.monotonic() + 120 + int(sys.argv[1]) / 20
    while not is_so():
        assert time.monotonic() < deadline, "the workers are too slow"
        time.sleep(0.1)


class Ended:
    """Counts the tasks of a name that have ended; reads each line of the ledger once."""

    def __init__(self, name):
        self.name = name
        self.ledger = open(LEDGER, encoding="utf-8")
        self.begun = ""
        self.count = 0

    def reaches(self, count):
        """Whether so many have ended by now."""
        *lines, self.begun = (self.begun + self.ledger.read()).split("\n")
        self.count += sum(line["event"] == "ended" and line["task"] == self.name for line in map(json.loads, lines))
        return self.count >= count


def held(what):
    """Ids of the tasks that workers hold as `active` or `scheduled`."""
    answers = getattr(app.control.inspect(timeout=0.5), what)() or {}
    return {entry.get("request", entry)["id"] for entries in answers.values() for entry in entries}


def main(count):
    rare = max(count // 100, 2)
    revoked = [send(endless, PREFORK) for _ in range(2)]
    for _ in range(rare):
        for task in (boom, odd, flaky, hopeless, reject, reject_early, requeue, ignore):
            send(task)
    for _ in range(2):
        for task in (hard, soft, killed):
            send(task, PREFORK)
    # RabbitMQ drops what has expired by itself, and tells nobody.
    expired = not app.conf.broker_url.startswith("amqp")
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5)
    for _ in range(rare):
        if expired:
            send(add, expires=past)
            write("revoked", add.name, received=False)
        write("sent", "app.gone")
        app.send_task("app.gone", queue=EITHER)
        write("unknown", "app.gone", error="NotRegistered")
    sent = 2 + 8 * rare + 6 + 4 * rare
    for number in range(count - sent):
        send(add, kwargs={"seconds": 0.02 if number % 10 == 0 else 0}, priority=(number % 4) * 3)
    # Whoever is revoked after a worker has it must first be with one: not behind all the others.
    ended = Ended(add.name)
    wait(lambda: ended.reaches(count - sent))
    # With a worker before they expire, and expired before they may run: that is so on either broker.
    for _ in range(rare):
        send(add, countdown=8, expires=4)
        write("revoked", add.name, received=True)
    later = [send(add, countdown=8) for _ in range(rare)]
    wait(lambda: {result.id for result in later} <= held("scheduled"))
    for result in later:
        write("revoked", add.name, received=True)
        app.control.revoke(result.id)
    # Whoever runs is ended; whoever waits behind it is ended as soon as it runs.
    for result in revoked:
        wait(lambda: result.id in held("active"))
        app.control.revoke(result.id, terminate=True, signal="SIGTERM")


if __name__ == "__main__":
    main(int(sys.argv[1]))
