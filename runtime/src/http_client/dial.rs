//! One TCP connection to a name or address: attempts to several addresses are raced as in RFC 8305.
//!
//! hyper-util's connector does less (RFC 6555): it needs all addresses before it begins, and within a family it tries one
//! after another.
//!
//! Never here: proxies, TLS, the total time limit.

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

use super::config::{is_loopback, unbracketed};
use crate::dns::{Family, LookUp, LookUpError, Resolver, has_v6};

/// How long to wait for IPv6 addresses once there are IPv4 ones (RFC 8305, "Resolution Delay").
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// From the start of one attempt to that of the next one ("Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long to wait for more addresses once all known ones have failed.
const LATE_ADDRESS_TIMEOUT: Duration = Duration::from_secs(1);

/// Idle time before the first keepalive probe.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Time between keepalive probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Unanswered probes after which the connection counts as broken.
const KEEPALIVE_PROBES: u32 = 4;

/// If a look-up of one family took this long, the other family is not looked up: both together would exceed the limit for a
/// connection.
const SLOW_LOOK_UP: Duration = Duration::from_secs(2);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum DialError {
    /// The host has no address.
    LookUp(LookUpError),
    /// No address accepts a connection; the reason of the first one that was tried.
    Connect(io::Error),
}

enum Event {
    Found(Family, LookUp),
    Tried(io::Result<TcpStream>),
    /// A delay has passed; only the last one counts.
    Due(usize),
    /// The wait for more addresses has passed, after all known ones failed.
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
    if let Ok(address) = unbracketed(host).parse::<IpAddr>() {
        return connect(SocketAddr::new(address, port))
            .await
            .map_err(DialError::Connect);
    }

    race(resolver, host, port, has_v6()).await
}

/// Connects to a name. IPv6 is looked up at once if there is a route; otherwise only for names that have nothing else, and
/// for this machine, where some programs listen on `::1` alone.
async fn race(
    resolver: &Resolver,
    host: &str,
    port: u16,
    has_v6: bool,
) -> Result<TcpStream, DialError> {
    let look_up = |family| -> Pin<Box<dyn Future<Output = Event> + Send + '_>> {
        Box::pin(async move { Event::Found(family, resolver.look_up(host, family).await) })
    };
    let mut race = Race::new(port);
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
                        sleep(LATE_ADDRESS_TIMEOUT).await;
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
        if !v6_is_left || !race.may_need_v6(host, begun) {
            break;
        }
        v6_is_left = false;
        race.look_ups += 1;
        race.pending.push(look_up(Family::V6));
    }
    Err(race.into_error(host))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    keep_alive(&stream)?;
    Ok(stream)
}

/// Enables TCP keepalive: silence is no failure as long as a call has time, so only this detects a dead peer.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
    set_tcp_keepcnt(stream, KEEPALIVE_PROBES)?;
    Ok(set_socket_keepalive(stream, true)?)
}

struct Race<'a> {
    port: u16,
    pending: Pending<'a>,
    /// Addresses that have not been tried yet.
    v4: VecDeque<IpAddr>,
    v6: VecDeque<IpAddr>,
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
    fn found(&mut self, family: Family, outcome: LookUp) {
        self.look_ups -= 1;
        match outcome {
            Ok(addresses) => self.addresses(family).extend(addresses),
            // That one family has no addresses is the least useful reason.
            Err(error) => {
                if matches!(self.look_up_error, None | Some(LookUpError::Unknown(_))) {
                    self.look_up_error = Some(error);
                }
            }
        }
        if self.attempts > 0 {
            // The running delay decides.
        } else if self.look_ups == 0 || family == Family::V6 && !self.v6.is_empty() {
            self.may_start = true;
        } else if family == Family::V4 && !self.v4.is_empty() {
            self.delay(RESOLUTION_DELAY);
        }
    }

    fn addresses(&mut self, family: Family) -> &mut VecDeque<IpAddr> {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    fn new(port: u16) -> Self {
        Race {
            port,
            pending: FuturesUnordered::new(),
            v4: VecDeque::new(),
            v6: VecDeque::new(),
            turn: Family::V6,
            look_ups: 1,
            attempts: 0,
            may_start: false,
            delays: 0,
            look_up_error: None,
            connect_error: None,
        }
    }

    /// Whether a look-up of IPv6 addresses may help after everything else has failed.
    fn may_need_v6(&self, host: &str, begun: Instant) -> bool {
        match &self.look_up_error {
            Some(LookUpError::NoNetwork(..) | LookUpError::Timeout(_)) => false,
            Some(_) => begun.elapsed() < SLOW_LOOK_UP,
            None => is_loopback(host),
        }
    }

    fn into_error(self, host: &str) -> DialError {
        match (self.connect_error, self.look_up_error) {
            (Some(error), _) => DialError::Connect(error),
            (None, Some(error)) => DialError::LookUp(error),
            (None, None) => DialError::LookUp(LookUpError::Unknown(host.into())),
        }
    }

    /// No attempt is in progress, and no address is left to try.
    fn is_idle(&self) -> bool {
        self.attempts == 0 && self.v4.is_empty() && self.v6.is_empty()
    }

    /// Starts the next attempt, and the delay until the one after it.
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
                let address = self.addresses(family).pop_front()?;
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
mod tests;
