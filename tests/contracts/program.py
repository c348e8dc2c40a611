"""The program under test, spoken to as a client does, and the loopback server that is its provider.

Never here: what is sent or expected.
"""

import http.server
import json
import queue
import subprocess
import threading

# Only what hangs takes so long, however busy the machine is.
SECONDS = 300
IN_FLIGHT = 8


class Loopback:
    """Records every request, and answers a POST with the reply in `replies` of the model that it
    names."""

    def __init__(self):
        self.replies = {}
        self.seen = []
        loopback = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one write: apart they wait for each other.
            wbufsize = -1

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer(
                    "application/json", json.dumps({"data": [], "models": [], "has_more": False})
                )

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                body = json.loads(body or b"null") or {}
                named = body.get("model") or self.path
                model = named.rpartition("/")[2].partition(":")[0]
                self.answer(*loopback.replies.get(model, ("application/json", "{}")))

            def answer(self, content_type, text):
                loopback.seen.append(
                    (self.command, self.path, [(n.lower(), v) for n, v in self.headers.items()])
                )
                data = text.encode()
                self.send_response(200)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def environment(self):
        """The settings that make it the provider of every format."""
        return {
            "OPENAI_BASE_URL": self.url + "/openai/v1",
            "OPENAI_API_KEY": "sk-contracts-openai",
            "ANTHROPIC_BASE_URL": self.url + "/anthropic",
            "ANTHROPIC_API_KEY": "sk-ant-contracts",
            "GOOGLE_GEMINI_BASE_URL": self.url + "/google",
            "GOOGLE_API_KEY": "AIzaContracts",
            "ANYGPT_PROVIDER_CHAT_BASE_URL": self.url + "/chat/v1",
            "ANYGPT_PROVIDER_CHAT_API_KEY": "sk-contracts-chat",
            "ANYGPT_RETRIES": "0",
            "ANYGPT_TIMEOUT": str(SECONDS),
            "ANYGPT_TOOLS": "all",
        }


class Program:
    """A session of the program on its standard input and output."""

    def __init__(self, path, environment):
        self.process = subprocess.Popen(
            [path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.log = []
        self.lines = queue.Queue()
        threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True).start()
        threading.Thread(target=self.read, daemon=True).start()
        info = {"name": "contracts", "version": "1"}
        params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
        self.send({"id": "start", "method": "initialize", "params": params})
        self.receive()
        self.send({"method": "notifications/initialized"})

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def receive(self):
        """The next response; notifications are passed over."""
        while True:
            line = self.lines.get(timeout=SECONDS)
            if line is None:
                raise AssertionError("the program ended: " + "".join(self.log)[-2000:])
            message = json.loads(line)
            if "id" in message:
                return message

    def call_all(self, tool, arguments):
        """The result of a call for each of these arguments, some at a time."""
        results = {}
        waiting = list(enumerate(arguments))[::-1]
        in_flight = 0
        while waiting or in_flight:
            while waiting and in_flight < IN_FLIGHT:
                at, each = waiting.pop()
                self.send(
                    {"id": at, "method": "tools/call", "params": {"name": tool, "arguments": each}}
                )
                in_flight += 1
            message = self.receive()
            results[message["id"]] = message.get("result") or message
            in_flight -= 1
        return [results[at] for at in range(len(arguments))]

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(SECONDS)
        log = "".join(self.log)
        assert code == 0 and "panic" not in log, f"the program ended with {code}: {log[-2000:]}"
