"""Streams with one event of the official types each, and what the program must make of them.

An event comes between two pieces of text; one that ends the answer comes at its end. If no row of
`contracts.toml` says otherwise it is passed over: the text before and after arrives whole, and the
answer ends as if it were not there.
Never here: how a value is made from a type, the session.
"""

import json
import re

import anthropic.types
import google.genai.types
import openai.types.chat
import openai.types.responses

from bodies import matches
from shapes import variants

BEFORE, AFTER = "before ", "after"
PASSED_OVER = {
    "text": BEFORE + AFTER,
    "finish": "stop",
    "reasoning": "",
    "calls": 0,
    "error": "",
    "unknown": "",
}
TOOL = "anygpt_chat_completion"
# What no type has yet.
FUTURE = {"type": "future", "text": "example"}


def stream(events):
    """As server-sent events; a payload with a `type` has it as the name of its event."""
    named = [f"event: {event['type']}\n" if "type" in event else "" for event in events]
    return "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in zip(named, events))


# -------------------------------------------------------------------------------------- responses


def responses():
    """(label, stream) of each case; the same below."""
    package = openai.types.responses
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}

    def ended(status, **members):
        response = {"id": "r", "status": status, "output": [], **members}
        return {"type": f"response.{status}", "response": response}

    def piece(delta):
        place = {"item_id": "m", "output_index": 0, "content_index": 0}
        return {"type": "response.output_text.delta", **place, "delta": delta}

    def item(item):
        return {"type": "response.output_item.done", "output_index": 7, "item": item}

    def text(text, *annotations):
        part = {"type": "output_text", "text": text, "annotations": annotations}
        return {**message, "content": [part]}

    cases = [*variants(package.ResponseStreamEvent, 2)]
    cases += variants(package.ResponseOutputItemDoneEvent, 3)
    for label, error in variants(package.ResponseError, 1):
        cases.append((f"response.failed error={label}", ended("failed", error=error)))
    for label, details in variants(package.response.IncompleteDetails, 1):
        event = ended("incomplete", incomplete_details=details)
        cases.append((f"response.incomplete details={label}", event))
    part = {"type": "response.content_part.done", "output_index": 7, "part": FUTURE}
    cases += [
        ("future event", {"type": "response.future.delta", "delta": "example", "output_index": 7}),
        ("future event outside", {"type": "future", "delta": "example"}),
        ("future item", item(FUTURE)),
        ("future part", {**part, "content_index": 0}),
        ("future content", item({**message, "content": [FUTURE]})),
        ("future annotation", item(text("example", FUTURE))),
        ("future reason", ended("incomplete", incomplete_details={"reason": "future"})),
        ("future error", ended("failed", error={"code": "future", "message": "example"})),
    ]
    end = ended("completed", output=[text(BEFORE + AFTER)])
    for label, event in cases:
        if "output_index" in event:
            event = {**event, "output_index": 7}
        is_end = event["type"] in ("response.completed", "response.incomplete", "response.failed")
        rest = [piece(AFTER), event] if is_end else [event, piece(AFTER), end]
        yield label, stream([piece(BEFORE), *rest])


# --------------------------------------------------------------------------------------- messages


