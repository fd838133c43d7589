//! Signing in with a certificate alone (SASL EXTERNAL), and what is said when RabbitMQ will not have it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::Path;

use intendant_bus::{Access, Address, Settings, examine};
use model::Secret;
use serde_json::json;
use support::{Bed, KEY, Neighbour, Plan, broker, uuid, v2};
use testkit::certificate::{self, Authority, Certificate};
use testkit::service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_certificate_alone_signs_in() {
    let broker = broker();
    let folder = tempfile::tempdir().unwrap();
    let server = certificate::make(folder.path()).unwrap();
    let authority = Authority::new(folder.path()).unwrap();
    let port = listen(&broker, &server, authority.certificate());
    let address = |with: &Certificate| {
        let access = Access {
            authorities: Some(std::fs::read_to_string(&server.certificate).unwrap()),
            identity: Some((read(&with.certificate), Secret::new(read(&with.key)))),
            external: true,
            ..Access::default()
        };
        Address::new(&format!("amqps://localhost:{port}/%2f"), access).unwrap()
    };
    let hub = authority.sign("hub").unwrap();
    let backend = support::done();
    let mut plan = Plan::new(&broker, "certified", &backend);
    plan.settings.address = address(&hub);

    let why = async |with: &Certificate| {
        let settings = Settings { address: address(with), ..plan.settings.clone() };
        examine(&settings).await.unwrap_err().to_string()
    };

    // Each step of the administrator's, and what is said before it was done.
    let said = why(&hub).await;
    assert!(said.contains("enable its plugin rabbitmq_auth_mechanism_ssl"), "{said}");
    broker.rabbitmq_plugins(&["enable", "rabbitmq_auth_mechanism_ssl"]).unwrap();
    let set = "application:set_env(rabbit, auth_mechanisms, ['PLAIN', 'AMQPLAIN', 'EXTERNAL']), \
               application:set_env(rabbit, ssl_options, [{verify, verify_peer}]), \
               application:set_env(rabbit, ssl_cert_login_from, common_name).";
    broker.rabbitmqctl(&["eval", set]).unwrap();
    let said = why(&hub).await;
    assert!(said.contains("403 ACCESS_REFUSED") && said.contains("`ssl_cert_login_from`"), "{said}");
    broker.rabbitmqctl(&["add_user", "hub", "unused"]).unwrap();
    broker.rabbitmqctl(&["clear_password", "hub"]).unwrap();
    let said = why(&hub).await;
    assert!(said.contains("user 'hub'") && said.contains("vhost"), "{said}");
    broker.rabbitmqctl(&["set_permissions", "hub", ".*", ".*", ".*"]).unwrap();
    assert!(examine(&plan.settings).await.is_ok());

    // The same name, by an authority that the broker does not know.
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = Authority::new(elsewhere.path()).unwrap().sign("hub").unwrap();
    let said = why(&stranger).await;
    assert!(said.contains("does not trust the certificate"), "{said}");

    let bed = Bed::new(&plan).await;
    let connections = broker.rabbitmqctl(&["list_connections", "user", "auth_mechanism"]).unwrap();
    assert!(connections.lines().any(|line| line == "hub\tEXTERNAL"), "{connections}");
    let mut peer = Neighbour::of(&broker, &plan.settings);
    let reply_to = peer.reply_to();
    peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(1, Some(&reply_to))));
    assert_eq!(peer.take("replies", 1)[0]["properties"]["correlation_id"], uuid(1));
    bed.stop().await;
}

fn read(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap()
}

/// Has the broker listen with TLS to those whose certificates this authority signed.
fn listen(broker: &Service, server: &Certificate, authority: &Path) -> u16 {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!(
        "rabbit_networking:ensure_ssl(), rabbit_networking:start_ssl_listener({port}, \
         [{{certfile, \"{}\"}}, {{keyfile, \"{}\"}}, {{cacertfile, \"{}\"}}, {{verify, verify_peer}}, \
         {{fail_if_no_peer_cert, true}}], 1).",
        server.certificate.display(),
        server.key.display(),
        authority.display(),
    );
    broker.rabbitmqctl(&["eval", &listen]).unwrap();
    port
}
