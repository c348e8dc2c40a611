"""Starts the servers: real ones, from their packages, each with a key and a free port."""

import json
import re
import subprocess
from pathlib import Path

from loopback import Service, free_port

HERE = Path(__file__).parent
KEY = "sk-counterparts"
MODEL = "tiny"
# The model that has answers of its own.
OWN = "own"
# All slots together; an answer as long as this takes minutes.
CONTEXT = 65536


class LlamaCpp(Service):
    """llama.cpp's server, with a model that is made on the spot."""

    def __init__(self, environments, environment, logs):
        binaries = environments / "llamacpp" / "bin"
        model = logs / "tiny.gguf"
        subprocess.run(
            [binaries / "python", "-B", HERE / "tiny_model.py", model], env=environment, check=True
        )
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [
                binaries / "llama-server-vulkan",
                *f"--host 127.0.0.1 --port {port} --api-key {KEY} --alias {MODEL}".split(),
                *f"--ctx-size {CONTEXT} --kv-unified --parallel 32 --seed 1".split(),
                # More threads wait for each other at every token, which is slow on a busy machine.
                *"--threads 1 --embeddings --pooling mean --n-gpu-layers 0 --offline --no-webui".split(),
                *("--model", model),
                *("--chat-template-file", HERE / "template.jinja"),
            ],
            environment,
            logs / "llamacpp.log",
            f"{self.url}/health",
        )

    def lengths(self):
        """Tokens of each answer that has ended, questions included, in order."""
        return [
            int(count)
            for count in re.findall(r"stop processing: n_tokens = (\d+)", self.log.read_text())
        ]


class LiteLLM(Service):
    """LiteLLM's proxy: a model with an answer of its own, and that of llama.cpp's server."""

    def __init__(self, environments, environment, logs, llama):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = logs / "litellm.json"
        # It translates Responses and Messages to Chat Completions, instead of passing Responses on.
        chat = {"use_chat_completions_api": True}
        own = {
            "model": f"hosted_vllm/{OWN}",
            "api_base": f"{llama.url}/v1",
            "mock_response": "An answer of its own.",
        }
        tiny = {"model": f"hosted_vllm/{MODEL}", "api_base": f"{llama.url}/v1", "api_key": KEY}
        config.write_text(
            json.dumps(
                {
                    "model_list": [
                        {"model_name": OWN, "litellm_params": own | chat},
                        {"model_name": MODEL, "litellm_params": tiny | chat},
                    ],
                    "general_settings": {"master_key": KEY},
                    # aiohttp writes to connections that llama.cpp's server is about to close.
                    "litellm_settings": {"disable_aiohttp_transport": True, "telemetry": False},
                }
            )
        )
        super().__init__(
            [
                environments / "litellm" / "bin" / "litellm",
                *f"--host 127.0.0.1 --port {port} --config".split(),
                config,
            ],
            environment,
            logs / "litellm.log",
            f"{self.url}/health/liveliness",
        )


class Aimock(Service):
    """aimock, which answers what its file says, by more formats than the others."""

    def __init__(self, environments, environment, logs):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        package = environments / "servers" / "aimock" / "node_modules" / "@copilotkit" / "aimock"
        super().__init__(
            [
                *("node", package / "dist" / "cli.js"),
                *f"--host 127.0.0.1 --port {port} --fixtures".split(),
                HERE / "aimock" / "fixtures.json",
            ],
            environment | {"AIMOCK_API_KEYS": KEY},
            logs / "aimock.log",
            f"{self.url}/health",
        )
