"""The program as a client runs it: lines to its standard input, lines from its output."""

import json
import queue
import subprocess
import threading

CHAT = "anygpt_chat_completion"


class Program:
    def __init__(self, path, environment, stderr):
        self.process = subprocess.Popen(
            [path],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        self.id = 0
        self.writing = threading.Lock()
        self.waiting = {}
        threading.Thread(target=self.read, daemon=True).start()
        started = self.start(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "counterparts", "version": "1"},
            },
        )
        self.answer(started)
        self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            key = message.get("id") or message.get("params", {}).get("progressToken")
            if key in self.waiting:
                self.waiting[key].put(message)

    def write(self, message):
        with self.writing:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def start(self, method, parameters):
        with self.writing:
            self.id += 1
            number = self.id
        self.waiting[number] = queue.Queue()
        self.write({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
        return number

    def answer(self, number, seconds=180):
        while "method" in (message := self.waiting[number].get(timeout=seconds)):
            pass
        return message["result"]

    def begin(self, arguments, tool=CHAT):
        """Starts a call that reports its progress."""
        number = self.id + 1
        return self.start(
            "tools/call", {"name": tool, "arguments": arguments, "_meta": {"progressToken": number}}
        )

    def progress(self, number, seconds=180):
        return self.waiting[number].get(timeout=seconds)

    def call(self, arguments, tool=CHAT):
        return self.answer(self.start("tools/call", {"name": tool, "arguments": arguments}))

    def cancel(self, number):
        self.write(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
        )

    def end(self):
        self.process.stdin.close()
        return self.process.wait(20)
