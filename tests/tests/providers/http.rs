//! HTTP on real networks: proxies, TLS of all kinds, roots of trust, redirects, networks that are broken or absent.
//!
//! Never here: the content of requests and replies (`tools/chat.rs`).

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anygpt_tests::outcome;
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::proxy::{Manner, Proxy, ProxyRequest};
use anygpt_tests::server::{Builder, Server, binary, run};
use anygpt_tests::tls::{Certificate, TlsFront, Versions, authority, other_authority, own};
use serde_json::{Value, json};

/// Nothing listens here: the discard port of an unused loopback address.
const NOWHERE: &str = "127.8.8.8:9";

/// A provider, and TLS in front of it.
struct Endpoint {
    provider: Provider,
    tls: TlsFront,
}

impl Endpoint {
    fn start() -> Self {
        Self::with(Certificate::Good, Versions::Both)
    }

    fn with(certificate: Certificate, versions: Versions) -> Self {
        let provider = Provider::start();
        let tls = TlsFront::start(provider.port(), certificate, versions);
        Self { provider, tls }
    }

    /// No request has come through, so no key has left.
    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(self.provider.requests().len(), 0);
    }
}

/// A server with one provider at this URL.
fn server(base_url: &str) -> Builder {
    Server::builder()
        .env("OPENAI_API_KEY", Family::OpenAi.key())
        .env("OPENAI_BASE_URL", base_url)
}

/// The same, reachable only through a proxy, and with the test authority.
fn distant() -> Builder {
    server("https://api.example.test/openai/v1").env("SSL_CERT_FILE", authority())
}

fn ask(server: &mut Server) -> Value {
    let arguments = json!({"prompt": "hello", "model": "gpt-4.1"});
    server.call_tool("anygpt_chat_completion", arguments)
}

#[track_caller]
fn answers(server: &mut Server) {
    let result = ask(server);
    outcome::chat(&result);
}

/// The text of the error that a call must end with.
#[track_caller]
fn fails(server: &mut Server, says: &[&str]) -> String {
    let result = ask(server);
    let text = outcome::error(&result).to_owned();
    for part in says {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
    text
}

fn asked(proxy: &Proxy) -> Vec<(String, String)> {
    let pair = |asked: ProxyRequest| (asked.method, asked.target);
    proxy.asked().into_iter().map(pair).collect()
}

/// Settings with which nothing starts; the message must have all these parts.
#[track_caller]
fn refused(variables: &[(&str, &str)], says: &[&str]) -> String {
    let variables = [("OPENAI_API_KEY", "a-good-key")]
        .into_iter()
        .chain(variables.iter().copied());
    let variables: Vec<_> = variables.collect();
    for arguments in [&["config", "validate"][..], &[]] {
        let input = r#"{"jsonrpc":"2.0","method":"tools/list","id":1}"#;
        let output = run(
            arguments,
            variables.clone(),
            format!("{input}\n").as_bytes(),
        );
        assert_eq!(output.code, Some(1), "{variables:?}: {output:?}");
        for part in says {
            assert!(output.stderr.contains(part), "{output:?} lacks {part:?}");
        }
        if arguments.is_empty() {
            return output.stdout + &output.stderr;
        }
    }
    unreachable!()
}

fn folder(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("http-{name}-{}", std::process::id()));
    _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn tls_1_2_and_1_3_are_spoken_on_kept_connections() {
    for versions in [Versions::Tls12, Versions::Tls13, Versions::Both] {
        let endpoint = Endpoint::with(Certificate::Good, versions);
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("https://{host}:{}/openai/v1", endpoint.tls.port());
            let mut server = server(&url).env("SSL_CERT_FILE", authority()).spawn();
            answers(&mut server);
            answers(&mut server);
        }
        let requests = endpoint.provider.requests();
        let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
        assert_eq!(connections, [1, 1, 2, 2], "{versions:?}");
    }
}

