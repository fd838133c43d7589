//! Addresses from a service that knows them.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::bed::{ADA, NUMBER, UUID, World, aliases};

/// A service that answers everything alike, and the first line of what it is asked.
async fn service(
    status: &'static str,
    body: Value,
) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap_or_default() == 0 {
                    break;
                }
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            let _ = asked.send(text);
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_declared_service_says_them() {
    let (url, mut heard) =
        service("200 OK", json!({ "mail": { "main": ADA, "others": ["ada@gadz.org"] } })).await;
    let world = World::new();
    let addresses = format!(
        "  addresses:\n    url: '{url}/accounts/{{/uuid}}.json'\n    primary: /mail/main\n    aliases: /mail/others\n    authorization: Bearer z-1\n"
    );
    let bed = world.open_with(&addresses).await;
    bed.done("request.gapps.account.create", json!({ "id": NUMBER })).await.succeeded();
    assert_eq!(aliases(&world.ada().unwrap()), ["ada@gadz.org"]);
    let asked = heard.recv().await.unwrap().to_lowercase();
    let path = UUID.replace('-', "%2d");
    assert!(
        asked.starts_with(&format!("get /accounts/{path}.json "))
            && asked.contains("authorization: bearer z-1"),
        "{asked}"
    );
    let needed =
        bed.hub.backends().into_iter().flat_map(|backend| backend.depends_on).map(|needed| needed.name);
    assert_eq!(needed.collect::<Vec<_>>(), ["gram-api", "zenimel"]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_knows_nobody_leaves_it_to_the_rule() {
    let (url, _heard) = service("404 Not Found", json!({})).await;
    let world = World::new();
    let more = format!(
        "  naming: '{{/firstname}}.{{/lastname}}@gadz.org'\n  addresses: {{url: '{url}/{{/uuid}}'}}\n"
    );
    let bed = world.open_with(&more).await;
    bed.done("request.gapps.account.create", json!({ "id": NUMBER })).await.succeeded();
    assert!(world.ada().is_some());
    bed.stop().await;
}
