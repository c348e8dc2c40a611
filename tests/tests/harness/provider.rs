//! The mock provider, tested with a client of a few lines that sees every byte.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anygpt_tests::outcome::{self, error};
use anygpt_tests::provider::{FAULTS, Family, Outcome, Provider, Reply, SHAPES};
use anygpt_tests::server::Server;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

/// Sends a request and returns the open connection.
fn open(provider: &Provider, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", provider.port())).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {headers}content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    stream
}

/// Sends a request and returns everything up to the end of the connection, chunk sizes included.
fn send(provider: &Provider, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut bytes = Vec::new();
    _ = open(provider, method, path, headers, body).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A valid chat request of a family: path, headers, body.
fn chat(family: Family, model: &str, text: &str) -> (String, &'static str, String) {
    let format = family.format();
    let (path, headers, body) = format.request(model, text);
    let path = format!("{}{path}", format.folder());
    (path, headers, body.to_string())
}

fn ask(provider: &Provider, family: Family, model: &str, text: &str) -> String {
    let (path, headers, body) = chat(family, model, text);
    send(provider, "POST", &path, headers, &body)
}

fn start(provider: &Provider, family: Family, model: &str) -> TcpStream {
    let (path, headers, body) = chat(family, model, "hello");
    open(provider, "POST", &path, headers, &body)
}

/// The text of a streamed answer, joined from its deltas.
fn text_of(answer: &str) -> String {
    answer
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|event| {
            let mut places = Family::ALL
                .iter()
                .map(|family| family.format().text_place());
            let text = places.find_map(|place| event.pointer(place)?.as_str());
            text.map(str::to_owned)
        })
        .collect()
}

#[test]
fn every_family_echoes_in_several_deltas_and_names_the_model() {
    let provider = Provider::start();
    for family in Family::ALL {
        let answer = ask(
            &provider,
            family,
            "some-model",
            "six words \"quoted\" grüße in here",
        );
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(
            text_of(&answer),
            "echo: six words \"quoted\" grüße in here",
            "{answer}"
        );
        let named = answer.contains("\"some-model\"");
        assert_eq!(named, family.format().names_model(), "{answer}");
        assert!(answer.contains("request-id: req_mock_"), "{answer}");
        assert!(answer.ends_with("0\r\n\r\n"), "a proper end");
    }
    let requests = provider.wait_requests(Family::ALL.len(), LIMIT);
    assert_eq!(
        requests
            .iter()
            .filter_map(|request| request.family())
            .collect::<Vec<_>>(),
        Family::ALL
    );
    assert!(
        requests
            .iter()
            .all(|request| request.credential() == "k-123")
    );
    assert_eq!(
        requests[0].json()["input"],
        "six words \"quoted\" grüße in here"
    );
    provider.wait_no_connections(LIMIT);
    assert!(
        provider
            .requests()
            .iter()
            .all(|request| request.outcome == Outcome::Finished)
    );
}

#[test]
fn bad_requests_are_refused_in_the_family_s_shape() {
    let provider = Provider::start();
    for family in Family::NATIVE {
        let (path, headers, _) = chat(family, "m", "x");
        assert!(send(&provider, "POST", &path, "", "{}").starts_with("HTTP/1.1 401"));
        assert!(send(&provider, "POST", &path, headers, "{}").starts_with("HTTP/1.1 400"));
        assert!(send(&provider, "POST", &path, headers, "{").contains("could not parse"));
    }
    assert!(send(&provider, "GET", "/elsewhere", "", "").starts_with("HTTP/1.1 404"));
}

#[test]
fn models_come_in_pages() {
    let provider = Provider::start();
    let get = |path: &str, headers: &str| -> Value {
        let answer = send(&provider, "GET", path, headers, "");
        assert!(answer.contains("content-length: "), "{answer}");
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    };
    assert_eq!(
        get("/openai/v1/models", "authorization: Bearer k\r\n")["data"][0]["id"],
        "gpt-4.1"
    );

    let headers = "x-api-key: k\r\nanthropic-version: 2023-06-01\r\n";
    let first = get("/anthropic/v1/models?limit=1000", headers);
    assert_eq!(first["has_more"], true);
    let second = get(
        &format!(
            "/anthropic/v1/models?after_id={}",
            first["last_id"].as_str().unwrap()
        ),
        headers,
    );
    assert_eq!(
        (&second["has_more"], &second["data"][1]["id"]),
        (&json!(false), &json!("claude-haiku-4-5"))
    );

    let headers = "x-goog-api-key: k\r\n";
    let first = get("/google/v1beta/models", headers);
    let second = get(
        &format!(
            "/google/v1beta/models?pageToken={}",
            first["nextPageToken"].as_str().unwrap()
        ),
        headers,
    );
    assert_eq!(second["models"][0]["name"], "models/gemini-2.5-flash");
    assert!(second.get("nextPageToken").is_none());
}