#[test]
fn certificates_that_prove_nothing_are_refused_and_get_no_key() {
    let port_and_text = |certificate, roots: Option<PathBuf>, says: &[&str]| {
        let endpoint = Endpoint::with(certificate, Versions::Both);
        let url = format!("https://localhost:{}/openai/v1", endpoint.tls.port());
        let mut server = server(&url);
        if let Some(roots) = roots {
            server = server.env("SSL_CERT_FILE", roots);
        }
        let place = format!("the certificate of localhost:{}", endpoint.tls.port());
        let text = fails(&mut server.spawn(), &["config: openai", &place]);
        for part in says {
            assert!(text.contains(part), "{text:?} lacks {part:?}");
        }
        endpoint.is_untouched();
    };
    port_and_text(Certificate::Good, None, &["SSL_CERT_FILE"]);
    port_and_text(
        Certificate::Good,
        Some(other_authority()),
        &["SSL_CERT_FILE"],
    );
    port_and_text(
        Certificate::Expired,
        Some(authority()),
        &["expired", "clock"],
    );
    port_and_text(Certificate::Elsewhere, Some(authority()), &["another name"]);
    port_and_text(Certificate::Own, None, &["SSL_CERT_FILE"]);
    // Trusting it does not help: it is not a server's certificate.
    for roots in [None, Some(own())] {
        let says = ["CA:TRUE", "CA:FALSE", "SSL_CERT_FILE"];
        port_and_text(Certificate::OwnAuthority, roots, &says);
    }
}

#[test]
fn a_certificate_that_is_signed_with_its_own_key_can_be_trusted() {
    let endpoint = Endpoint::with(Certificate::Own, Versions::Both);
    let url = format!("https://localhost:{}/openai/v1", endpoint.tls.port());
    answers(&mut server(&url).env("SSL_CERT_FILE", own()).spawn());
}

#[test]
fn an_endpoint_without_tls_is_named_as_that() {
    let provider = Provider::start();
    let url = format!("https://127.0.0.1:{}/openai/v1", provider.port());
    fails(
        &mut server(&url).spawn(),
        &["does not speak TLS", "http://", "port"],
    );
}

#[test]
fn a_folder_of_certificates_may_hold_other_things() {
    let folder = folder("roots");
    std::fs::copy(authority(), folder.join("authority.pem")).unwrap();
    symlink("authority.pem", folder.join("0a1b2c3d.0")).unwrap();
    symlink("nowhere", folder.join("dangling.pem")).unwrap();
    std::fs::write(folder.join("README"), "not a certificate").unwrap();
    std::fs::create_dir(folder.join("java")).unwrap();
    let other = self::folder("other-roots");
    std::fs::copy(other_authority(), other.join("other.crt")).unwrap();

    let endpoint = Endpoint::start();
    let url = format!("https://localhost:{}/openai/v1", endpoint.tls.port());
    let both = format!("{}:{}", other.display(), folder.display());
    let mut server = server(&url).env("SSL_CERT_DIR", both).spawn();
    answers(&mut server);
}

#[test]
fn roots_are_read_with_the_first_connection_that_needs_them() {
    let endpoint = Endpoint::start();
    let roots = folder("late-roots").join("authority.pem");
    let url = format!("https://localhost:{}/openai/v1", endpoint.tls.port());
    let mut server = server(&url)
        .envs(endpoint.provider.compatible_env())
        .env("SSL_CERT_FILE", &roots)
        .spawn();
    // The file does not exist: only calls that need TLS fail.
    assert!(server.request("ping", json!(null))["result"].is_object());
    let family = Family::Compatible;
    let model = format!("{}/{}", family.id(), family.model());
    let plain = json!({"prompt": "hello", "model": model});
    outcome::chat(&server.call_tool("anygpt_chat_completion", plain));
    let requests = endpoint.provider.requests().len();
    let text = fails(
        &mut server,
        &["config: openai", "SSL_CERT_FILE names", "cannot be read"],
    );
    assert!(text.contains("or unset it"), "{text}");
    assert_eq!(endpoint.provider.requests().len(), requests);
    // The same process reads the corrected file.
    std::fs::copy(authority(), &roots).unwrap();
    answers(&mut server);
    std::fs::remove_file(&roots).unwrap();
    answers(&mut server);
}

