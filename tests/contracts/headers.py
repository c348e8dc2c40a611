"""The heads of requests: what the program sends, next to what the official client sends for the
same call.

Never here: bodies, which differences have a reason.
"""

import json
import re

import anthropic
import google.genai
import openai

PROMPT = "hi"

# The call of the program, and the same of the official client. Only requests are compared.
CALLS = {
    "responses": ("openai", "anygpt_chat_completion", {"prompt": PROMPT}),
    "chat": ("chat", "anygpt_chat_completion", {"prompt": PROMPT}),
    "messages": ("anthropic", "anygpt_chat_completion", {"prompt": PROMPT}),
    "generateContent": ("google", "anygpt_chat_completion", {"prompt": PROMPT}),
    "input tokens": ("openai", "anygpt_count_tokens", {"text": PROMPT}),
    "count_tokens": ("anthropic", "anygpt_count_tokens", {"text": PROMPT}),
    "countTokens": ("google", "anygpt_count_tokens", {"text": PROMPT}),
    "embeddings": ("openai", "anygpt_embed", {"input": [PROMPT]}),
    "batchEmbedContents": ("google", "anygpt_embed", {"input": [PROMPT]}),
    "images": ("openai", "anygpt_generate_image", {"prompt": PROMPT}),
}
MODEL = "contract"


def official(url):
    """The same calls of the official clients."""
    openai_client = openai.OpenAI(
        base_url=url + "/openai/v1", api_key="sk-contracts-openai", max_retries=0
    )
    chat_client = openai_client.with_options(base_url=url + "/chat/v1", api_key="sk-contracts-chat")
    anthropic_client = anthropic.Anthropic(
        base_url=url + "/anthropic", api_key="sk-ant-contracts", max_retries=0
    )
    google_client = google.genai.Client(
        api_key="AIzaContracts", vertexai=False, http_options={"base_url": url + "/google"}
    )
    turns = [{"role": "user", "content": PROMPT}]
    responses, chat = openai_client.responses, chat_client.chat.completions
    messages, gemini = anthropic_client.messages, google_client.models

    def to(call, **arguments):
        return lambda: call(model=MODEL, **arguments)

    return {
        "responses": to(responses.create, input=PROMPT, stream=True),
        "chat": to(chat.create, messages=turns, stream=True),
        "messages": to(messages.create, messages=turns, max_tokens=9, stream=True),
        # As long as this refers to the client, it is not closed.
        "generateContent": lambda: list(
            google_client.models.generate_content_stream(model=MODEL, contents=PROMPT)
        ),
        "input tokens": to(responses.input_tokens.count, input=PROMPT),
        "count_tokens": to(messages.count_tokens, messages=turns),
        "countTokens": to(gemini.count_tokens, contents=PROMPT),
        "embeddings": to(openai_client.embeddings.create, input=[PROMPT]),
        "batchEmbedContents": to(gemini.embed_content, contents=[PROMPT]),
        "images": to(openai_client.images.generate, prompt=PROMPT),
    }


def recorded(loopback, call):
    """The first POST that a call sends: method and path, and headers, as (name, value)."""
    begin = len(loopback.seen)
    try:
        call()
    except (
        openai.OpenAIError,
        anthropic.AnthropicError,
        google.genai.errors.APIError,
        json.JSONDecodeError,
        ValueError,
    ):
        pass  # The reply is none.
    method, path, headers = next(one for one in loopback.seen[begin:] if one[0] == "POST")
    return {"(request)": f"{method} {path}", **dict(headers)}


# Values that two programs cannot share, as what must be the same of them.
FORMS = {
    "user-agent": r"[\w./-]+[/ ]\d[\w.]*.*",
    "host": r"127\.0\.0\.1:\d+",
    "content-length": r"\d+",
}


def compared(name, value):
    form = FORMS.get(name)
    return form if form and value and re.fullmatch(form, value) else value


def judge(program, loopback, rows):
    """Problems, as texts; a difference in a row of [[header]] is none. Marks used rows."""
    failed = []
    clients = official(loopback.url)
    for name, (provider, tool, arguments) in CALLS.items():
        arguments = {**arguments, "model": f"{provider}/{MODEL}"}
        ours = recorded(loopback, lambda: program.call_all(tool, [arguments]))
        theirs = recorded(loopback, clients[name])
        for header in sorted(ours.keys() | theirs.keys()):
            one, other = compared(header, ours.get(header)), compared(header, theirs.get(header))
            row = next((row for row in rows if fits(row, name, header, one, other)), None)
            if one != other and not row:
                failed.append(f"{name}: {header}: {one!r}, the official client sends {other!r}")
            elif one != other:
                row["used"] = True
    return failed


def fits(row, call, header, ours, theirs):
    """Whether a row has a difference: its call, its header, and where it gives them the values."""
    return (
        call in row.get("calls", [call])
        and re.fullmatch(row["header"], header)
        and re.fullmatch(row.get("ours", ""), ours or "")
        and re.fullmatch(row.get("theirs", ""), theirs or "")
    )
