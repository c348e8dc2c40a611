//! Calls through the server to a provider on the loopback, and the same calls without it.
//!
//! Client and server share one processor, the provider has another. The direct client is hyper on the client's
//! processor, a connection for each call in flight, which reads each answer to its end.
//!
//! Never here: the provider ([`crate::provider`]).

use std::{
    cell::{Cell, RefCell},
    ffi::OsString,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, runtime, task::LocalSet};

use crate::{
    load::TOOL,
    numbers::median,
    process::{Server, Subject, last_processor, pin},
    provider,
    report::{Goal, Report, Row},
};

/// Titles of charts, and the beginnings of their series.
pub(crate) const RATE_BY_FLIGHT: &str = "calls per second by calls in flight";
pub(crate) const MEMORY_BY_FLIGHT: &str = "resident MiB by calls in flight";
pub(crate) const TIME_BY_TOKENS: &str = "milliseconds by tokens of the answer";

/// Tokens of an ordinary answer.
const TOKENS: usize = 16;

/// One measurement: calls in flight, and the provider's latency.
#[derive(Clone, Copy, Debug)]
struct Case {
    window: usize,
    latency: Duration,
    tokens: usize,
    calls: usize,
}

pub(crate) fn run(
    ours: &Path,
    folder: &Path,
    rounds: usize,
    share: f64,
    report: &mut Report,
) -> io::Result<()> {
    let case = |window, latency, calls: usize| Case {
        window,
        latency: Duration::from_millis(latency),
        tokens: TOKENS,
        calls: scaled(calls, share).max(window * 2),
    };
    let alone = Setting::new(ours, folder, case(1, 0, 3_000))?;
    let pairs: Vec<(Times, Times)> = alone.rounds(rounds)?;
    let through = median(pairs.iter().map(|(through, _)| through.each));
    let direct = median(pairs.iter().map(|(_, direct)| direct.each));
    let added = median(
        pairs
            .iter()
            .map(|(through, direct)| through.each - direct.each),
    );
    report.add(
        Row::new("provider call, 1 in flight", "µs", through)
            .base(direct)
            .added(added)
            .goal(Goal::AddedTimesBase(1.7)),
    );
    for (window, latency, calls, goal) in [
        (64, 0, 10_000, Goal::RatioAtLeast(0.5)),
        (256, 0, 10_000, Goal::RatioAtLeast(0.5)),
        (1_024, 50, 20_000, Goal::RatioAtLeast(0.80)),
    ] {
        let name = match latency {
            0 => format!("provider calls, {window} in flight"),
            ms => format!("provider calls of {ms} ms, {window} in flight"),
        };
        let setting = Setting::new(ours, folder, case(window, latency, calls))?;
        let pairs = setting.rounds(rounds)?;
        let rate = |times: &Times| times.rate;
        report.add(
            Row::new(&name, "/s", median(pairs.iter().map(|(t, _)| rate(t))))
                .base(median(pairs.iter().map(|(_, d)| rate(d))))
                .ratio(median(pairs.iter().map(|(t, d)| t.rate / d.rate)))
                .goal(goal),
        );
        if window == 1_024 {
            let resident = median(pairs.iter().map(|(t, _)| t.resident));
            report.add(
                Row::new("resident with these in flight", "MiB", resident).goal(Goal::AtMost(36.0)),
            );
        }
    }
    let (ping, call) = beside_a_flood(ours, folder, scaled(500, share).max(20))?;
    for (name, longest) in [("ping", ping), ("provider call", call)] {
        let name = format!("longest {name} beside a flood of single bytes");
        report.add(Row::new(&name, "ms", longest).goal(Goal::AtMost(250.0)));
    }
    let longest = after_a_tree(ours, scaled(20, share).max(3))?;
    report.add(
        Row::new("longest ping after 15 MB of small objects", "ms", longest)
            .goal(Goal::AtMost(500.0)),
    );
    Ok(())
}