#[test]
fn roots_that_cannot_be_used_end_calls_and_checks_but_not_the_server() {
    let folder = folder("bad-roots");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let file = |name: &str, content: &str| {
        std::fs::write(folder.join(name), content).unwrap();
        path(name)
    };
    std::fs::create_dir(folder.join("empty-folder")).unwrap();
    let endpoint = Endpoint::start();
    let untouched = format!("https://localhost:{}/openai/v1", endpoint.tls.port());
    let none = "holds no usable certificate in PEM format";
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (name, value, says) in [
        ("SSL_CERT_FILE", path("missing.pem"), "cannot be read"),
        ("SSL_CERT_FILE", path("empty-folder"), "is a folder"),
        ("SSL_CERT_FILE", file("empty.pem", ""), none),
        ("SSL_CERT_FILE", file("text.pem", "hello"), none),
        ("SSL_CERT_FILE", file("garbage.pem", garbage), none),
        ("SSL_CERT_FILE", file("broken.pem", broken), none),
        ("SSL_CERT_FILE", file("key.pem", key), none),
        ("SSL_CERT_DIR", path("missing"), "cannot be read"),
        ("SSL_CERT_DIR", path("text.pem"), "cannot be read"),
        ("SSL_CERT_DIR", path("empty-folder"), none),
    ] {
        let variables = [("OPENAI_API_KEY", "a-good-key"), (name, value.as_str())];
        for command in [&["config", "validate"][..], &["doctor"]] {
            let output = run(command, variables, b"");
            assert_eq!(output.code, Some(1), "{output:?}");
            for part in [name, &value, says, "or unset it"] {
                assert!(output.stderr.contains(part), "{output:?} lacks {part:?}");
            }
        }
        let shown = run(&["config", "show"], variables, b"");
        assert_eq!(shown.code, Some(0), "{shown:?}");
        assert!(shown.stdout.contains(says), "{shown:?}");
        let mut server = server(&untouched).env(name, &value).spawn();
        fails(
            &mut server,
            &["config: openai", name, &value, says, "or unset it"],
        );
        endpoint.is_untouched();
    }
    // Placeholders count as not set, and one bad certificate does not affect the others.
    let mixed = std::fs::read_to_string(authority()).unwrap() + garbage;
    let mixed = file("mixed.pem", &mixed);
    let output = run(
        &["config", "validate"],
        [
            ("OPENAI_API_KEY", "a-good-key"),
            ("SSL_CERT_FILE", &mixed),
            ("SSL_CERT_DIR", "${CERTIFICATES}"),
        ],
        b"",
    );
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stderr.contains("SSL_CERT_DIR (it is a template"));
    assert!(output.stderr.contains("1 certificate of SSL_CERT_FILE"));
}

#[test]
fn https_goes_through_a_tunnel_whatever_the_proxy_variable_looks_like() {
    let endpoint = Endpoint::start();
    for (name, prefix) in [
        ("HTTPS_PROXY", "http://"),
        ("https_proxy", ""),
        ("ALL_PROXY", ""),
        ("all_proxy", "http://"),
    ] {
        let proxy = Proxy::start(endpoint.tls.port(), Manner::Good);
        let mut server = distant()
            .env(name, format!("{prefix}{}", proxy.address()))
            // It has no effect here.
            .env("HTTP_PROXY", NOWHERE)
            .spawn();
        answers(&mut server);
        answers(&mut server);
        // One tunnel, kept for both.
        let tunnel = ("CONNECT".to_owned(), "api.example.test:443".to_owned());
        assert_eq!(asked(&proxy), [tunnel], "{name}");
    }
    assert_eq!(endpoint.provider.requests().len(), 8);
}

