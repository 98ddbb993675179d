"""Declares a quorum queue, and sends so many tasks to it."""

import sys

from app import app
from kombu import Queue

name = sys.argv[1]
with app.connection_for_write() as connection:
    queue = Queue(name, routing_key=name, queue_arguments={"x-queue-type": "quorum"})
    queue(connection.default_channel).declare()
    for _ in range(int(sys.argv[2])):
        app.send_task("app.add", queue=queue, connection=connection)
