//! Google's generateContent.

use serde_json::{Value, json};

use super::{
    Events, Format, INPUT_TOKENS, Refusal, Stream, is_filled, member_beside, no_key, parameter,
};
use crate::provider::{Ending, Request, Served, Use};

pub(super) const FORMAT: &dyn Format = &GenerateContent;

struct GenerateContent;

impl Format for GenerateContent {
    fn id(&self) -> &'static str {
        "google"
    }

    fn key(&self) -> &'static str {
        "mock-google-key-e90b137f"
    }

    fn model(&self) -> &'static str {
        "gemini-3.5-flash"
    }

    fn folder(&self) -> &'static str {
        "/google"
    }

    fn variables(&self) -> [&'static str; 2] {
        ["GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"]
    }

    fn list_path(&self) -> &'static str {
        "/v1beta/models"
    }

    fn is_chat_path(&self, path: &str) -> bool {
        path.starts_with("/v1beta/models/") && path.ends_with(":streamGenerateContent")
    }

    fn check_head(&self, request: &Request) -> Result<(), Refusal> {
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        if request.method == "POST" && query.split('&').all(|pair| pair != "alt=sse") {
            return Err((400, "this mock streams only with alt=sse".to_owned()));
        }
        match request.has("x-goog-api-key") {
            true => Ok(()),
            false => Err(no_key("x-goog-api-key")),
        }
    }

    fn problem(&self, body: &Value) -> Option<&'static str> {
        let has_turns = body["contents"].is_array() && is_filled(&body["contents"]);
        (!has_turns).then_some("contents is not specified")
    }

    fn model_of(&self, request: &Request) -> Option<String> {
        let (_, behind) = request.path.split_once("/v1beta/models/")?;
        behind.split([':', '?']).next().map(percent_decoded)
    }

    fn turns(&self) -> [&'static str; 2] {
        ["contents", "parts"]
    }

    fn unknown_member(&self, body: &Value) -> Option<String> {
        let inside = || member_beside(&body["generationConfig"], &CONFIG);
        member_beside(body, &MEMBERS).or_else(inside)
    }

    fn request(&self, model: &str, text: &str) -> (String, &'static str, Value) {
        (
            format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
            "x-goog-api-key: k-123\r\n",
            json!({"contents": [{"role": "user", "parts": [{"text": text}]}]}),
        )
    }

    fn answer(&self, deltas: &[String]) -> Stream {
        let chunk = |text: &str, finish: Option<&str>, output: Option<usize>| {
            let mut candidate =
                json!({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0});
            let mut usage =
                json!({"promptTokenCount": INPUT_TOKENS, "totalTokenCount": INPUT_TOKENS});
            if let Some(finish) = finish {
                candidate["finishReason"] = finish.into();
            }
            if let Some(output) = output {
                usage["candidatesTokenCount"] = output.into();
                usage["totalTokenCount"] = (INPUT_TOKENS + output).into();
            }
            json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "{{model}}",
                "responseId": "mock-response"})
        };
        let closing = chunk("", Some("STOP"), Some(deltas.len()));
        Stream {
            opening: Vec::new(),
            deltas: deltas
                .iter()
                .map(|delta| chunk(delta, None, None))
                .collect(),
            closing: vec![closing],
        }
    }

    fn told(&self, reasoning: &str, text: &str, ending: Ending) -> Vec<Value> {
        let parts = |part: Value| json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]});
        let mut events = Events::default();
        events.say(reasoning, |said| {
            parts(json!({"text": said, "thought": true}))
        });
        events.say(text, |said| parts(json!({"text": said})));
        let usage = json!({"promptTokenCount": INPUT_TOKENS, "thoughtsTokenCount": reasoning.len(),
            "totalTokenCount": 76});
        let reason = match ending {
            Ending::Length => "MAX_TOKENS",
            Ending::Refusal => "SAFETY",
            _ => "STOP",
        };
        events.0.push(match ending {
            Ending::Refusal if text.is_empty() => {
                json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage})
            }
            Ending::Unsaid => json!({"candidates": [{"index": 0}], "usageMetadata": usage}),
            _ => json!({"candidates": [{"index": 0, "finishReason": reason}], "usageMetadata": usage}),
        });
        events.0
    }

    fn text_place(&self) -> &'static str {
        "/candidates/0/content/parts/0/text"
    }

    fn whole(&self, text: &str) -> Value {
        json!({"candidates": [{"index": 0, "finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": text}]}}],
            "modelVersion": "{{model}}", "responseId": "mock-response",
            "usageMetadata": {"promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": 1,
                "totalTokenCount": INPUT_TOKENS + 1}})
    }

    /// Two pages: the token of the second is in the first.
    fn list(&self, query: &str) -> Result<Value, Refusal> {
        let model = |id: &str, method: &str| {
            json!({"name": format!("models/{id}"), "version": "001", "displayName": id, "description": "mock",
                "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
                "supportedGenerationMethods": [method, "countTokens"]})
        };
        match parameter(query, "pageToken") {
            None | Some("") => Ok(json!({
                "models": [model("gemini-3.5-flash", "generateContent"), model("gemini-2.5-pro", "generateContent")],
                "nextPageToken": "page-2",
            })),
            Some("page-2") => Ok(json!({
                "models": [model("gemini-2.5-flash", "generateContent"), model("gemini-embedding-001", "embedContent")],
            })),
            Some(_) => Err((400, "page token is not valid".to_owned())),
        }
    }

    fn list_of(&self, ids: &mut dyn Iterator<Item = String>) -> Value {
        let entry = |id| json!({"name": id, "supportedGenerationMethods": ["generateContent"]});
        json!({"models": ids.map(entry).collect::<Vec<_>>()})
    }

    fn served_list(&self, models: &[&Served]) -> Value {
        let entry = |model: &&Served| {
            let method = match model.usage {
                Use::Embeddings => "embedContent",
                _ => "generateContent",
            };
            json!({"name": format!("models/{}", model.id), "version": "001", "displayName": model.name,
                "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536, "supportedGenerationMethods": [method]})
        };
        json!({"models": models.iter().map(entry).collect::<Vec<_>>()})
    }

    fn no_model(&self, id: &str) -> String {
        format!(
            "models/{id} is not found for API version v1beta, or is not supported for generateContent. Call \
             ListModels to see the list of available models and their supported methods."
        )
    }

    fn error(&self, status: u16, message: &str) -> Value {
        let name = match status {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        };
        json!({"error": {"code": status, "message": message, "status": name}})
    }

    fn stream_error(&self, message: &str) -> Value {
        self.error(503, message)
    }

    fn quota(&self) -> (u16, Value) {
        let mut body = self.error(429, "Quota exceeded");
        body["error"]["details"] = json!([
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]);
        (429, body)
    }

    fn key_refused(&self) -> (u16, Value) {
        let mut body = self.error(400, "Incorrect API key provided: {{credential}}.");
        body["error"]["details"] = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]);
        (400, body)
    }

    fn refusal(&self, name: &str) -> Value {
        let said = format!(
            "Invalid JSON payload received. Unknown name \"{name}\" at 'generation_config': Cannot find field."
        );
        self.error(400, &said)
    }

    fn refusable(&self) -> [&'static str; 2] {
        ["max_tokens", "maxOutputTokens"]
    }

    fn transient(&self) -> [&'static str; 2] {
        ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]
    }

    fn lasting(&self) -> &'static str {
        "INVALID_ARGUMENT"
    }

    fn free(&self) -> Vec<String> {
        let words = json!({"error": {"code": 503, "message": "m"}});
        vec![format!(": alive\n\ndata: {words}\n\n")]
    }

    fn charged(&self) -> Vec<Value> {
        vec![
            json!({"usageMetadata": {"promptTokenCount": 9}}),
            json!({"candidates": [{"content": {"parts": [{"text": "Hm", "thought": true}]}}]}),
        ]
    }

    fn charged_alone(&self) -> Vec<Value> {
        vec![
            json!({"error": {"code": 503, "message": "m"}, "usageMetadata": {"promptTokenCount": 9}}),
        ]
    }

    fn weather(&self) -> (Vec<Value>, Option<usize>) {
        let event = json!({
            "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
                {"functionCall": {"id": "call_9", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "CiQB"}]}}],
            "modelVersion": "gemini-3.5-flash", "responseId": "r1",
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12}});
        (vec![event], None)
    }

    fn weather_sent_back(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("/contents/1/parts/0/thoughtSignature", json!("CiQB")),
            (
                "/contents/1/parts/0/functionCall/args",
                json!({"city": "Oslo"}),
            ),
            (
                "/contents/2/parts/0/functionResponse/name",
                json!("weather"),
            ),
            (
                "/contents/2/parts/0/functionResponse/response",
                json!({"result": "4 C"}),
            ),
            ("/tools/0/functionDeclarations/0/name", json!("weather")),
        ]
    }

    fn state_item(&self) -> Option<Value> {
        Some(json!({"text": "SECRET-STATE", "thoughtSignature": "SECRET-STATE"}))
    }

    fn media(&self) -> (Value, bool) {
        let content = json!([
            {"text": "What is this?"},
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a.jpg"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}}]);
        (content, true)
    }

    fn schema_place(&self) -> &'static str {
        "/generationConfig/responseJsonSchema/required"
    }
}

/// Members of a request, and of its `generationConfig` (<https://ai.google.dev/api/generate-content>).
const MEMBERS: [&str; 9] = [
    "cachedContent",
    "contents",
    "generationConfig",
    "model",
    "safetySettings",
    "serviceTier",
    "systemInstruction",
    "toolConfig",
    "tools",
];
const CONFIG: [&str; 20] = [
    "candidateCount",
    "enableEnhancedCivicAnswers",
    "frequencyPenalty",
    "imageConfig",
    "logprobs",
    "maxOutputTokens",
    "mediaResolution",
    "presencePenalty",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "seed",
    "speechConfig",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .and_then(|two| u8::from_str_radix(str::from_utf8(two).ok()?, 16).ok());
        match code {
            Some(code) if *first == b'%' => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
