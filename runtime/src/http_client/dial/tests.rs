use std::{
    net::{Ipv4Addr, Ipv6Addr, TcpListener},
    thread,
};

use tokio::net::TcpSocket;

use super::*;
use crate::dns::{self, tests::run};

const GOOD: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Sooner than the system gives up on a peer that does not answer, in two minutes.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// Milliseconds of a look-up that hangs: the resolver gives up on it after [`dns::LIMIT`].
const FOREVER: u64 = 3_600_000;

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
        assert!(time < GIVEN_UP, "{time:?}");
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
        assert!(time < GIVEN_UP, "{time:?}");
    });
}

#[test]
fn addresses_that_refuse_cost_nothing() {
    run(async {
        let (_listener, port) = listener();
        let addresses = refusing().chain([GOOD]).collect();
        let (address, time) = time_to(&resolver((0, addresses), (0, vec![V6])), port).await;
        assert_eq!(address, GOOD);
        assert!(time < u32::from(REFUSING) * ATTEMPT_DELAY, "{time:?}");
    });
}

/// So many that it would take a minute to wait for each of them.
const REFUSING: u8 = 250;

fn refusing() -> impl Iterator<Item = IpAddr> {
    (1..=REFUSING).map(|last| Ipv4Addr::new(127, 9, 9, last).into())
}

#[test]
fn a_look_up_of_ipv6_that_hangs_is_waited_for_a_moment_only() {
    run(async {
        let (_listener, port) = listener();
        let (address, time) = time_to(&resolver((0, vec![GOOD]), (FOREVER, vec![])), port).await;
        assert_eq!(address, GOOD);
        assert!(time >= RESOLUTION_DELAY, "{time:?}");
        assert!(time < dns::LIMIT, "{time:?}");
    });
}

#[test]
fn a_look_up_of_ipv4_that_hangs_is_not_waited_for() {
    run(async {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            return;
        };
        let port = listener.local_addr().unwrap().port();
        let (address, time) = time_to(&resolver((FOREVER, vec![]), (0, vec![V6])), port).await;
        assert_eq!(address, V6);
        assert!(time < dns::LIMIT, "{time:?}");
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
        assert!(start.elapsed() < u32::from(REFUSING) * ATTEMPT_DELAY);
    });
}

#[test]
fn where_all_refuse_a_look_up_that_hangs_is_not_waited_for() {
    run(async {
        let (listener, port) = listener();
        drop(listener);
        let resolver = resolver((0, vec![OTHER]), (FOREVER, vec![]));
        let start = Instant::now();
        let error = race(&resolver, "a.example", port, true).await.unwrap_err();
        assert!(matches!(error, DialError::Connect(_)), "{error:?}");
        assert!(start.elapsed() < dns::LIMIT);
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