#[test]
fn scripts_are_used_in_order_then_the_echo_returns() {
    let provider = Provider::start();
    provider.script(
        Family::OpenAi,
        [
            Reply::error(Family::OpenAi, 429, "slow down").header("retry-after-ms", "20"),
            Reply::text(Family::OpenAi, "scripted"),
        ],
    );
    provider.script_models(Family::OpenAi, [Reply::html(502, "<p>no</p>")]);
    assert_eq!(provider.unused(Family::OpenAi), 3);
    let first = ask(&provider, Family::OpenAi, "m", "x");
    assert!(
        first.contains("retry-after-ms: 20") && first.contains("rate_limit_exceeded"),
        "{first}"
    );
    assert_eq!(
        text_of(&ask(&provider, Family::Anthropic, "m", "x")),
        "echo: x"
    );
    assert_eq!(
        text_of(&ask(&provider, Family::OpenAi, "m", "x")),
        "scripted"
    );
    assert_eq!(
        text_of(&ask(&provider, Family::OpenAi, "m", "x")),
        "echo: x"
    );
    assert!(send(&provider, "GET", "/openai/v1/models", "", "").contains("<p>no</p>"));
    assert_eq!(provider.unused(Family::OpenAi), 0);
}

#[test]
fn streams_end_badly_on_command() {
    let provider = Provider::start();
    for family in Family::ALL {
        let whole = || Reply::deltas(family, ["a", "b", "c"], Duration::ZERO);
        provider.script(
            family,
            [
                whole().cut_after(2),
                whole().end_after(2),
                Reply::stream_error(family, ["a", "b"], "boom"),
                Reply::cut(),
            ],
        );
        let cut = ask(&provider, family, "m", "x");
        assert_eq!(text_of(&cut), "ab", "{cut}");
        assert!(!cut.ends_with("0\r\n\r\n"), "cut, not ended: {cut}");
        let ended = ask(&provider, family, "m", "x");
        assert_eq!(text_of(&ended), "ab");
        assert!(ended.ends_with("0\r\n\r\n"), "{ended}");
        let failed = ask(&provider, family, "m", "x");
        assert!(
            text_of(&failed) == "ab" && failed.contains("boom"),
            "{failed}"
        );
        assert_eq!(ask(&provider, family, "m", "x"), "");
    }
    assert!(
        provider
            .requests()
            .iter()
            .all(|request| request.outcome == Outcome::Finished)
    );
}

#[test]
fn delays_are_kept() {
    let provider = Provider::start();
    let reply = Reply::deltas(Family::Google, ["a", "b"], Duration::from_millis(50))
        .delay(Duration::from_millis(100));
    provider.script(Family::Google, [reply]);
    let begun = Instant::now();
    assert_eq!(text_of(&ask(&provider, Family::Google, "m", "x")), "ab");
    assert!(begun.elapsed() >= Duration::from_millis(250));
    let begun = Instant::now();
    ask(&provider, Family::Google, "slow-30", "three more words");
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let provider = Provider::start();
    for reply in [
        Reply::hang(),
        Reply::deltas(Family::OpenAi, ["a", "b"], Duration::ZERO).hang_after(1),
    ] {
        provider.script(Family::OpenAi, [reply]);
        let before = provider.requests().len();
        let connection = start(&provider, Family::OpenAi, "m");
        provider.wait_requests(before + 1, LIMIT);
        assert_eq!(provider.requests()[before].outcome, Outcome::Open);
        assert_eq!(provider.open_connections(), 1);
        drop(connection);
        provider.wait_dropped(LIMIT);
        provider.wait_no_connections(LIMIT);
        assert_eq!(provider.requests()[before].outcome, Outcome::Dropped);
    }
}

#[test]
fn credentials_can_be_sent_back() {
    let provider = Provider::start();
    for family in Family::ALL {
        assert!(ask(&provider, family, "fault-key-error", "x").contains("provided: k-123."));
        assert_eq!(
            text_of(&ask(&provider, family, "fault-key-text", "x")),
            "Your key is k-123 as you know."
        );
    }
}

#[test]
fn models_named_after_faults_misbehave() {
    let provider = Provider::start();
    for family in Family::ALL {
        let ask = |model: &str| ask(&provider, family, model, "x");
        assert!(ask("fault-503").starts_with("HTTP/1.1 503"));
        assert!(ask("fault-429").contains(if family == Family::Google {
            "\"1s\""
        } else {
            "retry-after: 1"
        }));
        assert!(ask("fault-once-500").starts_with("HTTP/1.1 500"));
        assert_eq!(text_of(&ask("fault-once-500")), "echo: x");
        assert!(ask("fault-nonsense").starts_with("HTTP/1.1 404"));
        assert_eq!(ask("fault-cut"), "");
        assert!(ask("fault-stream-error").contains("mock failure inside the stream"));
        assert_eq!(text_of(&ask("fault-end")), "one two ");
        assert_eq!(text_of(&ask("fault-empty")), "");
        let blank = ask("fault-blank");
        assert!(
            blank.starts_with("HTTP/1.1 500") && blank.contains("content-length: 0"),
            "{blank}"
        );
        let dribble = ask("fault-dribble");
        assert!(
            dribble.matches("\r\n1\r\n").count() > 100,
            "one byte per chunk: {dribble}"
        );
    }
}