/// The longest of so many pings, each sent right after a call with 15 MB of small objects in an unknown argument, in
/// milliseconds. A tree of them would take seconds to build.
fn after_a_tree(ours: &Path, times: usize) -> io::Result<f64> {
    let objects = r#"{"":0},"#.repeat(15_000_000 / 7);
    let both = format!(
        r#"{{"jsonrpc":"2.0","id":"call","method":"tools/call","params":{{"name":"{TOOL}","arguments":{{"zz":[{objects}0]}}}}}}
{{"jsonrpc":"2.0","id":"ping","method":"ping"}}
"#
    );
    let mut server = Subject::ours(ours).start()?;
    server.shake_hands()?;
    let mut longest = 0.0_f64;
    for _ in 0..times {
        let asked = Instant::now();
        server.stdin.write_all(both.as_bytes())?;
        let mut answers = BufReader::new(&mut server.stdout).lines();
        for _ in 0..2 {
            let answer = answers.next().ok_or(io::ErrorKind::UnexpectedEof)??;
            if answer.contains(r#""ping""#) {
                longest = longest.max(asked.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    server.end()?;
    Ok(longest)
}

/// The longest of so many pings, and of so many calls of a healthy provider, while another one sends single bytes
/// without end, in milliseconds.
fn beside_a_flood(ours: &Path, folder: &Path, times: usize) -> io::Result<(f64, f64)> {
    /// By then the flood has reached its full rate.
    const BEGINNING: Duration = Duration::from_millis(500);
    let good = Provider::start(Duration::ZERO, TOKENS)?;
    let flood = Provider::run(["flood"])?;
    let file = folder.join("flood.yaml");
    let of = |provider: &Provider| {
        let address = provider.address;
        format!("{{type: openai-compatible, base_url: http://{address}/v1}}")
    };
    fs::write(
        &file,
        format!(
            "providers:\n  good: {}\n  flood: {}\n",
            of(&good),
            of(&flood)
        ),
    )?;
    let call = |id: &str, model: &str| {
        let arguments = json!({"prompt": "Say it.", "model": model, "timeout_seconds": 600});
        let params = json!({"name": TOOL, "arguments": arguments});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
            + "\n"
    };
    let mut server = Subject::configured(ours, &file).start()?;
    server.shake_hands()?;
    // Opens the connection before the clock starts.
    server.ask(&call("warm", "good/m"))?;
    server
        .stdin
        .write_all(call("flooded", "flood/m").as_bytes())?;
    thread::sleep(BEGINNING);
    let mut longest = [0.0_f64; 2];
    let questions = [
        json!({"jsonrpc": "2.0", "id": "ping", "method": "ping"}).to_string() + "\n",
        call("call", "good/m"),
    ];
    for _ in 0..times {
        for (question, longest) in questions.iter().zip(&mut longest) {
            let asked = Instant::now();
            let answer = server.ask(question)?;
            *longest = longest.max(asked.elapsed().as_secs_f64() * 1e3);
            if answer.contains("flooded") || answer.contains("isError") {
                return Err(io::Error::other(format!("not the answer: {answer}")));
            }
        }
    }
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "flooded"}});
    server.stdin.write_all(format!("{cancel}\n").as_bytes())?;
    server.end()?;
    let [ping, call] = longest;
    Ok((ping, call))
}

/// How rate and memory change with the calls in flight, and time with the length of an answer.
pub(crate) fn growth(
    ours: &Path,
    folder: &Path,
    share: f64,
    report: &mut Report,
) -> io::Result<()> {
    let mut rates = [Vec::new(), Vec::new()];
    let mut memory = Vec::new();
    for window in [1, 4, 16, 64, 256, 1_024, 4_096] {
        let case = Case {
            window,
            latency: Duration::from_millis(50),
            tokens: TOKENS,
            calls: scaled(window * 12, share).max(window * 2).min(20_000),
        };
        let (through, direct) = Setting::new(ours, folder, case)?.round()?;
        rates[0].push((window as f64, through.rate));
        rates[1].push((window as f64, direct.rate));
        memory.push((window as f64, through.resident));
    }
    let [through, direct] = rates;
    report.add_series(&format!("{RATE_BY_FLIGHT}: ours"), through);
    report.add_series(&format!("{RATE_BY_FLIGHT}: direct"), direct);
    report.add_series(&format!("{MEMORY_BY_FLIGHT}: ours"), memory);

    let mut times = [Vec::new(), Vec::new()];
    for tokens in [100, 1_000, 10_000, 100_000] {
        let case = Case {
            window: 1,
            latency: Duration::ZERO,
            tokens,
            calls: scaled(200_000 / tokens, share).clamp(3, 200),
        };
        let (through, direct) = Setting::new(ours, folder, case)?.round()?;
        times[0].push((tokens as f64, through.each / 1e3));
        times[1].push((tokens as f64, direct.each / 1e3));
    }
    let [through, direct] = times;
    report.add_series(&format!("{TIME_BY_TOKENS}: ours"), through);
    report.add_series(&format!("{TIME_BY_TOKENS}: direct"), direct);
    Ok(())
}

/// So many calls, one after another, with the server run under another program.
pub(crate) fn one_by_one_under(
    ours: &Path,
    folder: &Path,
    calls_to_make: usize,
    program: &str,
    arguments: Vec<OsString>,
) -> io::Result<()> {
    let case = Case {
        window: 1,
        latency: Duration::ZERO,
        tokens: TOKENS,
        calls: calls_to_make,
    };
    let setting = Setting::new(ours, folder, case)?;
    let mut server = setting.subject.clone().under(program, arguments).start()?;
    server.shake_hands()?;
    calls(&mut server, case)?;
    server.end()?;
    Ok(())
}

fn scaled(calls: usize, share: f64) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small and not negative.
    let scaled = (calls as f64 * share) as usize;
    scaled
}

