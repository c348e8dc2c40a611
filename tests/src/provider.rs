//! A mock provider: one small HTTP server that speaks every provider's wire format and fails on command.
//!
//! Here: the server, its routes, what it records. In `families`: the formats, a file each. In `reply`: the behaviour of
//! one reply. In `wire`: its bytes. In `catalog`: the default behaviour (echo, model lists, faults by model id). In
//! `flood`: a reply that never stops. In `strict`: refusing what the real service refuses. In `bodies`: what is kept of
//! requests for `tests/contracts/`.
//! Never here: anything about MCP.

mod bodies;
mod catalog;
mod families;
mod flood;
mod reply;
mod strict;
mod wire;

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, ready};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::net::sockopt::set_socket_linger;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::time::Sleep;

pub use self::catalog::{FAULTS, SHAPES};
pub use self::families::{Family, Format, Refusal, Stream};
pub use self::flood::Flood;
pub use self::reply::Reply;
use self::reply::{End, Start};
pub use self::strict::{Served, Use};
pub use self::wire::Ending;

/// How the reply to a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Still being answered.
    Open,
    /// Answered as planned, planned cuts included.
    Finished,
    /// The client disconnected first.
    Dropped,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST`, `GET`, …
    pub method: String,
    /// Path and query, still percent-encoded, without the fault at its start.
    pub path: String,
    /// The fault at the start of the path, if the base URL has one.
    pub fault: Option<String>,
    /// Names in lower case, in the order they arrived.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// When the whole body had been read.
    pub at: Instant,
    /// The status of its reply.
    pub status: u16,
    /// How the reply ended, at the time this copy was made.
    pub outcome: Outcome,
    /// The connection it came on, counted from 1 in order of arrival.
    pub connection: usize,
}

impl Request {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` if it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The format of its path.
    pub fn family(&self) -> Option<Family> {
        Family::of_path(&self.path)
    }

    /// The model that it names.
    pub fn model(&self) -> Option<String> {
        self.family()?.format().model_of(self)
    }

    /// Whether it asks for an answer of a model.
    pub fn is_chat(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let format = self.family().map(Family::format);
        self.method == "POST"
            && format.is_some_and(|format| {
                let below = path.strip_prefix(format.folder());
                below.is_some_and(|below| format.is_chat_path(below))
            })
    }

    /// Whether it has a header of that (lower-case) name with a value.
    fn has(&self, name: &str) -> bool {
        self.header(name)
            .is_some_and(|value| !value.trim().is_empty())
    }

    /// Whether it has a token in `Authorization`.
    fn has_bearer(&self) -> bool {
        let value = self.header("authorization");
        let token = value.and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| !token.trim().is_empty())
    }

    /// The key or token that it has, in whichever header; empty if none.
    pub fn credential(&self) -> &str {
        let bearer = self
            .header("authorization")
            .map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
        self.header("x-api-key")
            .or(self.header("x-goog-api-key"))
            .or(self.header("api-key"))
            .or(bearer)
            .unwrap_or_default()
    }
}

