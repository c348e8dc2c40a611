//! Servers on stdin and stdout: how many messages they answer, compared with the floor.
//!
//! All run on one processor together with this client, so that a number is the cost of the work and does not depend on
//! how well two processors hide it. In a round each server has a stretch of the same load, one after another, in
//! rotating order. Only stretches of the same round are compared.
//!
//! Never here: the requests ([`crate::load`]).

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    gate::RESIDENT,
    load::Load,
    numbers::median,
    process::{HELLO, Server, Subject, own_time},
    report::{Goal, Report, Row},
};

/// Requests in flight must fit into a pipe if the client is to write them before it reads.
const PIPE: usize = 60 << 10;

/// Most bytes of requests and answers of one round.
const MOST: usize = 64 << 20;

/// Number and length of rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
    pub(crate) lives: usize,
}

impl Effort {
    pub(crate) const FULL: Effort = Effort {
        rounds: 15,
        round: Duration::from_millis(80),
        lives: 101,
    };
    pub(crate) const SHORT: Effort = Effort {
        rounds: 3,
        round: Duration::from_millis(20),
        lives: 9,
    };

    /// The share of a full round's calls.
    pub(crate) fn share(self) -> f64 {
        self.round.as_secs_f64() / Effort::FULL.round.as_secs_f64()
    }
}

#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub(crate) ours: &'a Path,
    pub(crate) floor: &'a Path,
    pub(crate) peers: &'a [Subject],
    /// A folder for temporary files.
    pub(crate) folder: &'a Path,
}

/// All loads with their goals.
pub(crate) fn run(field: &Field<'_>, effort: Effort, report: &mut Report) -> io::Result<()> {
    let loads = [
        (Load::ping(1), Some(Goal::RatioAtLeast(0.80))),
        (Load::list_tools(1), Some(Goal::RatioAtLeast(0.80))),
        (Load::ping(64), Some(Goal::RatioAtLeast(0.55))),
        (Load::list_tools(64), Some(Goal::RatioAtLeast(0.85))),
        (Load::call(100, 1), None),
        (Load::call(100, 64), None),
        (Load::call(10_000, 64), None),
        (Load::call(1_000_000, 1), None),
    ];
    lives(field, effort, report)?;
    small_loads(field, report)?;
    for (load, goal) in loads {
        report.add(measure(field, &load, effort)?.goal(goal));
    }
    Ok(())
}

pub(crate) fn measure(field: &Field<'_>, load: &Load, effort: Effort) -> io::Result<Row> {
    let ours = Subject::ours(field.ours);
    let floor = floor(field, &ours, &load.request(0))?;
    let subjects: Vec<&Subject> = [&ours, &floor].into_iter().chain(field.peers).collect();
    let mut runners = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let runner = Runner::start(subject, load, effort.round);
        runners.push(runner.map_err(|error| named(&subject.name, load, &error))?);
    }
    for round in 0..effort.rounds {
        for place in 0..runners.len() {
            let place = (place + round) % runners.len();
            runners[place]
                .run(load)
                .map_err(|error| named(&runners[place].name, load, &error))?;
        }
    }
    let (ours, floor) = (&runners[0].rounds, &runners[1].rounds);
    let ratio = |part: fn(&Round) -> f64| {
        let pairs = ours.iter().zip(floor);
        median(pairs.map(|(ours, floor)| part(floor) / part(ours)))
    };
    let micros = |runner: &Runner, part: fn(&Round) -> f64| median(runner.rounds.iter().map(part));
    let mut row = Row::new(&load.name, "µs", micros(&runners[0], |round| round.wall))
        .base(micros(&runners[1], |round| round.wall))
        .ratio(ratio(|round| round.wall));
    row.detail("ratio by processor time", ratio(|round| round.both));
    for runner in &runners {
        row.detail(
            &format!("{}: processor µs per message", runner.name),
            micros(runner, |round| round.server),
        );
        row.detail(
            &format!("{}: messages per second", runner.name),
            1e6 / micros(runner, |round| round.wall),
        );
    }
    for runner in &runners[2..] {
        row.peer(&runner.name, micros(runner, |round| round.wall));
    }
    for runner in runners {
        runner.server.end()?;
    }
    Ok(row)
}

fn named(name: &str, load: &Load, error: &io::Error) -> io::Error {
    io::Error::other(format!("{name}: {}: {error}", load.name))
}

/// Microseconds per message of one server alone, and milliseconds to its first answer.
pub(crate) fn alone(subject: &Subject, load: &Load, effort: Effort) -> io::Result<(f64, f64)> {
    let mut starts = Vec::new();
    for _ in 0..effort.lives {
        let begin = Instant::now();
        let mut server = subject.start()?;
        server.ask(HELLO)?;
        starts.push(begin.elapsed().as_secs_f64() * 1e3);
        server.end()?;
    }
    let mut runner = Runner::start(subject, load, effort.round)?;
    for _ in 0..effort.rounds {
        runner.run(load)?;
    }
    runner.server.end()?;
    let each = median(runner.rounds.iter().map(|round| round.wall));
    Ok((each, median(starts)))
}

