"""The bodies that the end-to-end tests sent to the mock provider, against the types of requests of
the official packages.

Never here: how a value is compared with a type, which differences have a reason.
"""

import fnmatch
import inspect
import json
import re

import google.genai.models
import google.genai.types as gemini
import groq.types.chat.completion_create_params as groq_chat
import mistralai.client.models as mistral
from anthropic.types import message_count_tokens_params, message_create_params
from openai.types import embedding_create_params, image_generate_params
from openai.types.chat import completion_create_params
from openai.types.responses import input_token_count_params, response_create_params
from typing_extensions import Required, TypedDict

from shapes import problems


class GenerationConfig(gemini.GenerationConfig):
    """The type of the package lacks a member that its functions write there."""

    image_config: gemini.ImageConfig | None = None


# The package has no type for the bodies of Gemini, but one for each of their members, and functions
# that put them there.
GenerateContent = TypedDict(
    "GenerateContent",
    {
        "contents": Required[list[gemini.Content]],
        "systemInstruction": gemini.Content,
        "tools": list[gemini.Tool],
        "toolConfig": gemini.ToolConfig,
        "safetySettings": list[gemini.SafetySetting],
        "cachedContent": str,
        "continuationToken": str,
        "labels": dict[str, str],
        "serviceTier": gemini.ServiceTier,
        "store": bool,
        "generationConfig": GenerationConfig,
    },
    total=False,
)
CountTokens = TypedDict("CountTokens", {"contents": list[gemini.Content]}, total=False)
EmbedContent = TypedDict(
    "EmbedContent",
    {
        "model": Required[str],
        "content": Required[gemini.Content],
        "taskType": str,
        "title": str,
        "outputDimensionality": int,
    },
    total=False,
)
EmbedContents = TypedDict("EmbedContents", {"requests": Required[list[EmbedContent]]}, total=False)

# The end of a path, and the type of its bodies. The first that fits counts. Tests give services
# with a package of their own an address that ends with their id.
SHAPES = [
    (r"/responses$", response_create_params.ResponseCreateParams),
    (r"/responses/input_tokens$", input_token_count_params.InputTokenCountParams),
    (r"/mistral/chat/completions$", mistral.ChatCompletionStreamRequest),
    (r"/groq/chat/completions$", groq_chat.CompletionCreateParams),
    (r"/chat/completions$", completion_create_params.CompletionCreateParams),
    (r"/embeddings$", embedding_create_params.EmbeddingCreateParams),
    (r"/images/generations$", image_generate_params.ImageGenerateParams),
    (r"/messages$", message_create_params.MessageCreateParams),
    (r"/messages/count_tokens$", message_count_tokens_params.MessageCountTokensParams),
    (r":(streamG|g)enerateContent$", GenerateContent),
    (r":countTokens$", CountTokens),
    (r":batchEmbedContents$", EmbedContents),
]


def check_gemini():
    """Whether GenerateContent has the members that the package's own functions write."""
    source = inspect.getsource(google.genai.models._GenerateContentConfig_to_mldev)
    written = {"contents", "generationConfig", *re.findall(r"parent_object,\s*\['(\w+)", source)}
    if written == set(GenerateContent.__annotations__):
        return []
    return [f"google: GenerateContent in bodies.py should have the members {sorted(written)}"]


def check_judge():
    """Whether each type refuses a member that it cannot have."""
    unknown = ("future", "unknown member")
    lax = [shape for _, shape in SHAPES if unknown not in problems({"future": 1}, shape)]
    return [f"{shape} takes any member" for shape in lax]


def judge(folder, rows):
    """The number of bodies, and problems as texts; one is none if a row of [[body]] has it. Marks
    rows that were used."""
    tests = {}
    count = 0
    for file in sorted(folder.glob("*.json")):
        kept = json.loads(file.read_text())
        # What tests of the mock provider itself send is no request of the program.
        agent = dict(kept["headers"]).get("user-agent", "")
        if kept["method"] != "POST" or not agent.startswith("anygpt-mcp/"):
            continue
        count += 1
        for place, problem in of_request(kept):
            row = next((row for row in rows if fits(row, kept, place)), None)
            if row:
                row["used"] = True
            else:
                failed = f"{kept['path']}: {place}: {problem}"
                tests.setdefault(failed, set()).add(kept["test"])
    failed = [f"{what} ({', '.join(sorted(names)[:3])})" for what, names in tests.items()]
    return count, failed + check_gemini() + check_judge()


def of_request(kept):
    if kept["body"] is None:
        return [("(body)", f"not kept, it has {kept['length']} bytes")]
    shape = next((shape for path, shape in SHAPES if re.search(path, kept["path"])), None)
    if shape is None:
        return [("(path)", "no official call is known for it")]
    return problems(kept["body"], shape)


def fits(row, kept, place):
    """Whether a row excuses this place of this request: each of its lists has a pattern that
    fits."""
    given = {"paths": kept["path"], "places": place, "tests": kept["test"]}
    return all(matches(value, row.get(name, ["*"])) for name, value in given.items())


def matches(text, patterns):
    """Whether one of the patterns fits a text; only * has a meaning in them."""
    return any(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)
