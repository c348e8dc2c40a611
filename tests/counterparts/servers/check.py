"""Real servers behind the program, compared with the tables of README.md.

check.py [--quick] [--write] --program PATH --environments FOLDER --logs FOLDER SERVER...
"""

import argparse
import contextlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from loopback import Tripwire
from program import Program
from start import CONTEXT, KEY, MODEL, OWN, Aimock, LiteLLM, LlamaCpp
from table import NONE, Report

# Columns of the tables: values of ANYGPT_PROVIDER_<ID>_TYPE, and what their base URL ends with.
FORMATS = {"openai-compatible": "/v1", "openai": "/v1", "anthropic": "", "google": ""}
CLOCK = {
    "name": "clock",
    "parameters": {
        "type": "object",
        "properties": {"utc": {"type": "boolean"}},
        "required": ["utc"],
        "additionalProperties": False,
    },
}
SECONDS = 120


def expect(condition, *seen):
    if not condition:
        raise AssertionError(" ".join(map(str, seen)))


@dataclass
class Endpoint:
    """A model of a server by one of its formats."""

    program: Program
    form: str
    model: str
    # Who makes the answers of the tiny model.
    llama: LlamaCpp | None

    @property
    def provider(self):
        return f"by-{self.form}"

    def arguments(self, **arguments):
        return {
            "model": f"{self.provider}/{self.model}",
            "max_tokens": 32,
            "timeout_seconds": SECONDS,
            **arguments,
        }

    def chat(self, **arguments):
        return worked(self.program.call(self.arguments(**arguments)))

    def refused(self, **arguments):
        """The class of the error, or `answers`."""
        result = self.program.call(self.arguments(**{"prompt": "hi", **arguments}))
        return (
            result["content"][0]["text"].partition(":")[0] if result.get("isError") else "answers"
        )


def worked(result):
    expect(not result.get("isError"), result)
    return result["structuredContent"]


def answer(endpoint):
    got = endpoint.chat(prompt="hi", system="Be brief.")
    expect(got["text"] and got["model"] == endpoint.model, got)
    expect(got["usage"]["input_tokens"] > 0 and got["usage"]["output_tokens"] > 0, got)


def progress(endpoint):
    number = endpoint.program.begin(endpoint.arguments(prompt="hi", max_tokens=2000))
    first = endpoint.program.progress(number)
    got = worked(endpoint.program.answer(number))
    expect(first.get("method") == "notifications/progress", first)
    return None if "first_token_ms" in got else "whole"


def cut(endpoint):
    got = endpoint.chat(prompt="hi", max_tokens=20)
    expect(got["usage"]["output_tokens"] == 20, got)
    return None if got["finish_reason"] == "length" else got["finish_reason"]


def turns(endpoint):
    roles = ("system", "user", "assistant", "user")
    messages = [{"role": role, "content": role} for role in roles]
    expect(endpoint.chat(messages=messages)["text"])


def tools(endpoint):
    messages = [{"role": "user", "content": "What time is it?"}]
    called = endpoint.chat(messages=messages, tools=[CLOCK], tool_choice="required", max_tokens=400)
    expect(called["finish_reason"] == "tool_calls", called)
    for call in called["tool_calls"]:
        expect(call["name"] == "clock" and isinstance(call["arguments"]["utc"], bool), called)
    messages.append(
        {"role": "assistant", "content": called["text"], "tool_calls": called["tool_calls"]}
    )
    if state := called.get("provider_state"):
        messages[-1]["provider_state"] = state
    messages += (
        {"role": "tool", "tool_call_id": call["id"], "content": "noon"}
        for call in called["tool_calls"]
    )
    got = endpoint.chat(messages=messages, tools=[CLOCK])
    expect(got["text"] and not got.get("tool_calls"), got)


def schema(endpoint):
    wanted = {
        "type": "json_schema",
        "json_schema": {"name": "clock", "schema": CLOCK["parameters"]},
    }
    got = endpoint.chat(prompt="The clock as JSON", max_tokens=400, response_format=wanted)
    warnings = str(got.get("warnings"))
    if "response_format is sent as an instruction" in warnings:
        return "instruction"
    if "The answer is not JSON" in warnings:
        return "ignored"
    expect(list(got["json"]) == ["utc"] and got["finish_reason"] == "stop", got)


def stop(endpoint):
    letters = endpoint.chat(prompt="hi")["text"].replace(" ", "")
    got = endpoint.chat(prompt="hi", stop=sorted(set(letters))[:4], max_tokens=2000)
    if "stop" in str(got.get("warnings")):
        return "left out"
    expect(got["finish_reason"] == "stop" and got["usage"]["output_tokens"] < 2000, got)


