//! A road that is cut, that hangs, and that is cut behind a COMMIT.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use intendant_testkit::proxy::{Proxy, Way};
use intendant_testkit::service::Kind;
use intendant_testkit::wait;

/// Longer than anything takes here, on the busiest machine.
const LONG: Duration = Duration::from_mins(1);
/// So long nothing comes where something would come at once.
const SHORT: Duration = Duration::from_millis(200);

/// A server that answers each byte with the same one, and tells of those that it was sent.
fn echo() -> (SocketAddr, Receiver<u8>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, tell) = (stream.unwrap(), tell.clone());
            std::thread::spawn(move || {
                let mut byte = [0];
                while stream.read(&mut byte).is_ok_and(|length| length == 1) {
                    // Nobody may listen any more.
                    let _ = tell.send(byte[0]);
                    let _ = stream.write_all(&byte);
                }
            });
        }
    });
    (address, told)
}

fn client(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// What comes next; `None` = the connection has ended.
fn next(stream: &mut TcpStream) -> Option<u8> {
    let mut byte = [0];
    match stream.read(&mut byte) {
        Ok(1) => Some(byte[0]),
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn nothing_comes(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(SHORT)).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    stream.set_read_timeout(Some(LONG)).unwrap();
}

#[test]
fn an_open_road_carries_both_ways_and_ends_with_its_client() {
    let (server, _told) = echo();
    let proxy = Proxy::to(server).unwrap();
    let mut stream = client(&proxy);
    stream.write_all(b"ab").unwrap();
    assert_eq!((next(&mut stream), next(&mut stream)), (Some(b'a'), Some(b'b')));
    assert_eq!(proxy.connections(), 1);
    drop(stream);
    assert!(wait::until(LONG, || (proxy.connections() == 0).then_some(())).is_some());
}

#[test]
fn a_road_that_is_cut_ends_what_was_on_it_and_refuses_until_it_heals() {
    let (server, _told) = echo();
    let proxy = Proxy::to(server).unwrap();
    for _ in 0..3 {
        let mut stream = client(&proxy);
        stream.write_all(b"a").unwrap();
        assert_eq!(next(&mut stream), Some(b'a'));
        proxy.cut();
        assert_eq!(next(&mut stream), None);
        let refused = TcpStream::connect(proxy.address()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.heal().unwrap();
    }
}

#[test]
fn what_was_kept_back_arrives_when_the_road_heals() {
    let (server, told) = echo();
    let proxy = Proxy::to(server).unwrap();
    let mut before = client(&proxy);
    for (way, reaches_the_server) in [(Way::Both, false), (Way::There, false), (Way::Back, true)] {
        proxy.hang(way);
        let mut since = client(&proxy);
        for stream in [&mut before, &mut since] {
            stream.write_all(b"x").unwrap();
            nothing_comes(stream);
        }
        assert_eq!(told.try_iter().count(), if reaches_the_server { 2 } else { 0 }, "{way:?}");
        proxy.heal().unwrap();
        for stream in [&mut before, &mut since] {
            assert_eq!(next(stream), Some(b'x'), "{way:?}");
        }
        told.try_iter().for_each(drop);
    }
    // It can be cut while it hangs.
    proxy.hang(Way::Both);
    before.write_all(b"x").unwrap();
    proxy.cut();
    assert_eq!(next(&mut before), None);
}

#[test]
fn nothing_is_left_of_a_road_that_is_gone() {
    let (server, _told) = echo();
    let proxy = Proxy::to(server).unwrap();
    let (address, mut stream) = (proxy.address(), client(&proxy));
    proxy.hang(Way::Both);
    drop(proxy);
    assert_eq!(next(&mut stream), None);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_commit_is_carried_out_and_nobody_hears_of_it() {
    let server = Kind::PostgreSql.start().unwrap();
    let proxy = Proxy::to(server.address()).unwrap();
    let by_proxy = proxy.url(server.url());
    let psql = |url: &str, statements: &[&str]| {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        for statement in statements {
            psql.args(["-c", statement]);
        }
        psql.arg(url).output().unwrap()
    };
    assert!(psql(&by_proxy, &["CREATE TABLE t (x int)"]).status.success(), "it is no COMMIT");
    for x in 0..3 {
        proxy.cut_behind_commit();
        let unheard = psql(&by_proxy, &["BEGIN", &format!("INSERT INTO t VALUES ({x})"), "COMMIT"]);
        assert!(!unheard.status.success(), "{unheard:?}");
        assert!(proxy.is_cut_within(LONG));
        assert!(!psql(&by_proxy, &["SELECT 1"]).status.success(), "the road is cut");
        let there = psql(server.url(), &[&format!("SELECT count(*) FROM t WHERE x = {x}")]);
        assert_eq!(String::from_utf8_lossy(&there.stdout), "1\n");
        proxy.heal().unwrap();
        // Only one was waited for.
        let heard = psql(&by_proxy, &["BEGIN", "INSERT INTO t VALUES (9)", "COMMIT"]);
        assert!(heard.status.success(), "{heard:?}");
    }
}
