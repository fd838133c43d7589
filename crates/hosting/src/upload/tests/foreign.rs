//! Clients that were not written here, cut off and resumed; and a server that was not written here, asked the same.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use testkit::tus::{Client, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::bed::{Answer, Bed, archive, sha256};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PROGRAM: (&str, &str) = ("accept", "application/json");

/// A network that loses connections: after each of so many bytes, once.
pub(super) async fn network(to: &str, cuts: Vec<u64>) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let (passed, cut) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (to, count) = (to.strip_prefix("http://").unwrap().to_owned(), Arc::clone(&cut));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (to, passed, cut, cuts) = (to.clone(), Arc::clone(&passed), Arc::clone(&cut), cuts.clone());
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(to).await else { return };
                let (mut says, mut hears) = client.into_split();
                let (mut back, mut forth) = server.into_split();
                let answers = tokio::spawn(async move { tokio::io::copy(&mut back, &mut hears).await });
                let mut piece = vec![0; 64 << 10];
                while let Ok(read @ 1..) = says.read(&mut piece).await {
                    if forth.write_all(&piece[..read]).await.is_err() {
                        break;
                    }
                    let all = passed.fetch_add(read as u64, Ordering::SeqCst) + read as u64;
                    let next = cut.load(Ordering::SeqCst);
                    if cuts.get(next as usize).is_some_and(|at| all > *at) {
                        cut.store(next + 1, Ordering::SeqCst);
                        break;
                    }
                }
                answers.abort();
            });
        }
    });
    (here, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_others_are_cut_off_and_resume_with_equal_bytes() {
    for client in Client::ALL {
        let bed = Bed::new().await;
        let session = bed.session().await;
        let content = archive(&(0..6_000_000_u32).map(|n| (n * 7 + n / 251) as u8).collect::<Vec<_>>());
        let file = bed.folder().join("content");
        std::fs::write(&file, &content).unwrap();
        let (through, cuts) = network(&bed.url, vec![300_000, 1_500_000, 4_100_000]).await;
        let endpoint = format!("{through}{session}/files");
        let sent = run(client, &endpoint, &file).await;
        assert!(sent.status.success(), "{client:?}: {}", String::from_utf8_lossy(&sent.stderr));
        assert_eq!(cuts.load(Ordering::SeqCst), 3, "{client:?} was cut off");
        let finish = bed.ask("POST", &format!("{session}/finish"), &[FORM, PROGRAM], b"").await;
        assert_eq!(finish.status, 204, "{client:?} {finish:?}");
        let lived = bed.life.0.lock().unwrap();
        assert_eq!(lived.handed[0][0].sha256, sha256(&content), "{client:?}");
        assert!(std::fs::read(&lived.handed[0][0].path).unwrap() == content, "{client:?}");
    }
}

async fn run(client: Client, endpoint: &str, file: &Path) -> std::process::Output {
    let mut command = client.sends(endpoint, file, "Élèves.zip").unwrap();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

/// The method, where to, headers, and the body.
type Asked = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static [u8]);

/// What is asked of both: the method, headers, and the body; `@` is the file that was announced first.
const ASKED: &[Asked] = &[
    ("OPTIONS", "", &[TUS], b""),
    ("POST", "", &[TUS, ("upload-length", "10"), NAME], b""),
    ("HEAD", "@", &[TUS], b""),
    ("PATCH", "@", &[TUS, PART, ("upload-offset", "0")], b"notic"),
    ("PATCH", "@", &[TUS, PART, ("upload-offset", "3")], b"xx"),
    ("PATCH", "@", &[TUS, PART], b"xx"),
    ("PATCH", "@", &[TUS, ("upload-offset", "5")], b"xx"),
    ("PATCH", "@", &[TUS, PART, ("upload-offset", "-5")], b"xx"),
    ("HEAD", "@", &[TUS], b""),
    ("PATCH", "@", &[TUS, PART, ("upload-offset", "5")], b"es..."),
    ("HEAD", "@", &[TUS], b""),
    ("POST", "", &[TUS, ("upload-length", "-1"), NAME], b""),
    ("POST", "", &[TUS, NAME], b""),
    ("POST", "", &[TUS, ("upload-length", "99999999999"), NAME], b""),
    ("POST", "", &[("tus-resumable", "0.2.2"), ("upload-length", "10"), NAME], b""),
    ("HEAD", "/nobody", &[TUS], b""),
    ("PATCH", "/nobody", &[TUS, PART, ("upload-offset", "0")], b"x"),
    ("DELETE", "/nobody", &[TUS], b""),
    ("DELETE", "@", &[TUS], b""),
    ("HEAD", "@", &[TUS], b""),
    ("POST", "", &[TUS, PART, ("upload-length", "6"), OTHER], b"notice"),
];
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
const NAME: (&str, &str) = ("upload-metadata", "filename YmFzZS50eHQ=");
const OTHER: (&str, &str) = ("upload-metadata", "filename b3RoZXIudHh0");

/// Where both differ, and why.
const DIFFERENCES: &[(usize, &str)] = &[
    (4, "we say beside the refusal where to go on"),
    (
        5,
        "a part that does not say where it begins: the protocol names no status, and 403 would say that it is forbidden",
    ),
    (6, "the protocol asks for 415 when a part has another media type, and they answer 403"),
    (14, "the protocol asks for 412 with the versions that are spoken, and they answer 400"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_those_who_wrote_the_protocol_answers_the_same() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let folder = tempfile::tempdir().unwrap();
    let twin = Server::start(folder.path()).unwrap();
    let ours = all(&bed, &bed.url, &format!("{session}/files")).await;
    let (url, path) = twin.endpoint.split_at(twin.endpoint.rfind('/').unwrap());
    let theirs = all(&bed, url, path).await;
    let differ = ours.iter().zip(&theirs).enumerate().filter(|(_, (our, their))| our != their);
    let told: Vec<usize> = DIFFERENCES.iter().map(|(number, _)| *number).collect();
    let found: Vec<_> = differ.map(|(number, both)| (number, ASKED[number], both)).collect();
    assert_eq!(
        found.iter().map(|(number, ..)| *number).collect::<Vec<_>>(),
        told,
        "ours, theirs: {found:#?}"
    );
}

/// What counts of each answer.
async fn all(bed: &Bed, url: &str, endpoint: &str) -> Vec<(u16, [String; 4], bool)> {
    let (mut file, mut answers) = (String::new(), Vec::new());
    for (method, path, headers, body) in ASKED {
        let path = match *path {
            "@" => file.clone(),
            path => format!("{endpoint}{path}"),
        };
        let answer: Answer = bed.ask_at(url, method, &path, headers, body).await;
        if file.is_empty() {
            answer.header("location").clone_into(&mut file);
        }
        let said = ["upload-offset", "upload-length", "tus-resumable", "tus-version"]
            .map(|name| answer.header(name).to_owned());
        answers.push((answer.status, said, !answer.header("location").is_empty()));
    }
    answers
}