#[test]
fn huge_means_huge() {
    let provider = Provider::start();
    let bytes = 1024 * 1024;
    for family in Family::ALL {
        provider.script(
            family,
            [
                Reply::huge_text(family, bytes),
                Reply::huge_body(400, bytes),
            ],
        );
        assert_eq!(text_of(&ask(&provider, family, "m", "x")).len(), bytes);
        assert!(ask(&provider, family, "m", "x").len() > bytes);
    }
}

// ------------------------------------------------------------------------------------------ the program

/// The mock provider as a developer starts it, and the URLs that it prints.
fn program() -> (Server, Vec<(String, String)>) {
    let mut mock = Server::builder()
        .program(env!("CARGO_BIN_EXE_mock-provider"))
        .spawn();
    let variables = Family::ALL
        .iter()
        .map(|_| {
            let line = mock.line();
            let (name, url) = line.split_once('=').expect("NAME=URL");
            (name.to_owned(), url.to_owned())
        })
        .collect();
    (mock, variables)
}

/// The server, configured with these base URLs.
fn served(urls: impl IntoIterator<Item = (String, String)>) -> Server {
    let keys = Family::ALL.map(|family| family.format().variables()[1]);
    Server::builder()
        .envs(keys.map(|name| (name, "any-key-0123456789")))
        .envs(urls)
        .env("ANYGPT_RETRIES", "1")
        .spawn()
}

#[test]
fn the_program_explains_every_fault() {
    let help = Server::builder()
        .program(env!("CARGO_BIN_EXE_mock-provider"))
        .arg("--help")
        .run(b"");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for name in FAULTS.lines().filter_map(|line| line.split(' ').next()) {
        assert!(
            help.stdout.contains(&format!("  {name} ")),
            "{name}: {}",
            help.stdout
        );
    }
    for shape in SHAPES.split(", ") {
        assert!(help.stdout.contains(shape), "{shape}: {}", help.stdout);
    }
}

#[test]
fn the_program_serves_every_family_and_its_faults_by_model_and_by_base_url() {
    let (mut mock, urls) = program();
    let mut server = served(urls.clone());
    let ask = |server: &mut Server, family: Family, model: &str| {
        let model = format!("{}/{model}", family.id());
        server.call_tool(
            "anygpt_chat_completion",
            json!({"prompt": "hi", "model": model}),
        )
    };
    for family in Family::ALL {
        let result = ask(&mut server, family, family.model());
        assert_eq!(outcome::chat(&result)["text"], "echo: hi");
        assert_eq!(
            outcome::chat(&ask(&mut server, family, "fault-json"))["text"],
            "Yes."
        );
        assert_eq!(
            outcome::chat(&ask(&mut server, family, "fault-reasoning"))["text"],
            "Yes."
        );
        let passed = ask(&mut server, family, "fault-once-429+ms-5");
        assert_eq!(
            outcome::chat(&passed)["attempts"].as_array().unwrap().len(),
            2,
            "{passed}"
        );
        for (model, parts) in [
            ("fault-502-html", ["unavailable", "HTML"]),
            ("fault-422-details", ["invalid_request", "body.x"]),
            ("fault-200-text", ["unavailable", "mock failure 200"]),
            ("fault-500+no", ["unavailable", "mock failure 500"]),
            ("fault-quota", ["quota", "error: "]),
            ("fault-reset", ["network", "reset"]),
            ("fault-gzip", ["unavailable", "gzip"]),
            ("fault-length", ["empty_response", "reasoning"]),
            ("fault-refusal", ["content_filter", "refused"]),
            ("fault-404-nonsense", ["model_not_found", "known faults"]),
        ] {
            let result = ask(&mut server, family, model);
            let text = error(&result);
            for part in parts.iter().filter(|part| **part != "error: ") {
                assert!(text.contains(part), "{model} lacks {part:?}: {text}");
            }
        }
        let partial = ask(&mut server, family, "fault-reset-stream");
        assert!(partial.to_string().contains("network"), "{partial}");
    }

    // A fault at the start of the path applies to lists, too.
    let with = |fault: &str| -> Vec<(String, String)> {
        let broken = |(name, url): &(String, String)| {
            let (scheme, rest) = url.split_once("://").unwrap();
            let (host, path) = rest.split_once('/').unwrap();
            (name.clone(), format!("{scheme}://{host}/{fault}/{path}"))
        };
        urls.iter().map(broken).collect()
    };
    let mut broken = served(with("fault-503+no"));
    let mut long = served(with("list-500"));
    for family in Family::ALL {
        let provider = json!({"provider": family.id()});
        let list = broken.call_tool("anygpt_list_models", provider.clone());
        assert!(list.to_string().contains("mock failure 503"), "{list}");
        if [Family::OpenAi, Family::Compatible].contains(&family) {
            let list = long.call_tool("anygpt_list_models", provider);
            assert!(list.to_string().contains("vendor/model-"), "{list}");
        }
        assert!(error(&ask(&mut broken, family, "any")).contains("mock failure 503"));
    }
    mock.close_stdin();
    assert_eq!(mock.wait().code, Some(0));
}
