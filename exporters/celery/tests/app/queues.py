"""Declares so many queues, and sends a task to each."""

import sys

from app import app
from kombu import Exchange, Queue

exchange = Exchange("celery", type="direct")
with app.connection_for_write() as connection:
    for number in range(int(sys.argv[1])):
        queue = Queue(f"many-{number:03}", exchange, routing_key=f"many-{number:03}")
        queue(connection.default_channel).declare()
        app.send_task("app.add", queue=queue, connection=connection)
