//! Each service: it starts, speaks, and is gone when it is stopped.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use intendant_testkit::service::{Kind, LDAP_ADMIN, LDAP_PASSWORD, Service};
use intendant_testkit::{packages, wait};

fn start(kind: Kind) -> Service {
    kind.start().unwrap_or_else(|error| panic!("{error}"))
}

/// What a program prints; it must succeed.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn is_gone(service: Service) {
    let address = service.address();
    let folder = service.folder().to_path_buf();
    assert!(TcpStream::connect(address).is_ok());
    service.stop();
    assert!(TcpStream::connect(address).is_err(), "{address} still answers");
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn redis() {
    keeps_what_it_is_given(start(Kind::Redis));
}

#[test]
fn valkey() {
    keeps_what_it_is_given(start(Kind::Valkey));
}

fn keeps_what_it_is_given(service: Service) {
    let cli = || {
        let mut cli = Command::new("redis-cli");
        cli.args(["-u", service.url()]);
        cli
    };
    assert_eq!(printed(cli().args(["SET", "key", "value"])), "OK\n");
    assert_eq!(printed(cli().args(["GET", "key"])), "value\n");
    is_gone(service);
}

#[test]
fn postgresql() {
    let service = start(Kind::PostgreSql);
    let sql = "CREATE TABLE t (x int); INSERT INTO t VALUES (1), (2); SELECT sum(x) FROM t";
    let answer =
        printed(Command::new("psql").args([service.url(), "--quiet", "--tuples-only", "--command", sql]));
    assert_eq!(answer.trim(), "3");
    is_gone(service);
}

#[test]
fn slapd() {
    let service = start(Kind::Slapd);
    let who = printed(Command::new("ldapwhoami").args(["-x", "-H", service.url()]).args([
        "-D",
        LDAP_ADMIN,
        "-w",
        LDAP_PASSWORD,
    ]));
    assert_eq!(who.trim(), format!("dn:{LDAP_ADMIN}"));
    is_gone(service);
}

#[test]
fn rabbitmq() {
    let service = start(Kind::RabbitMq);
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.write_all(b"AMQP\x00\x00\x09\x01").unwrap();
    // A frame: type, channel, length, content; here the server presents itself.
    let mut head = [0; 7];
    stream.read_exact(&mut head).unwrap();
    let mut content = vec![0; u32::from_be_bytes(head[3..].try_into().unwrap()) as usize];
    stream.read_exact(&mut content).unwrap();
    assert!(String::from_utf8_lossy(&content).contains("RabbitMQ"));
    is_gone(service);
}

#[test]
fn two_of_a_kind_do_not_meet() {
    let (one, other) = (start(Kind::Redis), start(Kind::Redis));
    assert_ne!(one.address(), other.address());
    is_gone(one);
    assert!(TcpStream::connect(other.address()).is_ok());
}

#[test]
fn a_killed_test_leaves_nothing_behind() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_testkit-actor"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(holder.stdin.as_ref().unwrap(), "hold redis").unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (address, folder) = line.trim().split_once(' ').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();

    holder.kill().unwrap();
    holder.wait().unwrap();
    // Not the port is looked at: another test may have it as soon as it is free.
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    assert!(matches!(stream.read(&mut [0]), Ok(0)), "{line} still runs");
    let gone = || (!Path::new(folder).exists()).then_some(());
    assert!(wait::until(Duration::from_mins(1), gone).is_some(), "{line} is still there");
}

#[test]
fn every_kind_has_a_name_and_its_programs_are_found() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
        for need in kind.needs() {
            assert!(packages::find(need.program).is_some(), "{need:?}");
        }
    }
    assert!("oracle".parse::<Kind>().unwrap_err().contains("redis, valkey, rabbitmq, postgresql, slapd"));
}
