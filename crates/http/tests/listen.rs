//! What is not HTTP listens with the same bounds, and is told who is on the other side.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use engine::Clock;
use intendant_http::listen::{self, Bounds, Connection, Socket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

const BOUNDS: Bounds = Bounds { connections: 1, of_one: 1, grace: Duration::from_mins(1) };

/// Says who is there, and then that it is over.
async fn talk(mut connection: Connection<Socket>) {
    let hello = format!("{}\n", connection.peer.0);
    connection.stream.write_all(hello.as_bytes()).await.unwrap();
    connection.closing.begun().await;
    connection.stream.write_all(b"bye").await.unwrap();
}

#[tokio::test]
async fn a_protocol_of_ones_own_is_greeted_bounded_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.sock");
    let socket = Socket::bind(&path).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stop = async { drop(stopped.await) };
        listen::serve(socket, BOUNDS, &Clock::system(), stop, talk).await;
    });

    let mut first = UnixStream::connect(&path).await.unwrap();
    let uid = rustix::process::geteuid().as_raw();
    let mut hello = vec![0; format!("{uid}\n").len()];
    first.read_exact(&mut hello).await.unwrap();
    assert_eq!(String::from_utf8(hello).unwrap(), format!("{uid}\n"));

    // There is room for one; the other one waits, and is not greeted any more.
    let mut second = UnixStream::connect(&path).await.unwrap();
    stop.send(()).unwrap();
    let mut rest = String::new();
    first.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "bye");
    serving.await.unwrap();
    rest.clear();
    let _ = second.read_to_string(&mut rest).await;
    assert_eq!(rest, "");
}
