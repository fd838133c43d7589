//! The mail server of the tests, as a client of its own kind sees it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use intendant_testkit::smtp::{Manner, Sink};

const LONG: Duration = Duration::from_mins(1);

/// Sends a mail with curl, which knows nothing of us.
fn send(sink: &Sink, text: &str) -> Child {
    let mut curl = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60", "--url", &sink.url()])
        .args([
            "--mail-from",
            "hub@example.org",
            "--mail-rcpt",
            "a@example.org",
            "--mail-rcpt",
            "b@example.org",
        ])
        .args(["--upload-file", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    curl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    curl
}

#[test]
fn a_mail_arrives_whole() {
    let sink = Sink::start().unwrap();
    let sent = send(&sink, "Subject: été\r\n\r\n.a line with a dot\r\nlast\r\n").wait().unwrap();
    assert!(sent.success());
    let mails = sink.wait_for(1, LONG);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].from, "hub@example.org");
    assert_eq!(mails[0].to, ["a@example.org", "b@example.org"]);
    assert_eq!(mails[0].text, "Subject: été\r\n\r\n.a line with a dot\r\nlast\r\n");
}

#[test]
fn it_refuses_in_the_words_it_was_told() {
    let sink = Sink::start().unwrap();
    sink.behave(Manner::Refuse("451 try later".to_owned()));
    let sent = send(&sink, "x\r\n").wait_with_output().unwrap();
    assert!(!sent.status.success());
    assert!(String::from_utf8_lossy(&sent.stderr).contains("451"), "{sent:?}");
    assert_eq!(sink.mails(), []);
}

#[test]
fn it_holds_a_mail_until_it_may_go_on() {
    let sink = Sink::start().unwrap();
    sink.behave(Manner::Hold);
    let mut held = send(&sink, "x\r\n");
    assert_eq!(sink.wait_for(1, Duration::from_millis(100)), []);
    assert!(held.try_wait().unwrap().is_none());
    sink.behave(Manner::Take);
    assert!(held.wait().unwrap().success());
    assert_eq!(sink.mails().len(), 1);
}

#[test]
fn it_hangs_up_without_keeping_the_mail() {
    let sink = Sink::start().unwrap();
    sink.behave(Manner::HangUp);
    assert!(!send(&sink, "x\r\n").wait().unwrap().success());
    assert_eq!(sink.mails(), []);
}

#[test]
fn nobody_listens_once_it_is_dropped() {
    let sink = Sink::start().unwrap();
    let address = sink.address();
    let _idle = TcpStream::connect(address).unwrap();
    drop(sink);
    assert!(TcpStream::connect(address).is_err());
}
