//! Addresses of hosts: `getaddrinfo` of the C library, with a time limit of our own, and with a look-up per address
//! family.
//!
//! The static program has musl's resolver. It waits 5 s for every name where there is no network, fails a whole look-up
//! when only one family's answer is broken, and returns the same error for every failure (decision 011).
//!
//! Never here: connections, caches.

use std::{
    collections::HashMap,
    error::Error,
    fmt, fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType};
use tokio::{
    sync::{Semaphore, oneshot, watch},
    time::{Instant, timeout},
};

/// Longest look-up. musl sends its query again after 2.5 s.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Longest look-up where no name server can be reached: enough for names in `/etc/hosts`.
const LIMIT_WITHOUT_NETWORK: Duration = Duration::from_millis(200);

/// Most look-ups at once, each on a thread of its own, since the C library blocks.
const AT_ONCE: usize = 4;

/// Most look-ups of IPv6 addresses at once: in practice it is these that hang, and a thread in the C library cannot be
/// cancelled.
const V6_AT_ONCE: usize = 2;

/// Addresses reserved for documentation (RFC 5737, RFC 3849). Nothing is sent to them.
const SOMEWHERE_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SOMEWHERE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Looks up names. Clones share the look-ups in progress, so that many calls at once cause one.
#[derive(Clone)]
pub(crate) struct Resolver {
    blocking_look_up: Arc<BlockingLookUp>,
    in_flight: Arc<Mutex<InFlight>>,
    all: Arc<Semaphore>,
    v6: Arc<Semaphore>,
}

/// The blocking look-up; replaced in tests.
type BlockingLookUp = dyn Fn(&str, Family) -> LookUp + Send + Sync;

/// A look-up in progress. It continues when its callers are gone, since its thread does.
type InFlight = HashMap<(String, Family), watch::Receiver<Option<LookUp>>>;

/// The addresses of one family.
pub(crate) type LookUp = Result<Vec<IpAddr>, LookUpError>;

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LookUpError {
    /// No name server can be reached; holds the first of them, if one is configured.
    NoNetwork(String, Option<IpAddr>),
    /// No answer in time.
    Timeout(String),
    /// The name does not exist, or has no addresses.
    Unknown(String),
    /// The name server did not answer, or reported a failure.
    NoAnswer(String),
    /// Another error of the C library.
    Other(String, String),
}

impl Default for Resolver {
    fn default() -> Self {
        Resolver::new(blocking_look_up)
    }
}

impl Resolver {
    /// A resolver with this look-up function.
    pub(crate) fn new(
        blocking_look_up: impl Fn(&str, Family) -> LookUp + Send + Sync + 'static,
    ) -> Self {
        Resolver {
            blocking_look_up: Arc::new(blocking_look_up),
            in_flight: Arc::default(),
            all: Arc::new(Semaphore::new(AT_ONCE)),
            v6: Arc::new(Semaphore::new(V6_AT_ONCE)),
        }
    }

    /// The addresses of a host in one family.
    ///
    /// # Errors
    /// No address, or no answer within the limit.
    pub(crate) async fn look_up(&self, host: &str, family: Family) -> LookUp {
        let unreachable = unreachable_server();
        let limit = match unreachable {
            Some(_) => LIMIT_WITHOUT_NETWORK,
            None => LIMIT,
        };
        let begun = Instant::now();
        let mut outcome = self.join(host, family);
        let outcome = match timeout(limit, outcome.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone(),
            // Its task ends only with the runtime.
            Ok(Err(_)) => None,
            Err(_) => Some(Err(LookUpError::Timeout(host.into()))),
        };
        match (outcome, unreachable) {
            (Some(Ok(addresses)), _) => Ok(addresses),
            (_, Some(server)) => Err(LookUpError::NoNetwork(host.into(), server)),
            // The C library returns the same error for a silent server and for a failed one.
            (Some(Err(LookUpError::NoAnswer(host))), None) if begun.elapsed() > LIMIT / 2 => {
                Err(LookUpError::Timeout(host))
            }
            (Some(Err(error)), None) => Err(error),
            (None, None) => Err(LookUpError::NoAnswer(host.into())),
        }
    }

