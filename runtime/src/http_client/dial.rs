//! One TCP connection to a name or address: attempts to several addresses are raced as in RFC 8305.
//!
//! hyper-util's connector does less (RFC 6555): it must know all addresses before it begins, and within
//! a family it tries one after the other.
//!
//! Never here: proxies, TLS, how long all of it may take.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    time::Duration,
};

use futures_util::stream::{FuturesUnordered, StreamExt};
use rustix::net::sockopt::{
    set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    dns::{Family, LookUpError, Outcome, Resolver, has_v6},
    settings::is_loopback,
};

/// How long IPv6 addresses are waited for once there are others (RFC 8305, "Resolution Delay").
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// From the start of one attempt to that of the next one ("Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long more addresses are waited for once all known ones have failed.
const LAST_HOPE: Duration = Duration::from_secs(1);

/// After so long without a byte the other end is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);

/// So long after that it is asked again.
const BETWEEN_PROBES: Duration = Duration::from_secs(15);

/// After so many questions without an answer the connection is broken.
const PROBES: u32 = 4;

/// A name server that took so long for one family is not asked for the other: both together would take longer than a connection
/// may.
const LONG_LOOK_UP: Duration = Duration::from_secs(2);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum DialError {
    /// The host has no address.
    LookUp(LookUpError),
    /// No address accepts a connection; the reason of the first one that was tried.
    Connect(io::Error),
}

enum Event {
    Found(Family, Outcome),
    Tried(io::Result<TcpStream>),
    /// A delay is over; only the last one counts.
    Due(usize),
    /// It has been long enough since an attempt failed while nothing else was left.
    Enough,
}

type Pending<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Event> + Send + 'a>>>;

/// Connects to a host; an IPv6 address stands in brackets.
///
/// # Errors
/// No address, or none that accepts.
pub(super) async fn dial(
    resolver: &Resolver,
    host: &str,
    port: u16,
) -> Result<TcpStream, DialError> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = literal.parse::<IpAddr>() {
        return connect(SocketAddr::new(address, port))
            .await
            .map_err(DialError::Connect);
    }

    race(resolver, host, port, has_v6()).await
}

/// Connects to a name. IPv6 is asked for at once if it leads anywhere; otherwise only for names that have
/// nothing else, and for this machine, where some programs listen on `::1` alone.
async fn race(
    resolver: &Resolver,
    host: &str,
    port: u16,
    has_v6: bool,
) -> Result<TcpStream, DialError> {
    let look_up = |family| -> Pin<Box<dyn Future<Output = Event> + Send + '_>> {
        Box::pin(async move { Event::Found(family, resolver.look_up(host, family).await) })
    };
    let mut race = Race {
        port,
        pending: FuturesUnordered::new(),
        addresses: Default::default(),
        turn: Family::V6,
        look_ups: 1,
        attempts: 0,
        may_start: false,
        delays: 0,
        look_up_error: None,
        connect_error: None,
    };
    let begun = Instant::now();
    race.pending.push(look_up(Family::V4));
    if has_v6 {
        race.look_ups += 1;
        race.pending.push(look_up(Family::V6));
    }
    let mut v6_is_left = !has_v6;
    while let Some(event) = race.pending.next().await {
        match event {
            Event::Found(family, outcome) => race.found(family, outcome),
            Event::Tried(Ok(stream)) => return Ok(stream),
            Event::Tried(Err(error)) => {
                race.attempts -= 1;
                race.connect_error.get_or_insert(error);
                race.may_start = true;
                if race.is_idle() && race.look_ups > 0 {
                    race.pending.push(Box::pin(async {
                        sleep(LAST_HOPE).await;
                        Event::Enough
                    }));
                }
            }
            Event::Enough if race.is_idle() => break,
            Event::Enough => {}
            Event::Due(delay) if delay == race.delays => race.may_start = true,
            Event::Due(_) => {}
        }
        race.start_next();
        if !race.is_idle() || race.look_ups > 0 {
            continue;
        }
        let helps = match &race.look_up_error {
            Some(LookUpError::NoNetwork(..) | LookUpError::Timeout(_)) => false,
            Some(_) => begun.elapsed() < LONG_LOOK_UP,
            None => is_loopback(host),
        };
        if !v6_is_left || !helps {
            break;
        }
        v6_is_left = false;
        race.look_ups += 1;
        race.pending.push(look_up(Family::V6));
    }
    Err(match (race.connect_error, race.look_up_error) {
        (Some(error), _) => DialError::Connect(error),
        (None, Some(error)) => DialError::LookUp(error),
        (None, None) => DialError::LookUp(LookUpError::Unknown(host.into())),
    })
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    keep_alive(&stream)?;
    Ok(stream)
}

