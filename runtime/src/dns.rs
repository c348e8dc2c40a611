//! Addresses of hosts: what `getaddrinfo` of the C library says, with a time limit of our own, and with the
//! two families asked separately.
//!
//! The static program has musl's resolver. It waits 5 s for every name where there is no network, fails
//! a whole look-up when only one family's answer is broken, and says the same for every failure.
//!
//! Never here: connections, caches.

use std::{
    collections::HashMap,
    error::Error,
    fmt, fs,
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
    vec,
};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType};
use futures_util::future::{Either, select};
use hyper_util::client::legacy::connect::dns::Name;
use tokio::{
    sync::OnceCell,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use tower_service::Service;

/// Longest look-up. musl asks a second time after 2.5 s.
const LIMIT: Duration = Duration::from_secs(5);

/// Longest look-up where no name server can be reached: enough for names in `/etc/hosts`.
const LIMIT_WITHOUT_NETWORK: Duration = Duration::from_millis(200);

/// How long the slower family may take once the other one has answered (RFC 8305, section 3).
const SECOND_FAMILY: Duration = Duration::from_millis(50);

/// Addresses that nobody has (RFC 5737, RFC 3849). Nothing is ever sent to them.
const SOMEWHERE_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SOMEWHERE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// Looks up names; clones share what is under way, so that many calls at once ask once.
#[derive(Clone, Debug, Default)]
pub struct Resolver {
    hosts: Arc<Mutex<HashMap<String, UnderWay>>>,
}

/// What is being asked about one host.
#[derive(Debug, Default)]
struct UnderWay {
    look_up: Weak<OnceCell<Outcome>>,
    /// Alive while a thread asks for IPv6 addresses, which may be long after the look-up has ended.
    v6: Weak<()>,
}

type Outcome = Result<Vec<IpAddr>, LookUpError>;

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUpError {
    /// There is no way to any name server; the first of them, if one is configured.
    NoNetwork(String, Option<IpAddr>),
    /// No answer in time.
    Timeout(String),
    /// The name does not exist, or has no addresses.
    Unknown(String),
    /// The name server did not answer, or said that it could not.
    NoAnswer(String),
    /// In the C library's words.
    Other(String, String),
}

impl Resolver {
    async fn look_up(self, host: String) -> Outcome {
        let cell = {
            let mut hosts = self.lock();
            let host = hosts.entry(host.clone()).or_default();
            host.look_up.upgrade().unwrap_or_else(|| {
                let cell = Arc::default();
                host.look_up = Arc::downgrade(&cell);
                cell
            })
        };
        cell.get_or_init(|| self.ask_both(&host)).await.clone()
    }

    async fn ask_both(&self, host: &str) -> Outcome {
        let unreachable = unreachable_server();
        let limit = match unreachable {
            Some(_) => LIMIT_WITHOUT_NETWORK,
            None => LIMIT,
        };
        let outcome = timeout(limit, self.ask_in_time(host)).await;
        match (outcome, unreachable) {
            (Ok(Ok(addresses)), _) => Ok(addresses),
            (_, Some(server)) => Err(LookUpError::NoNetwork(host.into(), server)),
            (Ok(outcome), None) => outcome,
            (Err(_), None) => Err(LookUpError::Timeout(host.into())),
        }
    }

    /// IPv6 is asked for at once where it leads anywhere, which it does in few containers; otherwise only
    /// for hosts without IPv4.
    async fn ask_in_time(&self, host: &str) -> Outcome {
        let v4 = ask(host, AddrFamily::Inet, Arc::default());
        let v6 = if has_route(SOMEWHERE_V6) {
            self.ask_v6(host)
        } else {
            None
        };
        let Some(v6) = v6 else {
            return match joined(v4, host).await {
                Ok(addresses) => Ok(addresses),
                Err(error) => match self.ask_v6(host) {
                    Some(v6) => joined(v6, host).await.map_err(|_| error),
                    None => Err(error),
                },
            };
        };
        match select(v4, v6).await {
            Either::Left((v4, v6)) => match flat(v4, host) {
                Ok(v4) => Ok(merged(first_of(v6, host).await, v4)),
                Err(error) => joined(v6, host).await.map_err(|_| error),
            },
            Either::Right((v6, v4)) => match flat(v6, host) {
                Ok(v6) => Ok(merged(v6, first_of(v4, host).await)),
                Err(_) => joined(v4, host).await,
            },
        }
    }

    /// Starts to ask for IPv6 addresses, unless that is still under way.
    fn ask_v6(&self, host: &str) -> Option<JoinHandle<Outcome>> {
        let mut hosts = self.lock();
        let under_way = hosts.entry(host.into()).or_default();
        if under_way.v6.strong_count() > 0 {
            return None;
        }
        let token = Arc::default();
        under_way.v6 = Arc::downgrade(&token);
        Some(ask(host, AddrFamily::Inet6, token))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, UnderWay>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What hyper-util's connector wants of a resolver. It gives ports to the addresses itself.
impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = LookUpError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, LookUpError>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), LookUpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.look_up(name.as_str().into()).await?;
            let addresses: Vec<_> = addresses.into_iter().map(|ip| (ip, 0).into()).collect();
            Ok(addresses.into_iter())
        })
    }
}