def cancel(endpoint):
    number = endpoint.program.begin(endpoint.arguments(prompt="hi", max_tokens=CONTEXT))
    while "answering" not in str(endpoint.program.progress(number)):
        pass
    before = len(endpoint.llama.lengths())
    endpoint.program.cancel(number)
    until = time.monotonic() + SECONDS
    while len(endpoint.llama.lengths()) == before:
        expect(time.monotonic() < until, "the server still makes the answer")
        time.sleep(0.1)
    expect(endpoint.llama.lengths()[-1] < CONTEXT / 2, "the server has made the whole answer")


def at_once(endpoint):
    begun = [
        endpoint.program.begin(endpoint.arguments(prompt=f"hi {n}", max_tokens=200))
        for n in range(32)
    ]
    for number in begun:
        expect(worked(endpoint.program.answer(number))["text"])


def unknown_model(endpoint):
    kind = endpoint.refused(model=f"{endpoint.provider}/nothing")
    return None if kind == "model_not_found" else kind


def too_long(endpoint):
    kind = endpoint.refused(prompt="x " * CONTEXT)
    return None if kind == "context_length" else kind


def too_fast(endpoint):
    kind = endpoint.refused(prompt="Too fast")
    return None if kind == "rate_limit" else kind


def wrong_key(endpoint):
    kind = endpoint.refused(model=f"{endpoint.provider}-refused/{endpoint.model}")
    return None if kind == "auth" else kind


def counted(endpoint):
    got = worked(
        endpoint.program.call(
            {"model": f"{endpoint.provider}/{endpoint.model}", "text": "hi"}, "anygpt_count_tokens"
        )
    )
    expect(got["input_tokens"] > 0, got)
    return "estimated" if got["estimated"] else None


def embedded(endpoint):
    if endpoint.form == "anthropic":
        return NONE
    wanted = {"model": f"{endpoint.provider}/{endpoint.model}", "input": ["one", "two"]}
    got = worked(endpoint.program.call(wanted, "anygpt_embed"))
    expect([len(vector) for vector in got["embeddings"]] == [got["dimensions"]] * 2, got)


def models(endpoint):
    got = worked(endpoint.program.call({"provider": endpoint.provider}, "anygpt_list_models"))
    expect(endpoint.model in [model["id"] for model in got["models"]], got)


ROWS = {
    "answer": answer,
    "progress": progress,
    "end by max_tokens": cut,
    "several turns": turns,
    "tools": tools,
    "JSON Schema": schema,
    "stop texts": stop,
    "cancel": cancel,
    "32 at once": at_once,
    "unknown model": unknown_model,
    "text too long": too_long,
    "HTTP 429": too_fast,
    "wrong key": wrong_key,
    "counting tokens": counted,
    "embeddings": embedded,
    "list of models": models,
}


def settings(url):
    """A provider for each format, and one with a wrong key."""
    for form, path in FORMATS.items():
        for provider, key in ((form, KEY), (f"{form}-refused", "sk-wrong")):
            prefix = f"ANYGPT_PROVIDER_BY_{provider}".upper().replace("-", "_")
            yield f"{prefix}_TYPE", form
            yield f"{prefix}_BASE_URL", url + path
            yield f"{prefix}_API_KEY", key


def check(heading, url, model, llama, options, environment):
    """Tries all that a table of README.md has rows and columns for; whether it has changed."""
    report = Report(heading, columns=list(FORMATS)[:1] if options.quick else None)
    mine = environment | dict(settings(url)) | {"ANYGPT_TOOLS": "all", "LOG_LEVEL": "error"}
    with open(options.logs / "program.log", "a") as log:
        program = Program(options.program, mine, log)
        for row, form in report.cells:
            try:
                report.saw(row, form, ROWS[row](Endpoint(program, form, model, llama)))
            except Exception as error:  # Whatever it is belongs into the table.
                report.saw(row, form, error=error)
        status = program.end()
        expect(status == 0, "the program ended with", status)
    return report.end(options.write)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only by the first format")
    parser.add_argument("--write", action="store_true", help="renew the tables")
    parser.add_argument("--program", required=True)
    parser.add_argument("--environments", type=Path, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("servers", nargs="+", choices=["llamacpp", "litellm", "aimock"])
    options = parser.parse_args()

    tripwire = Tripwire()
    environment = tripwire.environment()
    failed = False
    llama = None

    def start(kind, *needed):
        service = kind(options.environments, environment, options.logs, *needed)
        running.callback(service.stop)
        return service

    def tried(heading, service, model):
        return check(heading, service.url, model, llama, options, environment)

    with contextlib.ExitStack() as running:
        if {"llamacpp", "litellm"} & {*options.servers}:
            llama = start(LlamaCpp)
        if "llamacpp" in options.servers:
            failed |= tried("llama.cpp's server", llama, MODEL)
        if "litellm" in options.servers:
            proxy = start(LiteLLM, llama)
            failed |= tried("LiteLLM's proxy", proxy, OWN)
            failed |= tried("LiteLLM's proxy in front of llama.cpp", proxy, MODEL)
        if "aimock" in options.servers:
            failed |= tried("aimock", start(Aimock), OWN)
    return tripwire.end() or failed


if __name__ == "__main__":
    sys.exit(main())
