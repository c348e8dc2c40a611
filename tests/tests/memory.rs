//! Memory of the process, whatever a client or a provider sends, while other calls go on.
//!
//! The numbers are promises for the static program, which `make memory` measures, as CI does. The input has shapes that
//! cost a reader much more than their bytes. Never here: one long answer (`tools/chat.rs`), or long lines
//! (`process/stdio.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)] // A test that cannot go on panics with the reason.

use std::collections::HashMap;
use std::time::Duration;

use anygpt_tests::outcome::chat;
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::{Server, binary};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

/// The most calls that use the network at once.
const CALLS: usize = 1024;

/// Most bytes the program may hold at any moment. The debug build is larger, and so are its futures.
fn most() -> usize {
    match std::env::var_os("ANYGPT_TEST_BINARY") {
        Some(_) => 36 << 20,
        None => 48 << 20,
    }
}

/// Both ends of the connections are in this process. The program raises its own limit.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, wanted).expect("the soft limit can be raised to the hard one");
}

#[test]
fn streams_of_1024_calls_at_once_take_less_than_36_mib() {
    let provider = Provider::start();
    let families = [
        Family::OpenAi,
        Family::Anthropic,
        Family::Google,
        Family::Compatible,
    ];
    for family in families {
        let deltas = ["This is ", "{{text}}", ", no other."];
        provider.always(
            family,
            Reply::deltas(family, deltas, Duration::ZERO).gate_after(1),
        );
    }
    let mut server = Server::builder()
        .envs(provider.every_env())
        .limit(Duration::from_secs(60))
        .spawn();
    raise_descriptors();

    for id in 0..CALLS {
        let family = families[id % families.len()];
        let model = format!("{}/{}", family.id(), family.model());
        let arguments = json!({"prompt": format!("answer {id}"), "model": model});
        let params = json!({"name": "anygpt_chat_completion", "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        server.send(&call.to_string());
    }
    server.until("all streams have begun and pause", || {
        provider.at_gate() == CALLS
    });
    // It answers in the middle of the load; by then it has read what was sent before.
    assert!(server.request("ping", json!(null))["result"].is_object());
    // Measured with the static program: 26.0 MiB, of which 1.5 MiB are the program.
    let (now, peak) = (server.status("VmRSS"), server.status("VmHWM"));
    println!(
        "{CALLS} streams: {} KiB, at most {} KiB",
        now >> 10,
        peak >> 10
    );
    assert!(peak < most(), "{} KiB", peak >> 10);

    provider.open_gate();
    let mut answers = HashMap::new();
    for _ in 0..CALLS {
        let answer = server.json();
        let id = answer["id"].as_u64().unwrap();
        let text = chat(&answer["result"])["text"].as_str().unwrap().to_owned();
        assert_eq!(answers.insert(id, text), None, "{id} is answered twice");
    }
    for id in 0..CALLS as u64 {
        assert_eq!(answers[&id], format!("This is answer {id}, no other."));
    }
    let peak = server.status("VmHWM");
    println!("and once all have ended: at most {} KiB", peak >> 10);
    assert!(peak < most(), "{} KiB", peak >> 10);
    server.close_stdin();
    server.end(0);
}

/// The target of a shape.
struct Attack {
    server: Server,
    provider: Provider,
    /// Ids of outstanding requests.
    owed: usize,
}

/// Whether memory is small: a client or an operator can set that with `ulimit -d`, as a container does.
#[derive(Clone, Copy, Debug)]
enum Memory {
    /// No limit: the budget is 256 MiB.
    Usual,
    /// 64 MiB: the budget is 32 MiB, and the process may take 56 MiB.
    Small,
}

impl Memory {
    /// Most bytes that the program may ever have held.
    fn most(self) -> usize {
        // The debug build is larger, and has another allocator.
        let more = match std::env::var_os("ANYGPT_TEST_BINARY") {
            Some(_) => 0,
            None => 32 << 20,
        };
        more + match self {
            Memory::Usual => (256 + 32) << 20,
            Memory::Small => 56 << 20,
        }
    }
}

const HEALTHY: Family = Family::Anthropic;

impl Attack {
    fn begin(memory: Memory) -> Self {
        let provider = Provider::start();
        provider.remember(1);
        let mut builder = Server::builder()
            .envs(provider.every_env())
            .env("ANYGPT_TOOLS", "all")
            .unjudged()
            .limit(Duration::from_secs(300));
        if let Memory::Small = memory {
            // The limit sets only the budget: unused stacks count against it, too.
            let script = r#"ulimit -S -d 65536; exec "$0""#;
            builder = builder.program("sh").args(["-c", script]).arg(binary());
        }
        Attack {
            server: builder.spawn(),
            provider,
            owed: 0,
        }
    }

    /// Sends a request with these parameters, verbatim.
    fn request(&mut self, method: &str, params: &str) {
        let id = self.owed;
        self.owed += 1;
        self.server.send(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        ));
    }

    /// Calls a tool with these members of arguments.
    fn call(&mut self, tool: &str, arguments: &str) {
        let params = format!(r#"{{"name":"anygpt_{tool}","arguments":{{{arguments}}}}}"#);
        self.request("tools/call", &params);
    }

    /// A chat with these members in addition to the prompt.
    fn chat(&mut self, family: Family, arguments: &str) {
        let model = format!("{}/{}", family.id(), family.model());
        let comma = if arguments.is_empty() { "" } else { "," };
        self.call(
            "chat_completion",
            &format!(r#""prompt":"hi","model":"{model}"{comma}{arguments}"#),
        );
    }

    /// A chat with these messages.
    fn messages(&mut self, family: Family, messages: &str) {
        let model = format!("{}/{}", family.id(), family.model());
        self.call(
            "chat_completion",
            &format!(r#""messages":{messages},"model":"{model}""#),
        );
    }

    /// Another call and a ping are answered, and then all other requests. Returns the answers.
    fn end(mut self, name: &str, memory: Memory) -> Vec<Value> {
        let provider = &self.provider;
        self.server
            .until("the shape has begun", || provider.unused(HEALTHY) == 0);
        let model = format!("{}/{}", HEALTHY.id(), HEALTHY.model());
        let arguments = json!({"prompt": "are you there", "model": model});
        let healthy = self.server.call_tool("anygpt_chat_completion", arguments);
        assert_eq!(healthy["isError"], Value::Null, "{name}: {healthy}");
        let ping = self.server.request("ping", Value::Null);
        assert!(ping["result"].is_object(), "{name}");
        let answers: Vec<Value> = (0..self.owed).map(|_| self.server.json()).collect();
        let peak = self.server.status("VmHWM");
        println!("{name}, {memory:?}: at most {} KiB", peak >> 10);
        assert!(
            peak < memory.most(),
            "{name}, {memory:?}: {} KiB",
            peak >> 10
        );
        self.server.close_stdin();
        self.server.wait();
        answers
    }
}

type Shape = (&'static str, fn(&mut Attack));

fn try_all(shapes: &[Shape]) {
    let only = std::env::var("SHAPE").unwrap_or_default();
    for (name, shape) in shapes.iter().filter(|(name, _)| name.contains(&only)) {
        for memory in [Memory::Usual, Memory::Small] {
            let mut attack = Attack::begin(memory);
            shape(&mut attack);
            attack.end(name, memory);
        }
    }
}

/// Small objects, the most expensive content of a tree.
fn objects(count: usize) -> String {
    format!("[{}0]", r#"{"":0},"#.repeat(count))
}

fn deep(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn text_of(json: &str) -> String {
    Value::from(json).to_string()
}

#[test]
fn no_input_of_a_client_takes_more_than_the_budget() {
    let shapes: &[Shape] = &[
        ("a tree that nobody asked for", |attack| {
            attack.chat(Family::Compatible, &format!(r#""zz":{}"#, objects(120_000)));
            attack.chat(
                Family::Compatible,
                &format!(r#""zz":{}"#, objects(2_000_000)),
            );
        }),
        ("nesting without end", |attack| {
            let deep = deep(3_000_000);
            attack.chat(Family::Compatible, &format!(r#""zz":{deep}"#));
            attack.chat(Family::Compatible, &format!(r#""tools":{deep}"#));
            attack.messages(Family::Compatible, &deep);
        }),
        ("names that nobody knows", |attack| {
            let names: String = (0..1_000_000).map(|n| format!(r#""{n}":0,"#)).collect();
            attack.chat(Family::Compatible, &format!(r#"{names}"a":0"#));
            attack.chat(
                Family::Compatible,
                &format!(r#""{}":0"#, "n".repeat(14 << 20)),
            );
            attack.chat(
                Family::Compatible,
                &format!(r#""{}":0"#, r"\n".repeat(5 << 20)),
            );
        }),
        ("short messages", |attack| {
            let one = r#"{"role":"user","content":""},"#;
            let many = format!("[{}{{}}]", one.repeat(500_000));
            attack.messages(Family::Compatible, &many);
            let some = format!("[{}{}]", one.repeat(9_000), one.trim_end_matches(','));
            for _ in 0..20 {
                attack.messages(Family::Compatible, &some);
            }
            attack.messages(Family::Compatible, &text_of(&many[..many.len() / 2]));
            attack.messages(Family::Compatible, &text_of(&some));
        }),
        ("parts of a message", |attack| {
            for part in [r#""""#, "{}", r#"{"type":"text","text":""}"#] {
                let parts = format!("{part},").repeat((14 << 20) / (part.len() + 1));
                let message = format!(r#"[{{"role":"user","content":[{parts}{part}]}}]"#);
                attack.messages(Family::Compatible, &message);
            }
        }),
        ("trees in a message", |attack| {
            let tree = objects(1_000_000);
            for member in ["zz", "content", "provider_state", "tool_calls"] {
                let message =
                    format!(r#"[{{"role":"assistant","content":"a","{member}":{tree}}}]"#);
                attack.messages(Family::Compatible, &message);
            }
            let part = format!(
                r#"[{{"role":"user","content":[{{"type":"text","text":"","a":{tree}}}]}}]"#
            );
            attack.messages(Family::Compatible, &part);
            let state = format!(r#"{{"provider":"openai","model":"","items":[{{"a":{tree}}}]}}"#);
            for state in [text_of(&state), state] {
                attack.messages(
                    Family::OpenAi,
                    &format!(r#"[{{"role":"assistant","provider_state":{state}}}]"#),
                );
            }
        }),
        ("trees in calls of tools and their results", |attack| {
            let tree = format!(r#"{{"a":{}}}"#, objects(700_000));
            for family in [Family::Google, Family::Anthropic, Family::Compatible] {
                let call = |given: &str| {
                    format!(
                        r#"[{{"role":"assistant","tool_calls":[{{"id":"1","name":"a","arguments":{given}}}]}}"#
                    )
                };
                attack.messages(family, &(call(&text_of(&tree)) + "]"));
                attack.messages(family, &(call(&tree) + "]"));
                let result = format!(
                    r#",{{"role":"tool","tool_call_id":"1","content":{}}}]"#,
                    text_of(&tree)
                );
                attack.messages(family, &(call("{}") + &result));
            }
        }),
        ("trees as tools and schemas", |attack| {
            let tree = objects(1_000_000);
            attack.chat(Family::Compatible, &format!(r#""tools":{tree}"#));
            attack.chat(
                Family::OpenAi,
                &format!(r#""tools":[{{"name":"a","parameters":{{"a":{tree}}}}}]"#),
            );
            attack.chat(
                Family::OpenAi,
                &format!(r#""response_format":{{"type":"json_schema","schema":{{"a":{tree}}}}}"#),
            );
            attack.chat(
                Family::OpenAi,
                &format!(
                    r#""response_format":{}"#,
                    text_of(&format!(r#"{{"a":{tree}}}"#))
                ),
            );
            attack.chat(
                Family::OpenAi,
                &format!(r#""stop":{tree},"fallbacks":{tree}"#),
            );
        }),
        ("escapes", |attack| {
            let text = r"\u0001".repeat((15 << 20) / 6);
            attack.messages(
                Family::Compatible,
                &format!(r#"[{{"role":"user","content":"{text}"}}]"#),
            );
            attack.call(
                "chat_completion",
                &format!(r#""prompt":"{text}","model":"mock/echo""#),
            );
            attack.call(
                "embed",
                &format!(r#""input":["{text}"],"model":"openai/text-embedding-3-small""#),
            );
        }),
        ("lists of texts", |attack| {
            let many = format!(r#"[{}"a"]"#, r#""a","#.repeat(3_000_000));
            attack.call(
                "embed",
                &format!(r#""input":{many},"model":"openai/text-embedding-3-small""#),
            );
            attack.call("compare", &format!(r#""prompt":"a","models":{many}"#));
            attack.chat(
                Family::Compatible,
                &format!(r#""fallbacks":{}"#, text_of(&many)),
            );
        }),
        ("what is no argument", |attack| {
            let tree = objects(1_000_000);
            attack.request(
                "tools/call",
                &format!(r#"{{"name":"anygpt_list_providers","_meta":{tree}}}"#),
            );
            attack.request(
                "prompts/get",
                &format!(r#"{{"name":"a","arguments":{{"a":{tree}}}}}"#),
            );
            attack.request(
                "completion/complete",
                &format!(r#"{{"ref":{{"type":"ref/prompt","name":"a"}},"argument":{{"name":"a","value":"a"}},"context":{{"arguments":{tree}}}}}"#),
            );
            attack.request(&"m".repeat(15 << 20), "{}");
            attack.request(&r"\n".repeat(7 << 20), "{}");
        }),
        ("a picture", |attack| {
            let data = "iVBORw0KGgo".to_owned() + &"A".repeat(15 << 20);
            let part =
                format!(r#"[{{"role":"user","content":[{{"type":"image","data":"{data}"}}]}}]"#);
            attack.messages(Family::Compatible, &part);
        }),
    ];
    try_all(shapes);
}

#[test]
fn batches_take_no_more_than_the_budget() {
    for memory in [Memory::Usual, Memory::Small] {
        let mut attack = Attack::begin(memory);
        attack.request(
            "initialize",
            r#"{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"a","version":"1"}}"#,
        );
        let many = format!("[{}0]", "0,".repeat(7 << 20));
        attack.server.send(&many);
        let answer =
            |id: usize| format!(r#"{{"jsonrpc":"2.0","id":"b{id}","method":"tools/list"}}"#);
        let batch: Vec<String> = (0..1_000).map(answer).collect();
        for _ in 0..20 {
            attack.server.send(&format!("[{}]", batch.join(",")));
        }
        let model = format!("{}/{}", HEALTHY.id(), HEALTHY.model());
        attack.call(
            "chat_completion",
            &format!(r#""prompt":"are you there","model":"{model}""#),
        );
        attack.request("ping", "{}");
        // The two before the batches, those of the batches, and the two after them, in any order.
        let lines: Vec<String> = (0..24).map(|_| attack.server.line()).collect();
        let batches = lines.iter().filter(|line| line.starts_with('['));
        assert_eq!(batches.count(), 20);
        assert!(lines.iter().any(|line| line.contains("are you there")));
        let peak = attack.server.status("VmHWM");
        println!("batches, {memory:?}: at most {} KiB", peak >> 10);
        assert!(peak < memory.most(), "{memory:?}: {} KiB", peak >> 10);
        attack.server.close_stdin();
        attack.server.wait();
    }
}

#[test]
fn what_is_written_before_anything_is_read_takes_no_more_than_the_budget() {
    for memory in [Memory::Usual, Memory::Small] {
        let mut attack = Attack::begin(memory);
        attack.server.pause_stdout();
        for _ in 0..10_000 {
            attack.request("ping", "{}");
        }
        for _ in 0..2_000 {
            attack.request("tools/list", "{}");
        }
        attack.server.resume_stdout();
        attack.end("nothing is read", memory);
    }
}

#[test]
fn calls_that_wait_for_a_silent_provider_are_counted() {
    for memory in [Memory::Usual, Memory::Small] {
        let mut attack = Attack::begin(memory);
        attack.provider.always(Family::Compatible, Reply::hang());
        let text = "a".repeat(1 << 20);
        for _ in 0..200 {
            attack.messages(
                Family::Compatible,
                &format!(r#"[{{"role":"user","content":"{text}"}}]"#),
            );
        }
        // All of them have been read by now.
        assert!(attack.server.request("ping", Value::Null)["result"].is_object());
        for id in 0..200 {
            attack.server.send(&format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
            ));
        }
        attack.owed = 0;
        attack.end("silence", memory);
    }
}

#[test]
fn no_reply_of_a_provider_takes_more_than_the_budget() {
    let shapes: &[Shape] = &[
        ("lists of models", |attack| {
            for family in Family::ALL {
                let one = family.format().list_of(&mut ["a".to_owned()].into_iter());
                let one = one.to_string();
                let (start, rest) = one.split_once('[').unwrap();
                let (member, _) = rest.rsplit_once(']').unwrap();
                let members = format!("{member},");
                for count in [300_000, 3_000_000] {
                    let body = format!("{start}[{}{{}}]}}", members.repeat(count));
                    attack
                        .provider
                        .script_models(family, [Reply::body(200, "application/json", body)]);
                    let id = family.id();
                    attack.call("list_models", &format!(r#""provider":"{id}""#));
                }
            }
        }),
        ("choices", |attack| {
            for family in [Family::Compatible, Family::Google, Family::OpenAi] {
                let name = match family {
                    Family::Compatible => "choices",
                    Family::Google => "candidates",
                    _ => "output",
                };
                let body = format!(
                    r#"{{"status":"completed","{name}":[{}{{}}]}}"#,
                    r#"{},"#.repeat(10 << 20)
                );
                let stream = format!("data: {}\n\n", &body[..body.len().min(15 << 20)]);
                attack.provider.script(
                    family,
                    [
                        Reply::body(200, "application/json", body),
                        Reply::raw_stream(stream),
                    ],
                );
                attack.chat(family, "");
                attack.chat(family, "");
            }
        }),
        ("parts of an answer", |attack| {
            for (family, before, behind) in [
                (
                    Family::Compatible,
                    r#"{"choices":[{"delta":{"content":["#,
                    "]}}]}",
                ),
                (
                    Family::Compatible,
                    r#"{"choices":[{"delta":{"tool_calls":["#,
                    "]}}]}",
                ),
                (
                    Family::Google,
                    r#"{"candidates":[{"content":{"parts":["#,
                    "]}}]}",
                ),
                (Family::Anthropic, r#"{"type":"message","content":["#, "]}"),
                (
                    Family::OpenAi,
                    r#"{"status":"completed","output":[{"type":"message","content":["#,
                    "]}]}",
                ),
            ] {
                let body = format!("{before}{}{{}}{behind}", "{},".repeat(5 << 20));
                attack
                    .provider
                    .script(family, [Reply::body(200, "application/json", body)]);
                attack.chat(family, r#""tools":[{"name":"a"}]"#);
            }
        }),
        ("trees beside an answer", |attack| {
            let tree = objects(2_000_000);
            for (family, before, behind) in [
                (Family::Compatible, r#"{"choices":[],"usage":"#, "}"),
                (Family::Compatible, r#"{"choices":[],"citations":"#, "}"),
                (
                    Family::Compatible,
                    r#"{"choices":[{"delta":{"reasoning_details":"#,
                    "}}]}",
                ),
                (Family::Compatible, r#"{"error":"#, "}"),
                (Family::Google, r#"{"usageMetadata":"#, "}"),
                (
                    Family::Google,
                    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"a","args":{"a":"#,
                    "}}}]}}]}",
                ),
                (Family::Google, r#"{"error":"#, "}"),
                (
                    Family::OpenAi,
                    r#"{"type":"response.output_item.done","item":{"type":"reasoning","a":"#,
                    "}}",
                ),
                (Family::OpenAi, r#"{"type":"error","error":"#, "}"),
            ] {
                for tree in [&tree, &objects(9_000)] {
                    let stream = format!("data: {before}{tree}{behind}\n\n");
                    attack
                        .provider
                        .script(family, [Reply::raw_stream(stream.clone()).again_after(1)]);
                    attack.chat(family, r#""timeout_seconds":2,"tools":[{"name":"a"}]"#);
                    attack.provider.script(family, [Reply::raw_stream(stream)]);
                    attack.chat(family, "");
                }
            }
        }),
        ("calls of tools", |attack| {
            let given = format!(r#"{{"a":{}}}"#, objects(4_000));
            let call = |n: usize| {
                let given = text_of(&given);
                format!(
                    r#"{{"index":{n},"id":"{n}","function":{{"name":"a","arguments":{given}}}}}"#
                )
            };
            for most in [120, 200] {
                let calls: Vec<String> = (0..most).map(call).collect();
                let calls = calls.join(",");
                let stream = format!(
                    "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{calls}]}}}}]}}\n\ndata: [DONE]\n\n"
                );
                attack
                    .provider
                    .script(Family::Compatible, [Reply::raw_stream(stream)]);
                attack.chat(Family::Compatible, r#""tools":[{"name":"a"}]"#);
            }
            let blocks: String = (0..120)
                .map(|n| format!(r#"{{"type":"tool_use","id":"{n}","name":"a","input":{given}}},"#))
                .collect();
            let body = format!(r#"{{"type":"message","content":[{blocks}{{}}]}}"#);
            attack.provider.script(
                Family::Anthropic,
                [Reply::body(200, "application/json", body)],
            );
            attack.chat(Family::Anthropic, r#""tools":[{"name":"a"}]"#);
        }),
        ("arguments that come in pieces", |attack| {
            // Of a size that can be kept as provider state, and of one that cannot.
            for (objects, pieces) in [(objects(4_000), 2), (objects(500_000), 8)] {
                let event = |member: &str| format!("data: {{\"index\":0,{member}}}\n\n");
                let mut stream = event(
                    r#""type":"content_block_start","content_block":{"type":"tool_use","id":"1","name":"a"}"#,
                );
                let end = format!(r#"{objects},"a":{objects}}}"#);
                for (number, piece) in [r#"{"b":"#, &*end]
                    .into_iter()
                    .cycle()
                    .take(pieces)
                    .enumerate()
                {
                    // From the second pair on it is not JSON any more.
                    let json = text_of(piece);
                    stream += &event(&format!(
                        r#""type":"content_block_delta","number":{number},"delta":{{"type":"input_json_delta","partial_json":{json}}}"#
                    ));
                }
                stream += &event(r#""type":"message_stop""#);
                let reply = Reply::raw_stream(stream);
                attack.provider.script(Family::Anthropic, [reply]);
                attack.chat(Family::Anthropic, r#""tools":[{"name":"a"}]"#);
            }
        }),
        ("blocks without end", |attack| {
            let blocks = (0..200_000).map(|index| {
                format!(
                    "data: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"thinking_delta\",\"thinking\":\"a\"}}}}\n\n"
                )
            });
            let stream = blocks.collect::<String>() + "data: {\"type\":\"message_stop\"}\n\n";
            for _ in 0..3 {
                let reply = Reply::raw_stream(stream.clone());
                attack.provider.script(Family::Anthropic, [reply]);
                attack.chat(Family::Anthropic, r#""tools":[{"name":"a"}]"#);
            }
        }),
        ("long answers at the same time", |attack| {
            let text = r#"\""#.repeat(2 << 20);
            let event =
                format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
            for _ in 0..20 {
                let stream = event.repeat(2) + "data: [DONE]\n\n";
                attack
                    .provider
                    .script(Family::Compatible, [Reply::raw_stream(stream)]);
                attack.chat(Family::Compatible, "");
            }
        }),
        ("words that are long", |attack| {
            let long = "a".repeat(15 << 20);
            for name in ["model", "id", "object"] {
                let stream = format!("data: {{\"{name}\":\"{long}\",\"choices\":[]}}\n\n");
                attack
                    .provider
                    .script(Family::Compatible, [Reply::raw_stream(stream)]);
                attack.chat(Family::Compatible, "");
            }
        }),
        ("an answer that grows when it is written", |attack| {
            let text = r"\u0001".repeat(2 << 20);
            let event =
                format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
            for count in [1, 4] {
                let stream = event.repeat(count) + "data: [DONE]\n\n";
                attack
                    .provider
                    .script(Family::Compatible, [Reply::raw_stream(stream)]);
                attack.chat(Family::Compatible, "");
            }
        }),
        ("an answer that is no text", |attack| {
            let body = vec![0xff; 20 << 20];
            attack.provider.script(
                Family::Compatible,
                [Reply::body(200, "application/json", body)],
            );
            attack.chat(Family::Compatible, "");
        }),
        ("an answer that is to be JSON", |attack| {
            for count in [10_000, 140_000] {
                let text = objects(count);
                attack.provider.script(
                    Family::Compatible,
                    [Reply::text(
                        Family::Compatible,
                        &format!(r#"{{"a":{text}}}"#),
                    )],
                );
                attack.chat(Family::Compatible, r#""response_format":"json""#);
            }
        }),
        ("vectors", |attack| {
            for count in [2_000_000, 20_000_000] {
                let body = format!(r#"{{"data":[{{"embedding":[{}0]}}]}}"#, "0,".repeat(count));
                attack
                    .provider
                    .script(Family::OpenAi, [Reply::body(200, "application/json", body)]);
                attack.call(
                    "embed",
                    r#""input":"a","model":"openai/text-embedding-3-small""#,
                );
            }
            let body = format!(
                r#"{{"data":[{}{{}}]}}"#,
                r#"{"embedding":[]},"#.repeat(1 << 20)
            );
            attack
                .provider
                .script(Family::OpenAi, [Reply::body(200, "application/json", body)]);
            attack.call(
                "embed",
                r#""input":"a","model":"openai/text-embedding-3-small""#,
            );
        }),
        ("pictures", |attack| {
            let one = r#"{"b64_json":"/9j/"},"#;
            let body = format!(r#"{{"data":[{}{{}}]}}"#, one.repeat(1 << 20));
            attack
                .provider
                .script(Family::OpenAi, [Reply::body(200, "application/json", body)]);
            attack.call(
                "generate_image",
                r#""prompt":"a","model":"openai/gpt-image-1""#,
            );
        }),
        ("errors", |attack| {
            for count in [8_000, 2_000_000] {
                let body = format!(r#"{{"error":{}}}"#, objects(count));
                attack
                    .provider
                    .script(Family::OpenAi, [Reply::body(400, "application/json", body)]);
                attack.chat(Family::OpenAi, "");
            }
        }),
        ("headers", |attack| {
            for _ in 0..50 {
                let mut reply = Reply::text(Family::Compatible, "hi");
                for n in 0..60 {
                    reply = reply.header(&format!("x-{n}"), &"a".repeat(5_000));
                }
                attack.provider.script(Family::Compatible, [reply]);
                attack.chat(Family::Compatible, "");
            }
        }),
        ("streams without end", |attack| {
            for family in Family::ALL {
                let stream = format!("data: {{\"zz\":{}}}\n\n", objects(100));
                attack
                    .provider
                    .always(family, Reply::raw_stream(stream).again_after(1));
            }
            for _ in 0..10 {
                for family in [Family::OpenAi, Family::Google, Family::Compatible] {
                    attack.chat(family, r#""timeout_seconds":2"#);
                }
            }
            attack
                .provider
                .always(HEALTHY, Reply::text(HEALTHY, "I am"));
        }),
    ];
    try_all(shapes);
}
