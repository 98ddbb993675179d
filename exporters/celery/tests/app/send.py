"""Sends so many tasks of one name, of all priorities in turn."""

import sys

from app import app

for number in range(int(sys.argv[2])):
    app.send_task("app." + sys.argv[1], priority=(number % 4) * 3)