    /// The look-up in progress, or a new one.
    fn join(&self, host: &str, family: Family) -> watch::Receiver<Option<LookUp>> {
        let key = (host.to_owned(), family);
        let mut in_flight = self.lock();
        if let Some(outcome) = in_flight.get(&key) {
            return outcome.clone();
        }
        let (sender, outcome) = watch::channel(None);
        in_flight.insert(key.clone(), outcome.clone());
        drop(in_flight);

        let resolver = self.clone();
        tokio::spawn(async move {
            let _turn = match family {
                Family::V4 => None,
                Family::V6 => resolver.v6.acquire().await.ok(),
            };
            let _place = resolver.all.acquire().await.ok();
            let outcome = on_thread(
                Arc::clone(&resolver.blocking_look_up),
                key.0.clone(),
                family,
            )
            .await;
            let outcome = outcome.unwrap_or_else(|error| {
                let why = format!("there is no thread for it: {error}");
                Err(LookUpError::Other(key.0.clone(), why))
            });
            resolver.lock().remove(&key);
            // The receiver may be gone.
            let _sent = sender.send(Some(outcome));
        });
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

/// Whether there is a route for IPv6, which few containers have.
pub(crate) fn has_v6() -> bool {
    has_route(SOMEWHERE_V6)
}

/// Runs the look-up on a thread of its own. (The runtime's blocking threads would panic where no thread can be started.)
async fn on_thread(
    blocking_look_up: Arc<BlockingLookUp>,
    host: String,
    family: Family,
) -> io::Result<LookUp> {
    let (sender, outcome) = oneshot::channel();
    thread::Builder::new()
        .name("lookup".into())
        .spawn(move || sender.send(blocking_look_up(&host, family)))?;
    outcome.await.map_err(io::Error::other)
}

/// Calls the C library, which blocks.
fn blocking_look_up(host: &str, family: Family) -> LookUp {
    /// glibc's error for a name that has only addresses of the other family (`EAI_ADDRFAMILY`).
    const OTHER_FAMILY: i32 = -9;
    let hints = AddrInfoHints {
        address: match family {
            Family::V4 => AddrFamily::Inet.into(),
            Family::V6 => AddrFamily::Inet6.into(),
        },
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let addresses: Vec<_> = match dns_lookup::getaddrinfo(Some(host), None, Some(hints)) {
        Ok(found) => found.flatten().map(|info| info.sockaddr.ip()).collect(),
        Err(error) => {
            let host = host.to_owned();
            return Err(match error.kind() {
                LookupErrorKind::NoName | LookupErrorKind::NoData => LookUpError::Unknown(host),
                _ if error.error_num() == OTHER_FAMILY => LookUpError::Unknown(host),
                LookupErrorKind::Again => LookUpError::NoAnswer(host),
                _ => LookUpError::Other(host, io::Error::from(error).to_string()),
            });
        }
    };
    if addresses.is_empty() {
        return Err(LookUpError::Unknown(host.into()));
    }
    Ok(addresses)
}

/// If no name server can be reached: the first one, if one is configured.
fn unreachable_server() -> Option<Option<IpAddr>> {
    // Without the file the C library asks a server on this machine, which may exist.
    let text = fs::read_to_string("/etc/resolv.conf").ok()?;
    let servers = name_servers(&text)?;
    if servers.is_empty() {
        return (!has_route(SOMEWHERE_V4) && !has_route(SOMEWHERE_V6)).then_some(None);
    }
    let reachable = servers.iter().any(|server| has_route(*server));
    (!reachable).then(|| servers.first().copied())
}

/// The name servers in a `resolv.conf`, if all can be parsed.
fn name_servers(text: &str) -> Option<Vec<IpAddr>> {
    text.lines()
        .filter_map(|line| line.strip_prefix("nameserver"))
        .map(|server| server.trim().parse().ok())
        .collect()
}

/// Whether the kernel has a route there. Nothing is sent.
fn has_route(to: IpAddr) -> bool {
    let from: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((from, 0)).is_ok_and(|socket| socket.connect((to, 53)).is_ok())
}

impl Error for LookUpError {}

impl fmt::Display for LookUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookUpError::NoNetwork(host, Some(server)) => write!(
                f,
                "there is no network: {host} cannot be looked up, nothing leads to the name server {server}"
            ),
            LookUpError::NoNetwork(host, None) => write!(
                f,
                "there is no network: {host} cannot be looked up, and no name server is configured"
            ),
            LookUpError::Timeout(host) => write!(
                f,
                "{host} cannot be looked up: no answer of a name server in {} s",
                LIMIT.as_secs()
            ),
            LookUpError::Unknown(host) => write!(f, "there is no host {host}"),
            LookUpError::NoAnswer(host) => {
                write!(
                    f,
                    "{host} cannot be looked up: the name server has no answer"
                )
            }
            LookUpError::Other(host, problem) => {
                write!(f, "{host} cannot be looked up: {}", problem.trim())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use std::{
        pin::pin,
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        thread,
    };

    use futures_util::{FutureExt as _, future::join_all};

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// Runs on a runtime like that of the process.
    pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(AT_ONCE)
            .build()
            .unwrap();
        let result = runtime.block_on(work);
        runtime.shutdown_background();
        result
    }

    #[test]
    fn this_machine_is_found_without_a_name_server() {
        let resolver = Resolver::default();
        let addresses = run(resolver.look_up("localhost", Family::V4)).unwrap();
        assert!(addresses.contains(&ADDRESS), "{addresses:?}");
        // Nothing is cached: the C library knows how long an answer is valid.
        assert!(resolver.lock().is_empty());
    }

    #[test]
    fn what_is_no_host_name_is_an_error_that_repeats_it() {
        let error = run(Resolver::default().look_up("no host", Family::V4)).unwrap_err();
        assert!(error.to_string().contains("no host"), "{error}");
    }

    #[test]
    fn many_calls_at_once_ask_once() {
        static LOOK_UPS: AtomicUsize = AtomicUsize::new(0);
        let (go, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let resolver = Resolver::new(move |_, _| {
            LOOK_UPS.fetch_add(1, Ordering::SeqCst);
            let _ended = wait.lock().unwrap().recv();
            Ok(vec![ADDRESS])
        });
        run(async {
            let look_ups = (0..20).map(|_| resolver.look_up("a.example", Family::V4));
            let mut look_ups = pin!(join_all(look_ups));
            assert!(look_ups.as_mut().now_or_never().is_none());
            drop(go);
            for outcome in look_ups.await {
                assert_eq!(outcome, Ok(vec![ADDRESS]));
            }
        });
        assert_eq!(LOOK_UPS.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn look_ups_that_hang_leave_room_for_others() {
        let resolver = Resolver::new(|_, family| {
            if family == Family::V6 {
                loop {
                    thread::park();
                }
            }
            Ok(vec![ADDRESS])
        });
        run(async {
            for host in ["a", "b", "c", "d", "e"] {
                let resolver = resolver.clone();
                tokio::spawn(async move { resolver.look_up(host, Family::V6).await });
            }
            tokio::task::yield_now().await;
            assert_eq!(resolver.look_up("f", Family::V4).await, Ok(vec![ADDRESS]));
        });
    }

    #[test]
    fn a_name_server_that_is_silent_is_not_one_without_an_answer() {
        let resolver = |pause| {
            Resolver::new(move |host, _| {
                thread::sleep(pause);
                Err(LookUpError::NoAnswer(host.into()))
            })
        };
        let late = LIMIT / 2 + Duration::from_millis(100);
        for (pause, says) in [
            (Duration::ZERO, "has no answer"),
            (late, "no answer of a name server in 5 s"),
        ] {
            let error = run(resolver(pause).look_up("a.example", Family::V4)).unwrap_err();
            // Where no name server can be reached there is another reason.
            if !matches!(error, LookUpError::NoNetwork(..)) {
                assert!(error.to_string().contains(says), "{error}");
            }
        }
    }

    #[test]
    fn name_servers_are_read_unless_one_is_strange() {
        let text = "# mine\nnameserver 127.0.0.11\nsearch a.b\nnameserver  ::1\noptions ndots:0\n";
        let servers = name_servers(text).unwrap();
        assert_eq!(
            servers,
            [IpAddr::from([127, 0, 0, 11]), Ipv6Addr::LOCALHOST.into()]
        );
        assert_eq!(name_servers("nameserver fe80::1%eth0\n"), None);
        assert_eq!(name_servers(""), Some(Vec::new()));
    }

    #[test]
    fn there_is_always_a_way_to_this_machine() {
        assert!(has_route(Ipv4Addr::LOCALHOST.into()));
    }
}