/// Asks the C library, on a thread of its own: it cannot be stopped. The token lives as long.
fn ask(host: &str, family: AddrFamily, token: Arc<()>) -> JoinHandle<Outcome> {
    let host = host.to_owned();
    spawn_blocking(move || {
        let hints = AddrInfoHints {
            address: family.into(),
            socktype: SockType::Stream.into(),
            ..AddrInfoHints::default()
        };
        let outcome = dns_lookup::getaddrinfo(Some(&host), None, Some(hints));
        drop(token);
        let addresses: Vec<_> = match outcome {
            Ok(found) => found.flatten().map(|info| info.sockaddr.ip()).collect(),
            Err(error) => {
                return Err(match error.kind() {
                    LookupErrorKind::NoName | LookupErrorKind::NoData => LookUpError::Unknown(host),
                    LookupErrorKind::Again => LookUpError::NoAnswer(host),
                    _ => LookUpError::Other(host, std::io::Error::from(error).to_string()),
                });
            }
        };
        if addresses.is_empty() {
            return Err(LookUpError::Unknown(host));
        }
        Ok(addresses)
    })
}

async fn joined(asked: JoinHandle<Outcome>, host: &str) -> Outcome {
    flat(asked.await, host)
}

fn flat(joined: Result<Outcome, tokio::task::JoinError>, host: &str) -> Outcome {
    joined.unwrap_or_else(|error| Err(LookUpError::Other(host.into(), error.to_string())))
}

/// What the slower family adds.
async fn first_of(asked: JoinHandle<Outcome>, host: &str) -> Vec<IpAddr> {
    match timeout(SECOND_FAMILY, joined(asked, host)).await {
        Ok(Ok(addresses)) => addresses,
        _ => Vec::new(),
    }
}

/// The connector tries the first address's family first, and the other one 300 ms later.
fn merged(mut v6: Vec<IpAddr>, v4: Vec<IpAddr>) -> Vec<IpAddr> {
    v6.extend(v4);
    v6
}

/// Whether there is no way to any name server. If so: the first one, if one is configured.
fn unreachable_server() -> Option<Option<IpAddr>> {
    // Without the file the C library asks a server on this machine, which may be there.
    let text = fs::read_to_string("/etc/resolv.conf").ok()?;
    let servers = name_servers(&text)?;
    if servers.is_empty() {
        return (!has_route(SOMEWHERE_V4) && !has_route(SOMEWHERE_V6)).then_some(None);
    }
    let reachable = servers.iter().any(|server| has_route(*server));
    (!reachable).then(|| servers.first().copied())
}

/// The name servers in a `resolv.conf`, if all can be read.
fn name_servers(text: &str) -> Option<Vec<IpAddr>> {
    text.lines()
        .filter_map(|line| line.strip_prefix("nameserver"))
        .map(|server| server.trim().parse().ok())
        .collect()
}

/// Whether the kernel knows a way there. Nothing is sent.
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
mod tests {
    use super::*;

    fn look_up(resolver: &Resolver, host: &str) -> Outcome {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(resolver.clone().look_up(host.into()))
    }

    #[test]
    fn this_machine_is_found_without_a_name_server() {
        let addresses = look_up(&Resolver::default(), "localhost").unwrap();
        assert!(addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
    }

    #[test]
    fn what_is_no_host_name_is_an_error_that_repeats_it() {
        let error = look_up(&Resolver::default(), "no host").unwrap_err();
        assert!(error.to_string().contains("no host"), "{error}");
    }

    #[test]
    fn nothing_is_kept_once_a_look_up_has_ended() {
        let resolver = Resolver::default();
        look_up(&resolver, "localhost").unwrap();
        let hosts = resolver.lock();
        assert_eq!(hosts["localhost"].look_up.strong_count(), 0);
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
