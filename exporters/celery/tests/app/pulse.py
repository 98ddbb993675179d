"""Publishes an event fifty times a second, and connects anew whenever the broker is back."""

import sys
import time

from app import app
from celery.events import get_exchange

while True:
    try:
        with app.connection_for_write(connect_timeout=1) as connection:
            producer = connection.Producer(exchange=get_exchange(connection), serializer="json")
            while True:
                event = {"type": "task-received", "uuid": str(time.time_ns()), "name": "app.pulse", "hostname": "w@pulse", "timestamp": time.time()}
                producer.publish(event, routing_key="task.received", delivery_mode=1)
                time.sleep(0.02)
    except Exception as error:
        print(error, file=sys.stderr)
        time.sleep(0.02)