#[test]
fn http_is_forwarded_with_the_key_and_without_the_proxys_credentials() {
    let provider = Provider::start();
    let wanted = "Basic dXNlcjpwQHNzLXdvcmQtMTIz";
    let proxy = Proxy::start(provider.port(), Manner::Wants(wanted.into()));
    for name in ["HTTP_PROXY", "http_proxy"] {
        let mut server = server("http://models.internal:8080/openai/v1")
            .env(name, format!("user:p%40ss-word-123@{}", proxy.address()))
            .spawn();
        answers(&mut server);
        answers(&mut server);
    }
    for asked in proxy.asked() {
        assert_eq!(asked.method, "POST");
        assert_eq!(
            asked.target,
            "http://models.internal:8080/openai/v1/responses"
        );
    }
    let requests = provider.requests();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert_eq!(request.credential(), Family::OpenAi.key());
        assert_eq!(request.header("host"), Some("models.internal:8080"));
    }
}

#[test]
fn a_proxys_password_is_shown_nowhere() {
    let endpoint = Endpoint::start();
    // `us?er:s#cret/pass` is what the proxy must receive.
    let url = |proxy: &Proxy| format!("http://us%3fer:s%23cret%2Fpass@{}", proxy.address());
    let wanted = "Basic dXM/ZXI6cyNjcmV0L3Bhc3M=";
    let secrets = [
        "s%23cret",
        "s#cret",
        "cret/pass",
        "dXM/ZXI6",
        "cyNjcmV0L3Bhc3M",
    ];

    let good = Proxy::start(endpoint.tls.port(), Manner::Wants(wanted.into()));
    let bad = Proxy::start(endpoint.tls.port(), Manner::Wants("Basic other".into()));
    let closing = Proxy::start(endpoint.tls.port(), Manner::Closes);
    for (proxy, says) in [
        (&good, ""),
        (
            &bad,
            "does not accept the user name and password of its URL (HTTP 407)",
        ),
        (&closing, "did not open a tunnel to api.example.test:443"),
    ] {
        let mut server = distant()
            .env("HTTPS_PROXY", url(proxy))
            .env("LOG_LEVEL", "debug")
            .spawn();
        let result = ask(&mut server);
        if says.is_empty() {
            outcome::chat(&result);
        } else {
            let text = outcome::error(&result);
            assert!(text.contains(says), "{text}");
            assert!(text.contains(&proxy.address()), "{text}");
        }
        server.call_tool("anygpt_list_providers", json!({}));
        server.call_tool("anygpt_list_models", json!({}));
        server.request("resources/read", json!({"uri": "anygpt://docs/providers"}));
        server.close_stdin();
        server.wait();
        let seen = String::from_utf8_lossy(&server.stdout()).into_owned() + &server.stderr();
        for secret in secrets {
            assert!(!seen.contains(secret), "{secret} in {seen}");
        }
    }
    assert_eq!(good.asked()[0].authorization.as_deref(), Some(wanted));

    // The body of a forwarding proxy's own reply is a text like any other, and this one repeats what it received.
    let mut server = server("http://models.internal/openai/v1")
        .env("HTTP_PROXY", url(&bad))
        .spawn();
    let text = fails(&mut server, &["config: openai", "HTTP 407", &bad.address()]);
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_proxy_that_fails_is_named() {
    let endpoint = Endpoint::start();
    let through = |address: &str| distant().env("HTTPS_PROXY", address).spawn();

    let text = fails(
        &mut through(NOWHERE),
        &[
            "network: openai",
            "the proxy 127.8.8.8:9 refused the connection",
        ],
    );
    assert!(!text.contains("api.example.test:443"), "{text}");

    let proxy = Proxy::start(endpoint.tls.port(), Manner::Refuses(403));
    let says = format!(
        "the proxy {} refused a tunnel to api.example.test:443 (HTTP 403)",
        proxy.address()
    );
    fails(&mut through(&proxy.address()), &["network: openai", &says]);

    let proxy = Proxy::start(endpoint.tls.port(), Manner::Wants("Basic x".into()));
    let says = format!("the proxy {} asks for a user name", proxy.address());
    fails(
        &mut through(&proxy.address()),
        &["config: openai", &says, "http://user:password@"],
    );

    // Forwarded, the answer's origin is unknown.
    let proxy = Proxy::start(endpoint.provider.port(), Manner::Refuses(502));
    let mut server = server("http://models.internal/openai/v1")
        .env("HTTP_PROXY", proxy.address())
        .spawn();
    let says = format!("by way of the proxy {}", proxy.address());
    fails(&mut server, &["HTTP 502", &says]);

    endpoint.is_untouched();
}

#[test]
fn a_proxy_that_does_not_answer_is_named_after_ten_seconds() {
    let proxy = Proxy::start(9, Manner::Silent);
    let mut server = distant()
        .env("HTTPS_PROXY", proxy.address())
        .env("ANYGPT_RETRIES", "0")
        .limit(Duration::from_secs(20))
        .spawn();
    let says = format!(
        "no connection after 10 s by way of the proxy {}",
        proxy.address()
    );
    fails(&mut server, &["network: openai", &says]);
}

#[test]
fn a_proxy_can_be_reached_over_tls_or_speak_socks() {
    let endpoint = Endpoint::start();
    let proxy = Proxy::start(endpoint.tls.port(), Manner::Good);
    let front = TlsFront::start(proxy.port(), Certificate::Good, Versions::Both);
    let mut over_tls = distant()
        .env("HTTPS_PROXY", format!("https://localhost:{}", front.port()))
        .spawn();
    answers(&mut over_tls);
    assert_eq!(proxy.asked()[0].method, "CONNECT");

    for scheme in ["socks5", "socks5h"] {
        let proxy = Proxy::start_socks(endpoint.tls.port());
        let mut server = distant()
            .env("ALL_PROXY", format!("{scheme}://{}", proxy.address()))
            .spawn();
        answers(&mut server);
        // The proxy resolves the name.
        let tunnel = ("SOCKS".to_owned(), "api.example.test:443".to_owned());
        assert_eq!(asked(&proxy), [tunnel]);
    }
    let proxy = Proxy::start_socks(endpoint.provider.port());
    let mut server = server("http://models.internal/openai/v1")
        .env("HTTP_PROXY", format!("socks5://{}", proxy.address()))
        .spawn();
    answers(&mut server);
    let tunnel = ("SOCKS".to_owned(), "models.internal:80".to_owned());
    assert_eq!(asked(&proxy), [tunnel]);
}

#[test]
fn this_machine_and_what_no_proxy_names_are_reached_directly() {
    let endpoint = Endpoint::start();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/openai/v1", endpoint.provider.port());
        answers(&mut server(&url).env("ALL_PROXY", NOWHERE).spawn());
        let url = format!("https://{host}:{}/openai/v1", endpoint.tls.port());
        let server = server(&url).env("SSL_CERT_FILE", authority());
        answers(&mut server.env("ALL_PROXY", NOWHERE).spawn());
    }

    let proxy = Proxy::start(endpoint.tls.port(), Manner::Good);
    for (name, list, is_direct) in [
        ("NO_PROXY", "example.test", true),
        ("no_proxy", "other.example, .example.test", true),
        ("NO_PROXY", "*", true),
        ("NO_PROXY", "ample.test,10.0.0.0/8", false),
    ] {
        let before = proxy.asked().len();
        let mut server = distant()
            .env("HTTPS_PROXY", proxy.address())
            .env(name, list)
            // Directly, that name leads nowhere, and a resolver may take long to report it.
            .env("ANYGPT_TIMEOUT", "5")
            .spawn();
        let result = ask(&mut server);
        assert_eq!(result["isError"] == true, is_direct, "{list}: {result}");
        assert_eq!(proxy.asked().len() == before, is_direct, "{list}");
    }
}

