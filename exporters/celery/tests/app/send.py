"""Sends so many tasks of one name, of all priorities in turn."""

import argparse
import time

from app import app

arguments = argparse.ArgumentParser()
arguments.add_argument("name")
arguments.add_argument("count", type=int)
arguments.add_argument("--pause", type=float, default=0, help="seconds between two")
arguments.add_argument("--countdown", type=float, help="seconds until it may run")
arguments.add_argument("--queue", help="instead of the default one")
given = arguments.parse_args()
for number in range(given.count):
    app.send_task("app." + given.name, priority=(number % 4) * 3, queue=given.queue, countdown=given.countdown)
    time.sleep(given.pause)