/// Has the kernel ask from time to time whether the other end is still there: a call may be silent for as long as it has time,
/// so nothing else finds out.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    set_tcp_keepidle(stream, SILENCE)?;
    set_tcp_keepintvl(stream, BETWEEN_PROBES)?;
    set_tcp_keepcnt(stream, PROBES)?;
    Ok(set_socket_keepalive(stream, true)?)
}

struct Race<'a> {
    port: u16,
    pending: Pending<'a>,
    /// What has not been tried yet, IPv4 first.
    addresses: [VecDeque<IpAddr>; 2],
    /// The family whose address is tried next, if it has one.
    turn: Family,
    look_ups: usize,
    attempts: usize,
    may_start: bool,
    delays: usize,
    look_up_error: Option<LookUpError>,
    connect_error: Option<io::Error>,
}

impl Race<'_> {
    fn found(&mut self, family: Family, outcome: Outcome) {
        self.look_ups -= 1;
        match outcome {
            Ok(addresses) => self.addresses[family as usize].extend(addresses),
            // That one family has no addresses says less than any other reason.
            Err(error) => {
                if matches!(self.look_up_error, None | Some(LookUpError::Unknown(_))) {
                    self.look_up_error = Some(error);
                }
            }
        }
        if self.attempts > 0 {
            // The running delay decides.
        } else if self.look_ups == 0 || family == Family::V6 && !self.addresses[1].is_empty() {
            self.may_start = true;
        } else if family == Family::V4 && !self.addresses[0].is_empty() {
            self.delay(RESOLUTION_DELAY);
        }
    }

    /// No attempt is under way, and no address is left to try.
    fn is_idle(&self) -> bool {
        self.attempts == 0 && self.addresses.iter().all(VecDeque::is_empty)
    }

    /// Starts the attempt whose turn it is, and the delay until the next one.
    fn start_next(&mut self) {
        if !self.may_start {
            return;
        }
        let other = match self.turn {
            Family::V4 => Family::V6,
            Family::V6 => Family::V4,
        };
        let next = [(self.turn, other), (other, self.turn)]
            .into_iter()
            .find_map(|(family, then)| {
                let address = self.addresses[family as usize].pop_front()?;
                Some((address, then))
            });
        let Some((address, then)) = next else {
            return;
        };
        self.turn = then;
        self.may_start = false;
        self.attempts += 1;
        let address = SocketAddr::new(address, self.port);
        self.pending.push(Box::pin(
            async move { Event::Tried(connect(address).await) },
        ));
        self.delay(ATTEMPT_DELAY);
    }

    fn delay(&mut self, time: Duration) {
        self.delays += 1;
        let delay = self.delays;
        self.pending.push(Box::pin(async move {
            sleep(time).await;
            Event::Due(delay)
        }));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        net::{Ipv4Addr, Ipv6Addr, TcpListener},
        thread,
    };

    use tokio::net::TcpSocket;

    use super::*;
    use crate::dns::tests::run;

    const GOOD: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9));
    const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

    /// A resolver with one answer per family, each after a time.
    fn resolver(v4: (u64, Vec<IpAddr>), v6: (u64, Vec<IpAddr>)) -> Resolver {
        Resolver::new(move |host, family| {
            let (ms, addresses) = match family {
                Family::V4 => &v4,
                Family::V6 => &v6,
            };
            thread::sleep(Duration::from_millis(*ms));
            if addresses.is_empty() {
                return Err(LookUpError::Unknown(host.into()));
            }
            Ok(addresses.clone())
        })
    }

    fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    /// A port of this address where connections are neither accepted nor refused, like behind a firewall
    /// that drops them: a listener whose queue is full. `None` where that cannot be had.
    async fn black_hole(address: IpAddr, port: u16) -> Option<Vec<Box<dyn Send>>> {
        let socket = match address {
            IpAddr::V4(_) => TcpSocket::new_v4(),
            IpAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.ok()?;
        socket.bind((address, port).into()).ok()?;
        let mut kept: Vec<Box<dyn Send>> = vec![Box::new(socket.listen(0).ok()?)];
        for _ in 0..8 {
            let attempt = TcpStream::connect((address, port));
            match tokio::time::timeout(Duration::from_millis(100), attempt).await {
                Ok(stream) => kept.push(Box::new(stream.ok()?)),
                Err(_) => return Some(kept),
            }
        }
        None
    }

    async fn time_to(resolver: &Resolver, port: u16) -> (IpAddr, Duration) {
        let start = Instant::now();
        let stream = race(resolver, "a.example", port, true).await.unwrap();
        (stream.peer_addr().unwrap().ip(), start.elapsed())
    }

    #[test]
    fn a_black_hole_of_ipv6_costs_a_quarter_of_a_second() {
        run(async {
            let (_listener, port) = listener();
            let Some(_hole) = black_hole(V6, port).await else {
                return;
            };
            let resolver = resolver((0, vec![GOOD]), (0, vec![V6]));
            let (address, time) = time_to(&resolver, port).await;
            assert_eq!(address, GOOD);
            assert!(time >= ATTEMPT_DELAY, "{time:?}");
            assert!(time < Duration::from_secs(2), "{time:?}");
        });
    }

    #[test]
    fn one_dead_address_of_several_costs_as_little() {
        run(async {
            let (_listener, port) = listener();
            let Some(_hole) = black_hole(OTHER, port).await else {
                return;
            };
            let resolver = resolver((0, vec![OTHER, GOOD]), (0, vec![]));
            let (address, time) = time_to(&resolver, port).await;
            assert_eq!(address, GOOD);
            assert!(time < Duration::from_secs(2), "{time:?}");
        });
    }

    #[test]
    fn addresses_that_refuse_cost_nothing() {
        run(async {
            let (_listener, port) = listener();
            let addresses = refusing().chain([GOOD]).collect();
            let (address, time) = time_to(&resolver((0, addresses), (0, vec![V6])), port).await;
            assert_eq!(address, GOOD);
            assert!(time < 10 * ATTEMPT_DELAY, "{time:?}");
        });
    }

    /// More than could be tried in the time if each of them were waited for.
    fn refusing() -> impl Iterator<Item = IpAddr> {
        (1..=20).map(|last| Ipv4Addr::new(127, 9, 9, last).into())
    }

    #[test]
    fn a_look_up_of_ipv6_that_hangs_is_waited_for_a_moment_only() {
        run(async {
            let (_listener, port) = listener();
            let (address, time) = time_to(&resolver((0, vec![GOOD]), (3000, vec![])), port).await;
            assert_eq!(address, GOOD);
            assert!(time >= RESOLUTION_DELAY, "{time:?}");
            assert!(time < Duration::from_secs(1), "{time:?}");
        });
    }

    #[test]
    fn a_look_up_of_ipv4_that_hangs_is_not_waited_for() {
        run(async {
            let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
                return;
            };
            let port = listener.local_addr().unwrap().port();
            let (address, time) = time_to(&resolver((3000, vec![]), (0, vec![V6])), port).await;
            assert_eq!(address, V6);
            assert!(time < Duration::from_secs(1), "{time:?}");
        });
    }

    #[test]
    fn addresses_that_come_late_are_tried_all_the_same() {
        run(async {
            let (_listener, port) = listener();
            let resolver = resolver((200, vec![GOOD]), (0, vec![V6]));
            let (address, _) = time_to(&resolver, port).await;
            assert_eq!(address, GOOD);
        });
    }

    #[test]
    fn a_name_server_that_is_silent_is_not_asked_for_the_other_family() {
        run(async {
            let resolver = Resolver::new(|host, family| {
                assert_eq!(family, Family::V4);
                Err(LookUpError::Timeout(host.into()))
            });
            let error = race(&resolver, "a.example", 80, false).await.unwrap_err();
            let DialError::LookUp(error) = error else {
                unreachable!("{error:?}");
            };
            // Where no name server can be reached there is another reason.
            if !matches!(error, LookUpError::NoNetwork(..)) {
                let text = error.to_string();
                assert!(text.contains("no answer of a name server"), "{text}");
            }
        });
    }

    #[test]
    fn dead_peers_are_found() {
        use rustix::net::sockopt::{
            socket_keepalive, tcp_keepcnt, tcp_keepidle, tcp_keepintvl, tcp_nodelay,
        };
        run(async {
            let (_listener, port) = listener();
            let resolver = resolver((0, vec![GOOD]), (0, vec![]));
            for host in ["127.0.0.1", "a.example"] {
                let stream = match host.parse::<IpAddr>() {
                    Ok(_) => dial(&resolver, host, port).await,
                    Err(_) => race(&resolver, host, port, false).await,
                };
                let stream = stream.unwrap();
                assert!(socket_keepalive(&stream).unwrap(), "{host}");
                assert_eq!(tcp_keepidle(&stream).unwrap(), Duration::from_secs(30));
                assert_eq!(tcp_keepintvl(&stream).unwrap(), Duration::from_secs(15));
                assert_eq!(tcp_keepcnt(&stream).unwrap(), 4);
                assert!(tcp_nodelay(&stream).unwrap());
            }
        });
    }

    #[test]
    fn where_all_refuse_the_error_comes_at_once() {
        run(async {
            let (listener, port) = listener();
            drop(listener);
            let resolver = resolver((0, refusing().collect()), (0, vec![]));
            let start = Instant::now();
            let error = race(&resolver, "a.example", port, true).await.unwrap_err();
            let DialError::Connect(error) = error else {
                unreachable!("{error:?}");
            };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            assert!(start.elapsed() < 10 * ATTEMPT_DELAY);
        });
    }

    #[test]
    fn where_all_refuse_a_look_up_that_hangs_is_not_waited_for() {
        run(async {
            let (listener, port) = listener();
            drop(listener);
            let resolver = resolver((0, vec![OTHER]), (4000, vec![]));
            let start = Instant::now();
            let error = race(&resolver, "a.example", port, true).await.unwrap_err();
            assert!(matches!(error, DialError::Connect(_)), "{error:?}");
            assert!(start.elapsed() < 3 * LAST_HOPE);
        });
    }

    #[test]
    fn without_a_way_for_ipv6_it_is_asked_for_where_it_can_help() {
        run(async {
            let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
                return;
            };
            let port = listener.local_addr().unwrap().port();
            let both = resolver((0, vec![GOOD]), (0, vec![V6]));
            let only_v6 = resolver((0, vec![]), (0, vec![V6]));
            for (resolver, host, is_reached) in [
                (&both, "localhost", true),
                (&both, "a.example", false),
                (&only_v6, "a.example", true),
            ] {
                let result = race(resolver, host, port, false).await;
                assert_eq!(result.is_ok(), is_reached, "{host}: {result:?}");
            }
        });
    }
}