#[test]
fn proxy_settings_that_cannot_work_stop_the_start_and_hide_their_password() {
    let mut names = ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"]
        .into_iter()
        .cycle();
    for value in [
        "http://",
        "ftp://proxy.example.com:21",
        "http://user:pass-w@rd@proxy.example.com:3128",
        "http://user:pass-w#rd@proxy.example.com:3128",
        "http://user:pass-word@proxy.example.com:number",
        "socks4://user:pass-word@proxy.example.com:1080",
        "http://user:pass-word@",
        "user pass-word",
    ] {
        let name = names.next().unwrap();
        let seen = refused(
            &[(name, value)],
            &[name, "http://user:password@proxy.example.com:3128"],
        );
        assert!(!seen.contains("pass-w"), "{seen}");
    }

    let output = run(
        &["config", "validate"],
        [
            ("OPENAI_API_KEY", "a-good-key"),
            ("HTTPS_PROXY", "user:pass-word@one.internal:3128"),
            ("https_proxy", "user:pass-word@two.internal:3128"),
            ("ALL_PROXY", "<UNKNOWN>"),
            (
                "NO_PROXY",
                "a.example b.example,*.c.example,d.example:443,::1,10.0.0.0/8",
            ),
        ],
        b"",
    );
    assert_eq!(output.code, Some(0), "{output:?}");
    let seen = &output.stderr;
    assert!(!seen.contains("pass-word"), "{seen}");
    for part in [
        "HTTPS_PROXY and https_proxy differ; HTTPS_PROXY is used",
        "ALL_PROXY (it is a placeholder",
        "NO_PROXY has entries that match nothing: a.example b.example, *.c.example, d.example:443.",
    ] {
        assert!(seen.contains(part), "{seen} lacks {part}");
    }
}

