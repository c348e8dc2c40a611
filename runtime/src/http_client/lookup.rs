//! Names to addresses. IPv4 and IPv6 are looked up apart, because a resolver that breaks on one of them
//! (musl's does) would take the other one with it.
//!
//! The operating system does it, so that `/etc/hosts` and the rest of its configuration count. It can
//! only do so blocking, on threads that cannot be called off: their number is limited by the runtime,
//! and whoever waits for a name that is being looked up already waits for that.
//!
//! Never here: ports, or which address is taken.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use nix::{ifaddrs::getifaddrs, net::if_::InterfaceFlags, sys::socket::SockaddrStorage};
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::timeout,
};

/// Longest wait for the answer of one family; a resolver that asks its second server after 5 s can
/// still make it.
const LIMIT: Duration = Duration::from_secs(8);

/// The same where there is no network: the hosts file is read at once, and nobody else will answer. musl
/// alone would take 5 s to find out.
const LIMIT_WITHOUT_NETWORK: Duration = Duration::from_millis(250);

/// Most look-ups of IPv6 addresses at once, half of the threads: it is the ones that hang in practice,
/// and they must leave room for the others.
const V6_AT_ONCE: usize = 2;

/// The kinds of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Family {
    V4,
    V6,
}

/// Why there is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAddress {
    /// The name does not exist, or has no address of this family.
    Unknown,
    /// There was no answer for so long.
    Silent(Duration),
    /// There is no network to ask.
    NoNetwork,
    /// The resolver's own words.
    Failed(String),
}

pub(super) type Answer = Result<Vec<IpAddr>, NoAddress>;

/// What really asks, blocking; another one in tests.
type Ask = dyn Fn(&str, Family) -> Answer + Send + Sync;

/// Looks names up; clones share what is under way.
#[derive(Clone)]
pub(super) struct Resolver {
    ask: Arc<Ask>,
    has_network: fn() -> bool,
    running: Arc<Mutex<Running>>,
    v6: Arc<Semaphore>,
}

type Running = HashMap<(String, Family), watch::Receiver<Option<Answer>>>;

impl Resolver {
    /// The operating system's.
    pub(super) fn system() -> Self {
        Resolver::new(system, has_network)
    }

    /// One that asks somebody else.
    pub(super) fn new(
        ask: impl Fn(&str, Family) -> Answer + Send + Sync + 'static,
        has_network: fn() -> bool,
    ) -> Self {
        Resolver {
            ask: Arc::new(ask),
            has_network,
            running: Arc::default(),
            v6: Arc::new(Semaphore::new(V6_AT_ONCE)),
        }
    }

    /// The addresses of one family.
    pub(super) async fn lookup(&self, host: &str, family: Family) -> Answer {
        let mut answer = self.join(host, family);
        let is_connected = (self.has_network)();
        let limit = if is_connected {
            LIMIT
        } else {
            LIMIT_WITHOUT_NETWORK
        };
        let answer = match timeout(limit, answer.wait_for(Option::is_some)).await {
            Ok(Ok(answer)) => answer.clone(),
            // The task is gone, and the runtime with it.
            Ok(Err(_)) => None,
            Err(_) => Some(Err(NoAddress::Silent(limit))),
        };
        match answer.unwrap_or(Err(NoAddress::Unknown)) {
            Err(_) if !is_connected => Err(NoAddress::NoNetwork),
            answer => answer,
        }
    }

    /// The look-up of this name that is under way, or a new one.
    fn join(&self, host: &str, family: Family) -> watch::Receiver<Option<Answer>> {
        let key = (host.to_owned(), family);
        let mut running = self.running();
        if let Some(answer) = running.get(&key) {
            return answer.clone();
        }
        let (sender, answer) = watch::channel(None);
        running.insert(key, answer.clone());
        drop(running);

        let (resolver, host) = (self.clone(), host.to_owned());
        tokio::spawn(async move {
            let _turn = match family {
                Family::V4 => None,
                Family::V6 => resolver.v6.acquire().await.ok(),
            };
            let ask = Arc::clone(&resolver.ask);
            let name = host.clone();
            let answer = spawn_blocking(move || ask(&name, family)).await;
            resolver.running().remove(&(host, family));
            // Whoever asked may have gone.
            let _heard = sender.send(Some(answer.unwrap_or(Err(NoAddress::Unknown))));
        });
        answer
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAddress::Unknown => f.write_str("no such name, or no address for it"),
            NoAddress::Silent(limit) => {
                write!(f, "no answer from the resolver after {} s", limit.as_secs())
            }
            NoAddress::NoNetwork => f.write_str(
                "there is no network here, only loopback (a container with --network none?)",
            ),
            NoAddress::Failed(why) => f.write_str(why),
        }
    }
}

