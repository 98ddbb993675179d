"""Publishes so many events as a worker would, in lists of ten at most."""

import sys
import time

from app import app
from celery.events import get_exchange

count = int(sys.argv[1])
with app.connection_for_write() as connection:
    producer = connection.Producer(exchange=get_exchange(connection), serializer="json")
    for first in range(0, count, 10):
        events = [
            {"type": "task-received", "uuid": str(number), "name": "app.flood", "hostname": "w@flood", "timestamp": time.time()}
            for number in range(first, min(first + 10, count))
        ]
        producer.publish(events, routing_key="task.multi", delivery_mode=1)