#[test]
fn no_key_goes_in_the_open_to_a_proxy_at_a_public_address() {
    let private = [
        ("OPENAI_BASE_URL", "http://models.internal/v1"),
        ("HTTP_PROXY", "http://user:pass-word@proxy.example.com:3128"),
    ];
    let seen = refused(
        &private,
        &[
            "Provider openai is off: OPENAI_BASE_URL",
            "the proxy proxy.example.com:3128 at a public address",
            "NO_PROXY",
        ],
    );
    assert!(!seen.contains("pass-word"), "{seen}");
    for (name, value) in [
        ("NO_PROXY", "models.internal"),
        ("ANYGPT_ALLOW_INSECURE_HTTP", "1"),
        ("HTTP_PROXY", "proxy.internal:3128"),
        ("HTTP_PROXY", "https://proxy.example.com"),
        ("OPENAI_BASE_URL", "https://models.internal/v1"),
        ("OPENAI_API_KEY", ""),
    ] {
        let key = ("OPENAI_API_KEY", "a-good-key");
        // Of two the last one counts.
        let variables = private.into_iter().chain([key, (name, value)]);
        let output = run(&["config", "validate"], variables, b"");
        assert_eq!(output.code, Some(0), "{name}={value}: {output:?}");
    }
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let elsewhere = Provider::start();
    let provider = Provider::start();
    let place = format!("{}/responses", elsewhere.base_url(Family::OpenAi));
    for status in [301, 302, 307, 308] {
        let reply = Reply::empty(status).header("location", &format!("{place}?key=long#there"));
        provider.script(Family::OpenAi, [reply]);
    }
    let mut server = Server::builder().envs(provider.env()).spawn();
    for status in [301, 302, 307, 308] {
        let status = format!("HTTP {status}");
        let text = fails(
            &mut server,
            &[
                "config: openai",
                &status,
                &place,
                "not followed",
                "base URL",
            ],
        );
        assert!(!text.contains("key=long"), "{text}");
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[test]
fn packed_replies_are_not_asked_for_and_not_taken_for_text() {
    let provider = Provider::start();
    let reply = Reply::body(200, "text/event-stream", &b"\x1f\x8b\x08"[..]);
    provider.always(Family::OpenAi, reply.header("content-encoding", "gzip"));
    let mut server = Server::builder().envs(provider.env()).spawn();
    fails(
        &mut server,
        &["unavailable: openai", "gzip", "accepts none"],
    );
    let request = &provider.requests()[0];
    assert_eq!(request.header("accept-encoding"), Some("identity"));
}

#[test]
fn a_refused_connection_says_where() {
    let url = format!("http://{NOWHERE}/v1");
    let text = fails(
        &mut server(&url).spawn(),
        &[
            "network: openai",
            "127.8.8.8:9 refused the connection: nothing listens there",
        ],
    );
    assert!(!text.contains("proxy"), "{text}");
}

/// As the first process of a process namespace, as in a container.
#[test]
fn localhost_in_a_container_explains_itself() {
    let Some(alone) = unshare(&["--map-root-user", "--pid", "--fork"]) else {
        return;
    };
    for (name, value) in [
        ("OPENAI_BASE_URL", "http://localhost:9/v1"),
        ("HTTPS_PROXY", "localhost:9"),
    ] {
        let server = server("https://api.example.com/v1").env(name, value);
        let mut server = server.program("unshare").args(alone).arg(binary()).spawn();
        let text = fails(
            &mut server,
            &[
                "localhost:9 refused the connection",
                "host.docker.internal",
                "127.0.0.1",
            ],
        );
        assert_eq!(text.contains("the proxy"), name == "HTTPS_PROXY", "{text}");
        server.close_stdin();
        server.wait();
    }
}

/// These arguments of `unshare`, if it can apply them here.
fn unshare<'a>(arguments: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let tried = Command::new("unshare").args(arguments).arg("true").output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Some(arguments);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "this machine cannot unshare {arguments:?}"
    );
    eprintln!("SKIPPED: this machine cannot unshare {arguments:?}");
    None
}