/// Asks the operating system, blocking.
fn system(host: &str, family: Family) -> Answer {
    /// What the C library says for a name that has only addresses of the other family.
    const OTHER_FAMILY: i32 = -9;
    let hints = AddrInfoHints {
        address: match family {
            Family::V4 => AddrFamily::Inet.into(),
            Family::V6 => AddrFamily::Inet6.into(),
        },
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    match getaddrinfo(Some(host), None, Some(hints)) {
        Ok(found) => Ok(found
            .filter_map(|info| Some(info.ok()?.sockaddr.ip()))
            .collect()),
        Err(error) => Err(match error.kind() {
            LookupErrorKind::NoName | LookupErrorKind::NoData => NoAddress::Unknown,
            _ if error.error_num() == OTHER_FAMILY => NoAddress::Unknown,
            LookupErrorKind::Again => {
                NoAddress::Failed("the resolver has no answer at the moment".into())
            }
            _ => NoAddress::Failed(error.to_string()),
        }),
    }
}

/// Whether any interface but loopback has an address. Taken for granted where that cannot be told.
fn has_network() -> bool {
    let Ok(mut interfaces) = getifaddrs() else {
        return true;
    };
    interfaces.any(|interface| {
        let address: Option<SockaddrStorage> = interface.address;
        interface.flags.contains(InterfaceFlags::IFF_UP)
            && !interface.flags.contains(InterfaceFlags::IFF_LOOPBACK)
            && address.is_some_and(|address| {
                address.as_sockaddr_in().is_some() || address.as_sockaddr_in6().is_some()
            })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use std::{
        net::{Ipv4Addr, Ipv6Addr},
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Instant,
    };

    use super::*;

    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

    /// Runs on a runtime like that of the process.
    pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(4)
            .build()
            .unwrap();
        let result = runtime.block_on(work);
        runtime.shutdown_background();
        result
    }

    #[test]
    fn localhost_has_an_address() {
        let addresses = run(Resolver::system().lookup("localhost", Family::V4)).unwrap();
        assert!(addresses.contains(&V4), "{addresses:?}");
    }

    #[test]
    fn who_asks_for_the_same_name_waits_for_the_same_answer() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let resolver = Resolver::new(
            |_, _| {
                ASKED.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(50));
                Ok(vec![V4])
            },
            || true,
        );
        run(async {
            let lookups = (0..20).map(|_| resolver.lookup("a.example", Family::V4));
            for answer in futures_util::future::join_all(lookups).await {
                assert_eq!(answer, Ok(vec![V4]));
            }
            assert_eq!(ASKED.load(Ordering::SeqCst), 1);
            // It is not kept: the resolver knows better how long an answer holds.
            resolver.lookup("a.example", Family::V4).await.unwrap();
            assert_eq!(ASKED.load(Ordering::SeqCst), 2);
        });
    }

    #[test]
    fn look_ups_that_hang_leave_room_for_others() {
        let resolver = Resolver::new(
            |_, family| match family {
                Family::V4 => Ok(vec![V4]),
                Family::V6 => {
                    thread::sleep(Duration::from_secs(1));
                    Ok(vec![V6])
                }
            },
            || true,
        );
        run(async {
            let start = Instant::now();
            for host in ["a", "b", "c", "d", "e"] {
                let resolver = resolver.clone();
                tokio::spawn(async move { resolver.lookup(host, Family::V6).await });
            }
            tokio::task::yield_now().await;
            assert_eq!(resolver.lookup("f", Family::V4).await, Ok(vec![V4]));
            assert!(start.elapsed() < Duration::from_millis(500));
        });
    }

    #[test]
    fn without_a_network_only_the_hosts_file_is_waited_for() {
        let resolver = Resolver::new(
            |host, _| {
                if host != "in-hosts" {
                    thread::sleep(Duration::from_secs(2));
                }
                Ok(vec![V4])
            },
            || false,
        );
        run(async {
            let start = Instant::now();
            let answer = resolver.lookup("elsewhere.example", Family::V4).await;
            assert_eq!(answer, Err(NoAddress::NoNetwork));
            assert!(start.elapsed() < Duration::from_secs(1));
            let answer = resolver.lookup("in-hosts", Family::V4).await;
            assert_eq!(answer, Ok(vec![V4]));
        });
    }
}