/// The floor with the answer that our own server gives to this request.
fn floor(field: &Field<'_>, ours: &Subject, request: &str) -> io::Result<Subject> {
    let mut server = ours.start()?;
    if request != HELLO {
        server.shake_hands()?;
    }
    let answer = server.ask(request)?;
    server.end()?;
    let rest = answer
        .strip_prefix(r#"{"jsonrpc":"2.0","id":"#)
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        .ok_or_else(|| io::Error::other(format!("unexpected answer: {answer}")))?;
    let file = field.folder.join("floor-answer");
    fs::write(&file, rest)?;
    Ok(Subject::floor(field.floor, &file))
}

/// One server under one load.
struct Runner {
    name: String,
    server: Server,
    requests: Vec<u8>,
    request: usize,
    answer: usize,
    answers: Vec<u8>,
    count: usize,
    rounds: Vec<Round>,
}

/// Microseconds per message.
struct Round {
    wall: f64,
    /// On a processor, of the server.
    server: f64,
    /// On a processor, of server and client.
    both: f64,
}

impl Runner {
    /// A server that is ready, and the length of its answers to this load.
    fn new(subject: &Subject, mut server: Server, load: &Load) -> io::Result<Self> {
        let answer = server.ask(&load.request(0))?.len();
        Ok(Runner {
            name: subject.name.clone(),
            server,
            requests: Vec::new(),
            request: 0,
            answer,
            answers: Vec::new(),
            count: 0,
            rounds: Vec::new(),
        })
    }

    /// Starts the server, warms it up, and finds how many messages make a round.
    fn start(subject: &Subject, load: &Load, round: Duration) -> io::Result<Self> {
        let mut server = subject.start()?;
        server.shake_hands()?;
        let mut runner = Runner::new(subject, server, load)?;
        let answer = runner.answer;
        let mut count = load.window * 4;
        loop {
            runner.prepare(load, count);
            let took = runner.exchange(load)?;
            let most = (MOST / (runner.request + answer)).max(2);
            if took >= round || count >= most {
                return Ok(runner);
            }
            let factor = round.as_secs_f64() / took.as_secs_f64() * 1.1;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            // Never negative, and bounded below.
            let wanted = (count as f64 * factor.min(20.0)) as usize;
            count = wanted.max(count + 1).min(most);
        }
    }

    fn prepare(&mut self, load: &Load, count: usize) {
        (self.requests, self.request) = load.requests(count);
        // Not zeroed lazily: the pages must exist before the clock starts.
        self.answers = vec![1; count * self.answer];
        self.count = count;
    }

    fn run(&mut self, load: &Load) -> io::Result<()> {
        let (server, client) = (self.server.busy(), own_time());
        let wall = self.exchange(load)?.as_secs_f64();
        let server = self.server.busy() - server;
        let both = server + own_time() - client;
        let scale = 1e6 / self.count as f64;
        self.rounds.push(Round {
            wall: wall * scale,
            server: server * scale,
            both: both * scale,
        });
        Ok(())
    }

    /// All requests, all answers, verified after the clock has stopped.
    fn exchange(&mut self, load: &Load) -> io::Result<Duration> {
        let patient = load.window == 1 || load.window * self.request <= PIPE;
        if !patient {
            self.server.never_wait()?;
        }
        let start = Instant::now();
        let done = if patient {
            self.turn_by_turn(load.window)
        } else {
            self.at_once(load.window)
        };
        let time = start.elapsed();
        done?;
        self.server.wait_again()?;
        load.verify(&self.answers, self.count)
            .map_err(io::Error::other)?;
        Ok(time)
    }

    /// Writes what may be in flight, then reads. No call returns without having done work.
    fn turn_by_turn(&mut self, window: usize) -> io::Result<()> {
        let (mut sent, mut received) = (0, 0);
        while received < self.answers.len() {
            let upto = (received / self.answer + window).min(self.count);
            if sent < upto {
                self.server
                    .stdin
                    .write_all(&self.requests[sent * self.request..upto * self.request])?;
                sent = upto;
            }
            match self.server.stdout.read(&mut self.answers[received..])? {
                0 => return Err(io::Error::other("the server has exited")),
                read => received += read,
            }
        }
        Ok(())
    }

    /// Writes and reads whatever is possible, for requests that exceed a pipe.
    fn at_once(&mut self, window: usize) -> io::Result<()> {
        let (mut sent, mut received) = (0, 0);
        while received < self.answers.len() {
            let upto = (received / self.answer + window).min(self.count) * self.request;
            let wrote = sent < upto
                && match self.server.stdin.write(&self.requests[sent..upto]) {
                    Ok(bytes) => {
                        sent += bytes;
                        true
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
                    Err(error) => return Err(error),
                };
            match self.server.stdout.read(&mut self.answers[received..]) {
                Ok(0) => return Err(io::Error::other("the server has exited")),
                Ok(read) => received += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !wrote {
                        self.server.wait_for(sent < upto)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Times from start to the first answer, and from the end of input to the exit.
fn lives(field: &Field<'_>, effort: Effort, report: &mut Report) -> io::Result<()> {
    let ours = Subject::ours(field.ours);
    let floor = floor(field, &ours, HELLO)?;
    let in_company = Subject::with_certificates(field.ours, field.folder)?;
    let own = [&ours, &floor, &in_company];
    let subjects: Vec<&Subject> = own.into_iter().chain(field.peers).collect();
    let mut starts = vec![Vec::new(); subjects.len()];
    let mut ends = starts.clone();
    for life in 0..=effort.lives {
        for place in 0..subjects.len() {
            let place = (place + life) % subjects.len();
            // Interpreters start slowly: fewer rounds are enough.
            if place >= own.len() && life % 5 != 0 {
                continue;
            }
            let begin = Instant::now();
            let mut server = subjects[place].start()?;
            let answer = server.ask(HELLO)?;
            let answered = begin.elapsed();
            if !answer.contains("protocolVersion") {
                return Err(io::Error::other(format!("unexpected answer: {answer}")));
            }
            let left = server.end()?;
            // The first life reads the program from the disk.
            if life > 0 {
                starts[place].push(answered.as_secs_f64() * 1e3);
                ends[place].push(left.as_secs_f64() * 1e3);
            }
        }
    }
    let middle = |times: &[Vec<f64>], place: usize| median(times[place].iter().copied());
    let added = |place: usize, to: usize| {
        let pairs = starts[place].iter().zip(&starts[to]);
        median(pairs.map(|(one, other)| one - other))
    };
    let mut row = Row::new("start to first answer", "ms", middle(&starts, 0))
        .base(middle(&starts, 1))
        .added(added(0, 1))
        .goal(Goal::AddedAtMost(0.35));
    // Nothing is read before the first connection, so the difference is noise.
    let named = Row::new("the same, certificates named", "ms", middle(&starts, 2))
        .base(middle(&starts, 0))
        .added(added(2, 0))
        .goal(Goal::AddedAtMost(0.1));
    let mut end = Row::new("end of input to exit", "ms", middle(&ends, 0))
        .base(middle(&ends, 1))
        .goal(Goal::AtMost(1.0));
    for (place, peer) in subjects.iter().enumerate().skip(own.len()) {
        row.peer(&peer.name, middle(&starts, place));
        end.peer(&peer.name, middle(&ends, place));
    }
    report.add(row);
    report.add(named);
    report.add(end);
    Ok(())
}

/// One process through all small loads, to measure its memory.
fn small_loads(field: &Field<'_>, report: &mut Report) -> io::Result<()> {
    let subjects = [Subject::ours(field.ours)];
    let mut first: Vec<Row> = Vec::new();
    for subject in subjects.iter().chain(field.peers) {
        let mut server = subject.start()?;
        server.shake_hands()?;
        // Wait until the threads of the start exist.
        std::thread::sleep(Duration::from_millis(20));
        let (resident, share) = (server.resident(), server.proportional());
        for load in [
            Load::ping(1),
            Load::list_tools(1),
            Load::call(100, 1),
            Load::ping(64),
            Load::list_tools(64),
            Load::call(100, 64),
        ] {
            let mut now = Runner::new(subject, server, &load)?;
            now.prepare(&load, 2_000);
            now.exchange(&load)
                .map_err(|error| named(&subject.name, &load, &error))?;
            server = now.server;
        }
        let peak = server.peak();
        server.end()?;
        const MIB: f64 = 1024.0;
        let rows = [
            ("resident after initialize", resident / MIB, Some(RESIDENT)),
            ("the same, by share (PSS)", share / MIB, None),
            ("peak after all small loads", peak / MIB, None),
        ];
        if first.is_empty() {
            first = rows
                .iter()
                .map(|(name, value, goal)| {
                    Row::new(name, "MiB", *value).goal(goal.map(Goal::AtMost))
                })
                .collect();
        } else {
            for (row, (_, value, _)) in first.iter_mut().zip(rows) {
                row.peer(&subject.name, value);
            }
        }
    }
    first.into_iter().for_each(|row| report.add(row));
    Ok(())
}
