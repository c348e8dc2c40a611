"""Environments in which nothing leaves the machine, and the proof that nothing tried to."""

import http.server
import os
import socket
import subprocess
import threading
import time
import urllib.request

# Telemetry, crash reports, price lists and update checks of the packages, by their own names.
QUIET = {
    "ANONYMIZED_TELEMETRY": "false",
    "MCP_USE_ANONYMIZED_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "OTEL_SDK_DISABLED": "true",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
    "FASTMCP_SHOW_SERVER_BANNER": "false",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "HF_HUB_OFFLINE": "1",
}


class Tripwire:
    """A proxy for everything but the loopback: it refuses each request and keeps what it was."""

    def __init__(self):
        requests = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def refuse(self):
                requests.append(f"{self.command} {self.path}")
                self.send_error(403)

            do_CONNECT = do_GET = do_POST = do_HEAD = do_PUT = refuse

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def environment(self):
        """The variables of this process without keys, proxies or settings, and with this proxy."""
        kept = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "LANG", "TMPDIR")
            if name in os.environ
        }
        proxy = f"http://127.0.0.1:{self.server.server_port}"
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            kept[name] = kept[name.upper()] = proxy
        kept["no_proxy"] = kept["NO_PROXY"] = "127.0.0.1,localhost"
        return kept | QUIET

    def end(self):
        """Whether something tried to leave the machine."""
        for request in sorted(set(self.requests)):
            print(f"FAILED: tried to leave the machine: {request}")
        return bool(self.requests)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Service:
    """A server that is started, waited for, and stopped."""

    def __init__(self, command, environment, log, ready, seconds=300):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                command, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        until = time.monotonic() + seconds
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            try:
                direct.open(ready, timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise SystemExit(f"FAILED: {command[0]} did not start, see {log}") from None
                time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
