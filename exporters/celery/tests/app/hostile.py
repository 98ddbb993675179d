"""Publishes what no worker publishes: content that is no event, content that is not JSON, and far too much of it."""

from app import app
from celery.events import get_exchange

MESSAGES = [
    (b"", "application/json"),
    (b"garbage", "application/json"),
    (b"[" * 100_000 + b"]" * 100_000, "application/json"),
    (b'{"type": null}', "application/json"),
    (b"\x80\x04K\x01.", "application/x-python-serialize"),
    (b"a: 1", "application/x-yaml"),
    (b"x" * (50 << 20), "application/json"),
    (b'{"type": "task-received", "uuid": "odd", "hostname": "w@h", "name": "a\\"b\\nc\xff"}', "application/json"),
    (b'{"type": "task-invented", "uuid": "x"}', "application/json"),
]

with app.connection_for_write() as connection:
    producer = connection.Producer(exchange=get_exchange(connection))
    for body, kind in MESSAGES:
        producer.publish(body, routing_key="task.multi", delivery_mode=1, content_type=kind, content_encoding="utf-8")