/// In a network namespace of its own, as `--network none` makes it: a machine with only IPv4, whose name server never
/// answers, as with a firewall in between.
#[test]
fn a_name_server_that_is_silent_is_named_before_the_call_is_over() {
    let file = folder("silent-name-server").join("resolv.conf");
    std::fs::write(&file, "nameserver 192.0.2.53\n").unwrap();
    // Packets to that address end in the loopback device.
    let line = format!(
        "mount --bind '{}' /etc/resolv.conf && ip link set lo up && ip addr add 198.51.100.1/32 dev lo &&
         ip route add default dev lo && exec \"$@\"",
        file.display()
    );
    let alone = [
        "--map-root-user",
        "--net",
        "--mount",
        "sh",
        "-c",
        &line,
        "sh",
    ];
    let Some(alone) = unshare(&alone) else {
        return;
    };
    let mut server = server("https://api.example.com/v1")
        .program("unshare")
        .args(alone)
        .arg(binary())
        .env("ANYGPT_RETRIES", "0")
        .limit(Duration::from_secs(60))
        .spawn();
    // A look-up ends after 5 s. A second one, for IPv6, would take longer than this.
    let arguments = json!({"prompt": "hello", "model": "openai/gpt-4.1", "timeout_seconds": 9});
    let result = server.call_tool("anygpt_chat_completion", arguments);
    let text = outcome::error(&result);
    for part in [
        "network: openai",
        "api.example.com",
        "no answer of a name server",
    ] {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
}

#[test]
fn without_a_network_the_error_comes_at_once() {
    let Some(alone) = unshare(&["--map-root-user", "--net"]) else {
        return;
    };
    for proxy in [None, Some("proxy.internal:3128")] {
        let mut server = server("https://api.example.com/v1")
            .program("unshare")
            .args(alone)
            .arg(binary());
        if let Some(proxy) = proxy {
            server = server.env("HTTPS_PROXY", proxy);
        }
        let mut server = server.spawn();
        server.request("ping", Value::Null);
        let start = Instant::now();
        let text = fails(&mut server, &["network: openai", "there is no network"]);
        // Six look-ups of 5 s each would take longer.
        assert!(start.elapsed() < Duration::from_secs(20), "{text}");
        assert_eq!(
            text.contains("the proxy proxy.internal:3128"),
            proxy.is_some()
        );
    }
}