/// Measurements of one side in one round.
struct Times {
    /// Median time of a call in microseconds.
    each: f64,
    /// Calls per second.
    rate: f64,
    /// MiB of the server alone with all calls in flight.
    resident: f64,
}

/// A provider and a configuration that names it.
struct Setting {
    subject: Subject,
    provider: Provider,
    case: Case,
}

impl Setting {
    fn new(ours: &Path, folder: &Path, case: Case) -> io::Result<Self> {
        let provider = Provider::start(case.latency, case.tokens)?;
        let file = folder.join("gateway.yaml");
        fs::write(
            &file,
            format!(
                "providers:\n  local: {{type: openai-compatible, base_url: http://{}/v1}}\n\
                 defaults: {{provider: local, model: m}}\n",
                provider.address
            ),
        )?;
        Ok(Setting {
            subject: Subject::configured(ours, &file),
            provider,
            case,
        })
    }

    fn rounds(&self, rounds: usize) -> io::Result<Vec<(Times, Times)>> {
        (0..rounds).map(|_| self.round()).collect()
    }

    /// Both sides, one after the other.
    fn round(&self) -> io::Result<(Times, Times)> {
        let through = self.through()?;
        let direct = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(LocalSet::new().run_until(direct(self.provider.address, self.case)))?;
        Ok((through, direct))
    }

    fn through(&self) -> io::Result<Times> {
        let mut server = self.subject.start()?;
        server.shake_hands()?;
        let warm_up = Case {
            calls: self.case.window.max(20),
            ..self.case
        };
        calls(&mut server, warm_up)?;
        let times = calls(&mut server, self.case)?;
        server.end()?;
        Ok(times)
    }
}

