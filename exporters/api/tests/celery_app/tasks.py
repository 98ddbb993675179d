"""Runs the tasks that selextract-api queues: fetches through a proxy, and reports the end back to the API.

    celery --app tasks worker --task-events

Environment: CELERY_BROKER_URL, API_URL (http://127.0.0.1:8000), PROXY_URL (http://127.0.0.1:8899, see proxy.py),
WORKER_TOKEN_FILE (only where the API has one).
"""

import json
import os
import random
import time
import urllib.error
import urllib.request

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

API_URL = os.environ.get("API_URL", "http://127.0.0.1:8000")
PROXY_URL = os.environ.get("PROXY_URL", "http://127.0.0.1:8899")
TOKEN_FILE = os.environ.get("WORKER_TOKEN_FILE")
PROVIDERS = ("datacenter", "residential", "mobile")
KINDS = ("web_scrape", "data_extraction", "change_monitoring", "export")

# The API is reached directly, whatever proxy the environment names.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
app = Celery("selextract", broker=os.environ.get("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0"))


def fetch(provider):
    """One request through a provider's proxy: what the API wants to know of it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": PROXY_URL}))
    request = urllib.request.Request("http://target.example/", headers={"X-Provider": provider})
    failure = None
    try:
        opener.open(request, timeout=1).read()
    except urllib.error.HTTPError as error:
        failure = {403: "banned", 407: "auth"}.get(error.code, "other")
    except TimeoutError:
        failure = "timeout"
    except urllib.error.URLError as error:
        failure = "timeout" if isinstance(error.reason, TimeoutError) else "refused"
    return {"provider": provider, "failure": failure}


def report(task_id, status, started, calls):
    body = {"status": status, "runtime_seconds": time.monotonic() - started, "units": 0.5 * len(calls), "proxy_requests": calls}
    headers = {"Content-Type": "application/json"}
    if TOKEN_FILE:
        with open(TOKEN_FILE, encoding="utf-8") as token:
            headers["Authorization"] = f"Bearer {token.read().strip()}"
    request = urllib.request.Request(f"{API_URL}/internal/tasks/{task_id}/completion", json.dumps(body).encode(), headers)
    direct.open(request, timeout=5).read()


def run(task_id, user_id):
    started, calls, status = time.monotonic(), [], "failed"
    try:
        for _ in range(random.randint(1, 4)):
            calls.append(fetch(random.choice(PROVIDERS)))
        if all(call["failure"] for call in calls):
            raise RuntimeError(f"no proxy answered for {user_id}")
        status = "succeeded"
    except SoftTimeLimitExceeded:
        status = "timed_out"
        raise
    finally:
        report(task_id, status, started, calls)


for kind in KINDS:
    app.task(run, name=f"selextract.tasks.{kind}", soft_time_limit=60)
