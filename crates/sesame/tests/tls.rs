//! Redis behind TLS, with a certificate of the site's own authority.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use intendant_sesame::Address;
use model::OnError;
use serde_json::json;
use support::{Bed, LONG_MS, Plan, call, entry, object_id, orchestrator, redis, sync};
use testkit::bullmq::Version;
use testkit::certificate;
use testkit::service::Service;

/// Has Redis listen with TLS, too, and says where.
fn listen_with_tls(redis: &Service, folder: &Path) -> String {
    let made = certificate::make(folder).unwrap();
    let (certificate, key) = (made.certificate.display().to_string(), made.key.display().to_string());
    // Free a moment ago; another test may have it by now.
    for _ in 0..20 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let answer = call(
            redis,
            &[
                ["CONFIG", "SET", "tls-auth-clients", "no", "tls-cert-file"].as_slice(),
                &[&certificate, "tls-key-file", &key, "tls-ca-cert-file", &certificate, "tls-port", &port],
            ]
            .concat(),
        );
        if answer == "OK" {
            return format!("rediss://localhost:{port}/0");
        }
    }
    panic!("Redis does not listen with TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_answered_over_tls_and_a_stranger_is_not_believed() {
    let (redis, fake, folder) = (redis(), support::done(), tempfile::tempdir().unwrap());
    let url = listen_with_tls(&redis, folder.path());
    let mut node = orchestrator(Version::V5, &redis);
    let job = |n: u32| {
        json!({
            "name": "IDENTITY_UPDATE",
            "data": sync(&format!("i{n}")),
            "opts": { "jobId": object_id(n), "attempts": 1 },
            "ms": LONG_MS,
        })
    };

    let mut plan = Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]);
    plan.settings.address = Address::new(&url, None, None).unwrap();
    let stranger = Bed::new(plan).await;
    node.ask("add", job(1)).unwrap();
    stranger.until("it to be refused", async || stranger.hub.links()[0].last_error.is_some()).await;
    assert!(!stranger.hub.links()[0].connected);
    stranger.stop().await;
    assert_eq!(fake.count(), 0);

    let authorities = fs::read(folder.path().join("certificate.pem")).unwrap();
    // Beside those of the system.
    let mut plan = Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]);
    plan.settings.address = Address::new(&url, None, None).unwrap().trusting_also(&authorities).unwrap();
    let bed = Bed::new(plan).await;
    assert_eq!(node.ask("wait", json!({ "id": object_id(1), "ms": LONG_MS })).unwrap()["status"], 0);
    bed.stop().await;
    call(&redis, &["DEL", "intendant:bull:sesame:served-by"]);

    let mut plan = Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]);
    plan.settings.address = Address::new(&url, None, None).unwrap().trusting(authorities).unwrap();
    let bed = Bed::new(plan).await;
    let answer = node.ask("ask", job(2)).unwrap();
    assert_eq!(answer["status"], 0, "{answer}");
    assert_eq!(fake.count(), 2);
    bed.stop().await;
}

#[test]
fn authorities_that_are_none_and_an_address_without_tls_are_refused() {
    let address = |url| Address::new(url, None, None).unwrap();
    let plain = address("redis://localhost").trusting(b"".to_vec()).unwrap_err().to_string();
    assert!(plain.contains("rediss://"), "{plain}");
    let text = b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n".to_vec();
    let none = address("rediss://localhost").trusting(text).unwrap_err().to_string();
    assert!(none.contains("authorities"), "{none}");
}
