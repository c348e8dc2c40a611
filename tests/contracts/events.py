"""Streams with one event of the official types each, and what the program must make of them.

An event comes between two pieces of text; one that ends the answer comes at its end. If no row of `contracts.toml` says
otherwise it is passed over: the text before and after arrives whole, and the answer ends as if it were not there.
Never here: how a value is made from a type, the session.
"""

import fnmatch
import json
import re

import anthropic.types
import google.genai.types
import openai.types.chat
import openai.types.responses

from shapes import variants

BEFORE, AFTER = "before ", "after"
PASSED_OVER = {"text": BEFORE + AFTER, "finish": "stop", "reasoning": "", "calls": 0, "error": "", "unknown": ""}
TOOL = "anygpt_chat_completion"


def stream(events):
    """As server-sent events; a payload with a `type` has it as the name of its event."""
    named = [f"event: {event['type']}\n" if "type" in event else "" for event in events]
    return "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in zip(named, events))


# ------------------------------------------------------------------------------------------------- responses


def responses():
    """(label, stream) of each case; the same below."""
    union = openai.types.responses.ResponseStreamEvent
    cases = [case for case in variants(union, 2)]
    cases += [case for case in variants(openai.types.responses.ResponseOutputItemDoneEvent, 3)]
    future = {"type": "future", "text": "example"}
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
    text = {"type": "output_text", "text": "example", "annotations": [future]}

    def failed(error):
        return {"type": "response.failed", "response": {"id": "r", "status": "failed", "output": [], "error": error}}

    def incomplete(details):
        response = {"id": "r", "status": "incomplete", "output": [], "incomplete_details": details}
        return {"type": "response.incomplete", "response": response}

    errors = variants(openai.types.responses.ResponseError, 1)
    cases += [(f"response.failed error={label}", failed(error)) for label, error in errors]
    details = variants(openai.types.responses.response.IncompleteDetails, 1)
    cases += [(f"response.incomplete details={label}", incomplete(each)) for label, each in details]
    cases += [
        ("future event", {"type": "response.future.delta", "delta": "example", "output_index": 7}),
        ("future event outside", {"type": "future", "delta": "example"}),
        ("future item", {"type": "response.output_item.done", "output_index": 7, "item": future}),
        ("future part", {"type": "response.content_part.done", "output_index": 7, "content_index": 0, "part": future}),
        ("future content", {"type": "response.output_item.done", "output_index": 7, "item": {**message, "content": [future]}}),
        ("future annotation", {"type": "response.output_item.done", "output_index": 7, "item": {**message, "content": [text]}}),
        ("future reason", incomplete({"reason": "future"})),
        ("future error", failed({"code": "future", "message": "example"})),
    ]

    def piece(delta):
        return {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": delta}

    done = {**message, "content": [{"type": "output_text", "text": BEFORE + AFTER, "annotations": []}]}
    end = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [done]}}
    for label, event in cases:
        event = {**event, **({"output_index": 7} if "output_index" in event else {})}
        is_end = event["type"] in ("response.completed", "response.incomplete", "response.failed")
        yield label, stream([piece(BEFORE), *([piece(AFTER), event] if is_end else [event, piece(AFTER), end])])


# ------------------------------------------------------------------------------------------------- anthropic


def messages():
    def end(reason):
        delta = {"stop_reason": reason, "stop_sequence": None}
        return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}}

    cases = [case for case in variants(anthropic.types.RawMessageStreamEvent, 4)]
    future = {"type": "future", "text": "example"}
    citation = {"type": "citations_delta", "citation": {"type": "future", "cited_text": "example"}}
    cases += [
        ("future event", future),
        ("future block", {"type": "content_block_start", "index": 7, "content_block": future}),
        ("future delta", {"type": "content_block_delta", "index": 7, "delta": {**future, "type": "future_delta"}}),
        ("future citation", {"type": "content_block_delta", "index": 7, "delta": citation}),
        ("future stop reason", end("future")),
        ("ping", {"type": "ping"}),
        ("error", {"type": "error", "error": {"type": "overloaded_error", "message": "example"}}),
    ]
    message = {"id": "m", "model": "x", "role": "assistant", "content": []}
    start = {"type": "message_start", "message": {**message, "usage": {"input_tokens": 1, "output_tokens": 1}}}

    def block(index, text):
        return [
            {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}},
            {"type": "content_block_stop", "index": index},
        ]

    stop = {"type": "message_stop"}
    for label, event in cases:
        event = {**event, **({"index": 7} if "index" in event else {})}
        before, after = block(0, BEFORE), block(8, AFTER)
        is_end = event["type"] == "message_delta" and event["delta"].get("stop_reason")
        yield label, stream([start, *before, *([*after, event] if is_end else [event, *after, end("end_turn")]), stop])