/// A running mock provider. It has a thread of its own and stops when dropped.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Provider {
    /// Starts on a free port of 127.0.0.1.
    pub fn start() -> Self {
        Self::start_on(0).expect("a free port on 127.0.0.1")
    }

    /// Starts on this port of 127.0.0.1; 0 picks a free one.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn start_on(port: u16) -> io::Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, port).into())
    }

    /// The same on another address, for clients in containers.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;

        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let shared = Arc::new(Shared {
            test,
            ..Shared::default()
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("mock-provider".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    runtime.block_on(async {
                        tokio::spawn(accept(listener, shared));
                        _ = stopped.await;
                    });
                }
            })?;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The base URL to configure for a family.
    pub fn base_url(&self, family: Family) -> String {
        format!("http://{}{}", self.address, family.format().folder())
    }

    /// The variables that point a gateway to this provider: the base URLs of [`Family::NATIVE`].
    pub fn urls(&self) -> [(&'static str, String); 3] {
        Family::NATIVE.map(|family| self.family_env(family)[0].clone())
    }

    /// [`Provider::urls`] and a key for each ([`Family::key`]).
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let keys = Family::NATIVE.map(|family| self.family_env(family)[1].clone());
        self.urls().into_iter().chain(keys).collect()
    }

    /// The variables that make the Chat Completions of this provider an endpoint of the gateway, named [`Family::id`],
    /// with its key.
    pub fn compatible_env(&self) -> [(&'static str, String); 2] {
        self.family_env(Family::Compatible)
    }

    /// The variables that make one family of this provider an endpoint of the gateway, with its key.
    pub fn family_env(&self, family: Family) -> [(&'static str, String); 2] {
        let [address, key] = family.format().variables();
        [
            (address, self.base_url(family)),
            (key, family.key().to_owned()),
        ]
    }

    /// The same of all families.
    pub fn every_env(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = Family::ALL.into_iter();
        all.flat_map(|family| self.family_env(family))
    }

    /// Queues replies for this family's next POST requests. An empty queue means default behaviour.
    pub fn script(&self, family: Family, replies: impl IntoIterator<Item = Reply>) {
        self.shared.enqueue("POST", family, replies);
    }

    /// Queues replies for this family's next GET requests (the list of models).
    pub fn script_models(&self, family: Family, replies: impl IntoIterator<Item = Reply>) {
        self.shared.enqueue("GET", family, replies);
    }

    /// From now on answers this family's POST requests with this reply whenever their queue is empty.
    pub fn always(&self, family: Family, reply: Reply) {
        self.shared
            .change(|state| state.standing.insert(family, reply));
    }

    /// From now on this family has these models and no others, and refuses what the real service refuses.
    pub fn serve_only(&self, family: Family, models: impl IntoIterator<Item = Served>) {
        let models = models.into_iter().collect();
        self.shared
            .change(|state| state.served.insert(family, models));
    }

    /// From now on answers requests outside all families' folders with this reply.
    pub fn anywhere(&self, reply: Reply) {
        self.shared.change(|state| state.anywhere = Some(reply));
    }

    /// Releases all replies that wait at their gate ([`Reply::gate_after`]), and later ones.
    pub fn open_gate(&self) {
        self.shared.gate.send_replace(true);
    }

    /// How many replies have reached their gate.
    pub fn at_gate(&self) -> usize {
        self.shared.state.lock().unwrap().at_gate
    }

    /// How many scripted replies of this family have not been used yet.
    pub fn unused(&self, family: Family) -> usize {
        let state = self.shared.state.lock().unwrap();
        state
            .queues
            .iter()
            .filter(|((_, known), _)| *known == family)
            .map(|(_, queue)| queue.len())
            .sum()
    }

    /// Keeps only the last so many requests from now on; by default all are kept.
    pub fn remember(&self, most: usize) {
        self.shared.change(|state| state.most = Some(most));
    }

    /// Closes all idle connections, and from now on each one after its next reply.
    pub fn close_idle(&self) {
        self.shared.closing.send_replace(true);
    }

    /// Every request so far, in order of arrival, as far as they are kept.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state.lock().unwrap().requests.clone().into()
    }

    /// Waits until that many requests have arrived and returns all of them; panics after `limit`.
    #[track_caller]
    pub fn wait_requests(&self, count: usize, limit: Duration) -> Vec<Request> {
        self.wait(limit, &format!("{count} requests"), |state| {
            (state.requests.len() >= count).then(|| state.requests.clone().into())
        })
    }

    /// Waits until a client has dropped a connection before its reply was finished, and returns the first such request;
    /// panics after `limit`.
    #[track_caller]
    pub fn wait_dropped(&self, limit: Duration) -> Request {
        self.wait(limit, "a dropped request", |state| {
            state
                .requests
                .iter()
                .find(|request| request.outcome == Outcome::Dropped)
                .cloned()
        })
    }

    /// Open connections, idle ones included.
    pub fn open_connections(&self) -> usize {
        self.shared.state.lock().unwrap().connections
    }

    /// Waits until no connection is open; panics after `limit`.
    #[track_caller]
    pub fn wait_no_connections(&self, limit: Duration) {
        self.wait(limit, "no open connections", |state| {
            (state.connections == 0).then_some(())
        });
    }

    #[track_caller]
    fn wait<T>(
        &self,
        limit: Duration,
        wanted: &str,
        mut found: impl FnMut(&State) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + limit;
        let mut state = self.shared.state.lock().unwrap();
        loop {
            if let Some(value) = found(&state) {
                return value;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seen: Vec<_> = state
                    .requests
                    .iter()
                    .map(|r| (&r.method, &r.path, r.outcome))
                    .collect();
                panic!(
                    "mock provider: expected {wanted} within {limit:?}; {} connections open, requests: {seen:#?}",
                    state.connections
                );
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    /// The thread that started it, which is named after its test.
    test: String,
    state: Mutex<State>,
    changed: Condvar,
    gate: watch::Sender<bool>,
    closing: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    requests: VecDeque<Request>,
    /// How many earlier requests were discarded.
    forgotten: usize,
    /// How many are kept, if not all.
    most: Option<usize>,
    queues: HashMap<(&'static str, Family), VecDeque<Reply>>,
    /// Replies that replace the default behaviour.
    standing: HashMap<Family, Reply>,
    /// The models of families that have only these.
    served: HashMap<Family, Vec<Served>>,
    /// For requests of no family.
    anywhere: Option<Reply>,
    /// Models of the `fault-once-…` kind that have failed already.
    failed_once: HashSet<(Family, String)>,
    connections: usize,
    /// Connections ever accepted.
    accepted: usize,
    at_gate: usize,
}

impl State {
    /// Keeps a request, and returns its number.
    fn remember(&mut self, request: Request) -> usize {
        self.requests.push_back(request);
        if self.most.is_some_and(|most| self.requests.len() > most) {
            self.requests.pop_front();
            self.forgotten += 1;
        }
        self.forgotten + self.requests.len() - 1
    }

    /// The request with this number, as long as it is kept.
    fn kept(&mut self, number: usize) -> Option<&mut Request> {
        let place = number.checked_sub(self.forgotten)?;
        self.requests.get_mut(place)
    }

    fn ended(&mut self, number: usize, outcome: Outcome) {
        if let Some(request) = self.kept(number) {
            request.outcome = outcome;
        }
    }
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
        result
    }

    fn enqueue(
        &self,
        method: &'static str,
        family: Family,
        replies: impl IntoIterator<Item = Reply>,
    ) {
        self.state
            .lock()
            .unwrap()
            .queues
            .entry((method, family))
            .or_default()
            .extend(replies);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener =
        tokio::net::TcpListener::from_std(listener).expect("the listener fits the runtime");
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Probably out of file descriptors: some will be freed.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        let Ok(socket) = stream.as_fd().try_clone_to_owned().map(Arc::new) else {
            continue;
        };
        tokio::spawn(async move {
            let open = Connection::new(&shared);
            let service = service_fn(|request| {
                answer(
                    Arc::clone(&shared),
                    request,
                    open.number,
                    Arc::clone(&socket),
                )
            });
            let serving = hyper::server::conn::http1::Builder::new()
                .header_read_timeout(None)
                .serve_connection(TokioIo::new(stream), service);
            // The connection must be closed before it counts as closed.
            {
                let mut serving = pin!(serving);
                let mut closing = shared.closing.subscribe();
                let mut closing = pin!(closing.wait_for(|closing| *closing));
                let ended = poll_fn(|context| match serving.as_mut().poll(context) {
                    Poll::Ready(_) => Poll::Ready(true),
                    Poll::Pending => closing.as_mut().poll(context).map(|_| false),
                });
                if !ended.await {
                    serving.as_mut().graceful_shutdown();
                    _ = serving.await;
                }
            }
            drop(open);
        });
    }
}

/// Counts one open connection while it lives.
struct Connection<'a> {
    shared: &'a Shared,
    number: usize,
}

impl<'a> Connection<'a> {
    fn new(shared: &'a Shared) -> Self {
        let number = shared.change(|state| {
            state.connections += 1;
            state.accepted += 1;
            state.accepted
        });
        Self { shared, number }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.shared.change(|state| state.connections -= 1);
    }
}

/// One request and its response. An error makes hyper close the connection without another byte.
async fn answer(
    shared: Arc<Shared>,
    incoming: hyper::Request<Incoming>,
    connection: usize,
    socket: Arc<OwnedFd>,
) -> Result<hyper::Response<Pieces>, io::Error> {
    let (head, body) = incoming.into_parts();
    let body = body
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes()
        .to_vec();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let path = head
        .uri
        .path_and_query()
        .map_or_else(|| head.uri.to_string(), ToString::to_string);
    let (fault, path) = catalog::fault_in_front(&path);
    let request = Request {
        method: head.method.to_string(),
        path: path.to_owned(),
        fault: fault.map(str::to_owned),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body,
        at: Instant::now(),
        status: 0,
        outcome: Outcome::Open,
        connection,
    };
    bodies::keep(&shared.test, &request);
    let (index, reply) = shared.change(|state| {
        let index = state.remember(request.clone());
        let scripted = request.family().and_then(|family| {
            let is_get = request.method == "GET";
            let method = if is_get { "GET" } else { "POST" };
            let queue = state.queues.get_mut(&(method, family));
            queue.and_then(VecDeque::pop_front).or_else(|| {
                let standing = state.standing.get(&family);
                standing.filter(|_| !is_get).cloned()
            })
        });
        let elsewhere = || {
            state
                .anywhere
                .clone()
                .filter(|_| request.family().is_none())
        };
        let scripted = scripted.or_else(elsewhere);
        let scripted = scripted.or_else(|| {
            let family = request.family()?;
            strict::reply(family, state.served.get(&family)?, &request)
        });
        let reply = scripted.unwrap_or_else(|| catalog::reply(&request, &mut state.failed_once));
        if let Some(kept) = state.kept(index) {
            kept.status = reply.status;
        }
        (index, reply)
    });
    let mut watch = Watch {
        shared,
        index,
        socket,
        finished: false,
    };

    match reply.start {
        Start::After(delay) => tokio::time::sleep(delay).await,
        Start::Never => match std::future::pending::<Infallible>().await {},
        Start::Cut => {
            watch.finish();
            return Err(io::Error::other("planned cut"));
        }
        Start::Reset => return Err(watch.reset()),
    }
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(
            name,
            reply
                .fill_in(&Bytes::from(value.clone()), &request)
                .as_ref(),
        );
    }
    if !reply
        .headers
        .iter()
        .any(|(name, _)| name.ends_with("request-id"))
    {
        let family = request.family();
        let name = family.map_or("x-request-id", |it| it.format().request_id_header());
        response = response.header(name, format!("req_mock_{}", index + 1));
    }
    response
        .body(Pieces::new(&reply, &request, watch))
        .map_err(io::Error::other)
}

/// Records how a request ends: finished if that was reported, dropped otherwise.
struct Watch {
    shared: Arc<Shared>,
    index: usize,
    socket: Arc<OwnedFd>,
    finished: bool,
}

impl Watch {
    /// The error that makes hyper close the connection, which then is a reset.
    fn reset(&mut self) -> io::Error {
        _ = set_socket_linger(&self.socket, Some(Duration::ZERO));
        self.finish();
        io::Error::other("planned reset")
    }

    fn finish(&mut self) {
        if !self.finished {
            self.finished = true;
            self.shared
                .change(|state| state.ended(self.index, Outcome::Finished));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.finished {
            self.shared
                .change(|state| state.ended(self.index, Outcome::Dropped));
        }
    }
}

/// The body of a reply: its pieces at their times, then its end.
struct Pieces {
    waiting: VecDeque<Bytes>,
    /// The piece that is repeated.
    last: Option<Bytes>,
    pause: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Pieces before the gate.
    gate: Option<usize>,
    closed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    length: Option<u64>,
    end: End,
    watch: Watch,
}

/// Long enough for what was sent before a cut to leave the process.
const BEFORE_CUT: Duration = Duration::from_millis(20);

impl Pieces {
    fn new(reply: &Reply, request: &Request, watch: Watch) -> Self {
        let filled = reply
            .pieces
            .iter()
            .map(|piece| reply.fill_in(piece, request));
        let waiting: VecDeque<Bytes> = if reply.dribble {
            filled
                .flat_map(|piece| (0..piece.len()).map(move |at| piece.slice(at..=at)))
                .collect()
        } else {
            filled.collect()
        };
        let length = (!reply.streamed && reply.end == End::Clean)
            .then(|| waiting.iter().map(|piece| piece.len() as u64).sum());
        let mut pieces = Self {
            waiting,
            last: None,
            pause: reply.pause,
            timer: None,
            gate: reply.gate,
            closed: None,
            length,
            end: reply.end,
            watch,
        };
        pieces.prepare();
        pieces
    }

    /// Sets the timer for the next piece, and records the end.
    fn prepare(&mut self) {
        if self.gate == Some(0) {
            let shared = Arc::clone(&self.watch.shared);
            shared.change(|state| state.at_gate += 1);
            let mut gate = shared.gate.subscribe();
            self.closed = Some(Box::pin(async move {
                _ = gate.wait_for(|open| *open).await;
            }));
        }
        self.gate = self.gate.and_then(|left| left.checked_sub(1));
        let delay = match (self.waiting.is_empty(), self.end) {
            (false, _) => self.pause,
            (true, End::Cut | End::Reset) => BEFORE_CUT,
            (true, End::Hang) => return,
            (true, End::Again) => {
                self.waiting.extend(self.last.clone());
                self.pause
            }
            (true, End::Clean) => return self.watch.finish(),
        };
        self.timer = (!delay.is_zero()).then(|| Box::pin(tokio::time::sleep(delay)));
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(gate) = &mut self.closed {
            ready!(gate.as_mut().poll(context));
            self.closed = None;
        }
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(context));
            self.timer = None;
        }
        if let Some(piece) = self.waiting.pop_front() {
            if self.end == End::Again {
                self.last = Some(piece.clone());
            }
            self.prepare();
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match self.end {
            End::Clean => Poll::Ready(None),
            End::Hang | End::Again => Poll::Pending,
            End::Reset => Poll::Ready(Some(Err(self.watch.reset()))),
            End::Cut => {
                self.watch.finish();
                Poll::Ready(Some(Err(io::Error::other("planned cut"))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_empty() && self.end == End::Clean
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
