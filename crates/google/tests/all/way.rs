//! The way to Google and to the referential: proxies, and authorities of one's own.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::Clock;
use intendant_google::{BadWay, Way};
use module::Module as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use testkit::certificate;

use crate::bed::World;

const QUICK: Duration = Duration::from_mins(1);

fn way(proxy: Option<String>, authorities: Option<Vec<u8>>) -> Way {
    Way { proxy, authorities, timeout: QUICK }
}

/// A proxy that knows names which nobody else knows. It notes the first line of each connection.
struct Proxy {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `names` = each with the address behind it. Other targets are addresses themselves.
    fn start(names: &[(&str, String)]) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let names: Vec<_> = names.iter().map(|(name, to)| ((*name).to_owned(), to.clone())).collect();
        let noted = Arc::clone(&seen);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (names, noted) = (names.clone(), Arc::clone(&noted));
                std::thread::spawn(move || serve(client.unwrap(), &names, &noted));
            }
        });
        Proxy { address, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, names: &[(String, String)], noted: &Mutex<Vec<String>>) {
    let head = head(&mut client);
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    noted.lock().unwrap().push(line.clone());
    let target = line.split(' ').nth(1).unwrap_or_default();
    if line.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        // What comes now is not for the eyes of a proxy.
        let mut first = [0; 1];
        client.read_exact(&mut first).unwrap();
        noted.lock().unwrap().push(format!("then {:#04x}", first[0]));
        return;
    }
    let Some(authority) = target.strip_prefix("http://").and_then(|rest| rest.split('/').next()) else {
        return;
    };
    let named = names.iter().find(|(name, _)| name == authority).map(|(_, to)| to.clone());
    let mut server = TcpStream::connect(named.unwrap_or_else(|| authority.to_owned())).unwrap();
    server.write_all(&head).unwrap();
    let (mut back, mut forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let answers = std::thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut client);
        let _ = client.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut forth, &mut server);
    let _ = server.shutdown(Shutdown::Write);
    answers.join().unwrap();
}

/// All up to the empty line, and what came along with it.
fn head(stream: &mut TcpStream) -> Vec<u8> {
    let (mut head, mut some) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut some) {
            Ok(0) | Err(_) => break,
            Ok(read) => head.extend_from_slice(&some[..read]),
        }
    }
    head
}

/// Host and port of an address.
fn authority(url: &str) -> String {
    url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_asked_goes_through_the_proxy() {
    let world = World::new();
    let (google, gram) = (authority(&world.google.url()), authority(&world.gram.url()));
    let proxy = Proxy::start(&[("directory.invalid", google), ("gram.invalid", gram)]);
    let section = world
        .section(&format!("  proxy: {}\n", proxy.address))
        .replace(&format!("url: {}", world.google.url()), "url: http://directory.invalid/")
        .replace(&world.gram.url(), "http://gram.invalid/api/v2/");
    let bed = world.open_as(&section, Clock::system()).await;
    bed.create().await.succeeded();
    bed.stop().await;
    let seen = proxy.seen();
    for begin in
        ["GET http://gram.invalid/api/v2/accounts", "POST http://directory.invalid/admin/directory/v1/users"]
    {
        assert!(seen.iter().any(|line| line.starts_with(begin)), "{begin}: {seen:?}");
    }
    // Tokens, too.
    let tokens = format!("POST {}", world.google.token_uri());
    assert!(seen.iter().any(|line| line.starts_with(&tokens)), "{tokens}: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_encrypted_passes_a_proxy_unseen() {
    let proxy = Proxy::start(&[]);
    let client = way(Some(proxy.address.clone()), None).client().unwrap();
    let asked = client.get("https://directory.invalid/admin/directory/v1/users/ada").bearer_auth("secret");
    asked.send().await.unwrap_err();
    let seen = proxy.seen();
    assert_eq!(seen[0], "CONNECT directory.invalid:443 HTTP/1.1");
    // A TLS record that begins a conversation.
    assert_eq!(seen[1], "then 0x16");
}

/// Answers one call after the other with `{}`, under a certificate of its own.
fn encrypted(folder: &Path) -> (String, Vec<u8>) {
    let made = certificate::make(folder).unwrap();
    let chain = vec![CertificateDer::from_pem_file(&made.certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&made.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::Stream::new(&mut tls, &mut client);
            let mut some = [0; 4096];
            // Whoever does not trust us says so and goes.
            if stream.read(&mut some).is_ok_and(|read| read > 0) {
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _ = stream.write_all(answer.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (url, std::fs::read(&made.certificate).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_a_private_authority_is_trusted_where_that_is_named_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (url, authority) = encrypted(folder.path());
    let stranger = way(None, None).client().unwrap();
    let error = stranger.get(&url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert!(format!("{error:?}").contains("InvalidCertificate"), "{error:?}");
    let known = way(None, Some(authority)).client().unwrap();
    let answer = known.get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "{}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_way_is_told_before_anything_starts() {
    assert!(matches!(way(None, Some(b"nothing".to_vec())).client(), Err(BadWay::NoAuthority)));
    assert!(matches!(way(Some("http://[".to_owned()), None).client(), Err(BadWay::Proxy(_))));
    let world = World::new();
    let empty = world.path("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    for (line, words) in [
        ("  authorities: /nowhere/ca.pem\n".to_owned(), "google.authorities: /nowhere/ca.pem"),
        (format!("  authorities: {}\n", empty.display()), "google.authorities: "),
        ("  proxy: 'http://['\n".to_owned(), "google.proxy: "),
    ] {
        let told = world.told(&world.section(&line), Clock::system());
        let error = intendant_google::Google::default().offer(&told).err().expect("it is refused");
        assert!(format!("{error:#}").contains(words), "{words}: {error:#}");
    }
}
