"""Stands in for the proxies of all providers: answers most requests, refuses and delays some. `python proxy.py [port] [seed]`"""

import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHANCES = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)


class Proxy(BaseHTTPRequestHandler):
    def do_GET(self):
        chance = CHANCES.random()
        if chance < 0.03:
            time.sleep(2)
        status = 403 if chance > 0.94 else 407 if chance > 0.93 else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8899), Proxy).serve_forever()
