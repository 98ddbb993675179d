"""Declares a queue that is bound to an exchange of another name, and sends so many tasks to it."""

import sys

from app import app
from kombu import Exchange, Queue

name, exchange, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with app.connection_for_write() as connection:
    queue = Queue(name, Exchange(exchange, type="direct"), routing_key="some-key")
    queue(connection.default_channel).declare()
    for _ in range(count):
        app.send_task("app.add", queue=queue, connection=connection)