def messages():
    def delta(delta):
        return {"type": "content_block_delta", "index": 7, "delta": delta}

    def begin(block):
        return {"type": "content_block_start", "index": 7, "content_block": block}

    def end(reason):
        delta = {"stop_reason": reason, "stop_sequence": None}
        return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}}

    def text(index, text):
        events = [begin({"type": "text", "text": ""}), delta({"type": "text_delta", "text": text})]
        return [{**event, "index": index} for event in [*events, {"type": "content_block_stop"}]]

    citation = {"type": "citations_delta", "citation": {"type": "future", "cited_text": "example"}}
    cases = [
        *variants(anthropic.types.RawMessageStreamEvent, 4),
        ("future event", FUTURE),
        ("future block", begin(FUTURE)),
        ("future delta", delta({**FUTURE, "type": "future_delta"})),
        ("future citation", delta(citation)),
        ("future stop reason", end("future")),
        ("ping", {"type": "ping"}),
        ("error", {"type": "error", "error": {"type": "overloaded_error", "message": "example"}}),
    ]
    message = {"id": "m", "model": "x", "role": "assistant", "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    start = {"type": "message_start", "message": {**message, "usage": usage}}
    before, after, stop = text(0, BEFORE), text(8, AFTER), {"type": "message_stop"}
    for label, event in cases:
        if "index" in event:
            event = {**event, "index": 7}
        is_end = event["type"] == "message_delta" and event["delta"].get("stop_reason")
        rest = [*after, event] if is_end else [event, *after, end("end_turn")]
        yield label, stream([start, *before, *rest, stop])


# -------------------------------------------------------------------------------- generateContent

# What the package adds to a reply: it is not on the wire.
ADDED = ("sdkHttpResponse", "automaticFunctionCallingHistory", "parsed")


def generate_content():
    def candidate(**members):
        return {"candidates": [{"index": 0, **members}]}

    def part(**members):
        return candidate(content={"role": "model", "parts": [members]})

    cases = [*variants(google.genai.types.GenerateContentResponse, 5)]
    cases = [case for case in cases if not any(f" {name}=" in case[0] for name in ADDED)]
    cases += [
        ("future member", {"future": {"text": "example"}}),
        ("future part", part(future={"text": "example"})),
        ("future finish reason", candidate(finishReason="FUTURE")),
        ("future block reason", {"promptFeedback": {"blockReason": "FUTURE"}}),
    ]
    for label, event in cases:
        is_reason = re.search(r"(finish|block) ?[rR]eason\b", label)
        is_end = is_reason and not re.search("=null|_UNSPECIFIED", label)
        end = candidate(finishReason="STOP")
        rest = [part(text=AFTER), event] if is_end else [event, part(text=AFTER), end]
        yield label, stream([part(text=BEFORE), *rest])


# ------------------------------------------------------------------------------- Chat Completions


def chat_completions():
    def choice(reason=None, **delta):
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}

    call = {"index": 0, "id": "x", "type": "future", "future": {"name": "example"}}
    cases = [
        *variants(openai.types.chat.ChatCompletionChunk, 5),
        ("future member", {**choice(), "future": {"text": "example"}}),
        ("future delta", choice(future={"text": "example"})),
        ("future part", choice(content=[{"type": "future", "future": "example"}])),
        ("future call", choice(tool_calls=[call])),
        ("future finish reason", choice("future")),
    ]
    before, after = choice(content=BEFORE), choice(content=AFTER)
    for label, event in cases:
        is_end = re.search(r"finish.reason", label) and "=null" not in label
        # The required members of an example have values of their own.
        fixed = {"index": 0} if is_end else {"index": 0, "finish_reason": None}
        event = {**event, "choices": [{**one, **fixed} for one in event["choices"]]}
        rest = [after, event] if is_end else [event, after, choice("stop")]
        yield label, stream([before, *rest]) + "data: [DONE]\n\n"


FORMATS = {
    "openai": responses,
    "anthropic": messages,
    "google": generate_content,
    "chat": chat_completions,
}

# ------------------------------------------------------------------------------------ the judgement


def outcome(result):
    """What the program made of a stream, with the names of PASSED_OVER."""
    answer = result.get("structuredContent") or {}
    said = list(answer.get("warnings", ()))
    if result.get("isError", "content" not in result):
        said += [block["text"] for block in result.get("content", ())] or [json.dumps(result)]
    said = "\n".join(said)
    error = re.search(r"(?m)^(?:The answer is not complete: )?([a-z_]+)(?:: | \()", said)
    unknown = re.search(r"(?m)^The finish reason (\S+) is not known", said)
    return {
        "text": answer.get("text", ""),
        "finish": answer.get("finish_reason") or "",
        "reasoning": answer.get("reasoning") or "",
        "calls": len(answer.get("tool_calls") or ()),
        "error": error[1] if error else "",
        "unknown": unknown[1] if unknown else "",
    }


def judge(program, loopback, rows):
    """The number of streams, and problems as texts; `rows` are those of [[event]], of which the
    first that fits counts. Marks rows that were used."""
    failed = []
    count = 0
    for name, cases in FORMATS.items():
        cases = list(dict(cases()).items())
        count += len(cases)
        calls = []
        for at, (_, reply) in enumerate(cases):
            model = f"{name}-case-{at}"
            loopback.replies[model] = ("text/event-stream", reply)
            calls.append({"prompt": "hi", "model": f"{name}/{model}", "include_reasoning": True})
        for (label, _), result in zip(cases, program.call_all(TOOL, calls)):
            fitting = (
                row for row in rows if row["format"] == name and matches(label, row["event"])
            )
            row = next(fitting, {})
            row["used"] = True
            expected = {**PASSED_OVER, **row.get("expect", {})}
            seen = outcome(result)
            wrong = {key: seen[key] for key in seen if seen[key] != expected[key]}
            if wrong:
                right = {key: expected[key] for key in wrong}
                failed.append(f"{name}: {label}: got {wrong}, expected {right}")
    return count, failed