# --------------------------------------------------------------------------------------------------- google


def generate_content():
    shape = google.genai.types.GenerateContentResponse
    # What the package adds to a reply: it is not on the wire.
    own = ("sdkHttpResponse", "automaticFunctionCallingHistory", "parsed")
    cases = [case for case in variants(shape, 5) if not any(f" {name}=" in case[0] for name in own)]

    def candidate(**members):
        return {"candidates": [{"index": 0, **members}]}

    cases += [
        ("future member", {"future": {"text": "example"}}),
        ("future part", candidate(content={"role": "model", "parts": [{"future": {"text": "example"}}]})),
        ("future finish reason", candidate(finishReason="FUTURE")),
        ("future block reason", {"promptFeedback": {"blockReason": "FUTURE"}}),
    ]

    def piece(text):
        return candidate(content={"role": "model", "parts": [{"text": text}]})

    for label, event in cases:
        is_end = re.search(r"(finish|block) ?[rR]eason\b", label) and not re.search("=null|_UNSPECIFIED", label)
        middle = [piece(AFTER), event] if is_end else [event, piece(AFTER), candidate(finishReason="STOP")]
        yield label, stream([piece(BEFORE), *middle])


# ----------------------------------------------------------------------------------------------------- chat


def chat_completions():
    cases = [case for case in variants(openai.types.chat.ChatCompletionChunk, 5)]

    def choice(**members):
        return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, **members}]}

    cases += [
        ("future member", {**choice(), "future": {"text": "example"}}),
        ("future delta", choice(delta={"future": {"text": "example"}})),
        ("future part", choice(delta={"content": [{"type": "future", "future": "example"}]})),
        ("future call", choice(delta={"tool_calls": [{"index": 0, "id": "x", "type": "future", "future": {"name": "example"}}]})),
        ("future finish reason", choice(finish_reason="future")),
    ]
    for label, event in cases:
        for one in event.get("choices", ()):
            one["index"] = 0
        is_end = re.search(r"finish.reason", label) and "=null" not in label
        before, after = choice(delta={"content": BEFORE}), choice(delta={"content": AFTER})
        # The required member of a choice is null until it ends.
        if not is_end:
            event = {**event, "choices": [{**one, "finish_reason": None} for one in event.get("choices", ())]}
        middle = [after, event] if is_end else [event, after, choice(finish_reason="stop")]
        yield label, stream([before, *middle]) + "data: [DONE]\n\n"


FORMATS = {"openai": responses, "anthropic": messages, "google": generate_content, "chat": chat_completions}


def outcome(result):
    """What the program made of a stream, with the names of PASSED_OVER."""
    answer = result.get("structuredContent") or {}
    said = (result.get("content") or [{"text": json.dumps(result)}])[0]["text"] if result.get("isError", "content" not in result) else ""
    said = "\n".join([said, *answer.get("warnings", ())])
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
    """Problems, as texts; `rows` are those of [[event]], of which the first that fits counts. Marks rows that were used."""
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
            row = next((row for row in rows if row["format"] == name and fits(label, row["event"])), None)
            if row:
                row["used"] = True
            expected = {**PASSED_OVER, **(row or {}).get("expect", {})}
            seen = outcome(result)
            if seen != expected:
                wrong = {key: seen[key] for key in seen if seen[key] != expected[key]}
                failed.append(f"{name}: {label}: got {wrong}, expected {({key: expected[key] for key in wrong})}")
    return count, failed


def fits(label, patterns):
    """Whether one of the patterns fits a label; only * has a meaning in them."""
    return any(fnmatch.fnmatchcase(label, pattern.replace("[", "[[]")) for pattern in patterns)