/// Calls over the pipes: a fixed number in flight, a new one for each answer.
fn calls(server: &mut Server, case: Case) -> io::Result<Times> {
    let request = |id: usize| {
        let params = json!({"name": TOOL, "arguments": {"prompt": "Say it."}});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
            + "\n"
    };
    let requests: Vec<String> = (0..case.calls).map(request).collect();
    let mut answers = Vec::with_capacity(case.calls * (1_000 + 11 * case.tokens));
    let mut buffer = vec![0; 256 << 10];
    let mut each = Vec::new();
    let (mut sent, mut received, mut resident) = (0, 0, 0.0);
    let start = Instant::now();
    while received < case.calls {
        let upto = (received + case.window).min(case.calls);
        let asked = Instant::now();
        if sent < upto {
            server
                .stdin
                .write_all(requests[sent..upto].concat().as_bytes())?;
            sent = upto;
        }
        if received >= case.calls / 2 && resident == 0.0 {
            resident = server.resident() / 1024.0;
        }
        // One answer may take many reads.
        loop {
            let read = server.stdout.read(&mut buffer)?;
            if read == 0 {
                return Err(io::Error::other("the server has exited"));
            }
            answers.extend_from_slice(&buffer[..read]);
            let whole = buffer[..read].iter().filter(|&&byte| byte == b'\n').count();
            received += whole;
            if whole > 0 {
                break;
            }
        }
        each.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    let time = start.elapsed().as_secs_f64();
    verify(&answers, case)?;
    Ok(Times {
        each: median(each),
        rate: case.calls as f64 / time,
        resident,
    })
}

/// Each call is answered once, with the provider's text.
fn verify(answers: &[u8], case: Case) -> io::Result<()> {
    let right = provider::text(case.tokens);
    let mut seen = vec![false; case.calls];
    for line in answers
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let answer: Value = serde_json::from_slice(line)?;
        let place = answer["id"]
            .as_u64()
            .and_then(|id| seen.get_mut(usize::try_from(id).ok()?));
        match place {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(io::Error::other(format!("not asked for: {answer}"))),
        }
        if answer["result"]["structuredContent"]["text"] != *right {
            let start: String = answer.to_string().chars().take(400).collect();
            return Err(io::Error::other(format!("not the answer: {start}")));
        }
    }
    match seen.iter().all(|seen| *seen) {
        true => Ok(()),
        false => Err(io::Error::other("answers are missing")),
    }
}

/// The same calls without our server.
async fn direct(address: SocketAddr, case: Case) -> io::Result<Times> {
    let left = Rc::new(Cell::new(case.calls));
    let each = Rc::new(RefCell::new(Vec::with_capacity(case.calls)));
    let body = Bytes::from(
        json!({"model": "m", "messages": [{"role": "user", "content": "Say it."}], "stream": true,
            "stream_options": {"include_usage": true}})
        .to_string(),
    );
    let mut connections = Vec::with_capacity(case.window);
    for _ in 0..case.window {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket))
            .await
            .map_err(io::Error::other)?;
        tokio::task::spawn_local(connection);
        connections.push(sender);
    }
    let start = Instant::now();
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|sender| {
            tokio::task::spawn_local(keep_asking(
                sender,
                body.clone(),
                Rc::clone(&left),
                Rc::clone(&each),
                case.tokens,
            ))
        })
        .collect();
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    let time = start.elapsed().as_secs_f64();
    Ok(Times {
        each: median(each.take()),
        rate: case.calls as f64 / time,
        resident: f64::NAN,
    })
}

async fn keep_asking(
    mut sender: http1::SendRequest<Full<Bytes>>,
    body: Bytes,
    left: Rc<Cell<usize>>,
    each: Rc<RefCell<Vec<f64>>>,
    tokens: usize,
) -> io::Result<()> {
    while left.get() > 0 {
        left.set(left.get() - 1);
        let asked = Instant::now();
        let request = Request::post("/v1/chat/completions")
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .body(Full::new(body.clone()))
            .map_err(io::Error::other)?;
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let mut body = response.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(io::Error::other)?;
            length += frame.data_ref().map_or(0, Bytes::len);
        }
        if length < tokens * 100 {
            return Err(io::Error::other("the provider has said too little"));
        }
        each.borrow_mut().push(asked.elapsed().as_secs_f64() * 1e6);
    }
    Ok(())
}

/// The provider as a process of its own, on another processor than ours.
struct Provider {
    child: Child,
    address: SocketAddr,
}

impl Provider {
    fn start(latency: Duration, tokens: usize) -> io::Result<Self> {
        let (latency, tokens) = (latency.as_millis().to_string(), tokens.to_string());
        Provider::run(["provider", &latency, &tokens])
    }

    fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> io::Result<Self> {
        pin(0)?;
        let child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn();
        pin(last_processor())?;
        let mut child = child?;
        let mut port = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut port)?;
        }
        let port = port.trim().parse().map_err(io::Error::other)?;
        Ok(Provider {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
