//! Processes on the socket: counted, told, dropped when they end, kept over interruptions and restarts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use intendant_mapistore::Settings;
use intendant_mapistore::registry::Rules;
use mapistore_wire::{FromProcess, Hello, LONGEST_FRAME};
use serde_json::json;
use support::{Bed, Speaker, quick, until};

const ALICE: &str = "SOGo|alice|alice";

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_and_goes_is_told_once_with_the_names() {
    let bed = Bed::new().await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set(ALICE, 1).set(ALICE, 2).set("SOGo|Administrator|sogo1@example.com", 1).sync().await;
    bed.until_registered(&["SOGo|alice|alice=2", "SOGo|Administrator|sogo1@example.com=1"]).await;
    samba.set(ALICE, 1).sync().await;
    samba.set(ALICE, 0).sync().await;
    until("three jobs", async || bed.ear.heard().len() == 3).await;
    assert_eq!(
        bed.ear.heard().iter().filter(|word| word.ends_with("alice")).collect::<Vec<_>>(),
        ["+alice", "-alice"]
    );
    let told = bed.ear.payloads().into_iter().find(|payload| payload["username"] == "Administrator").unwrap();
    let wanted = json!({ "status": "REGISTER", "backend": "SOGo", "username": "Administrator",
        "vuser": "sogo1@example.com", "others": 0 });
    assert_eq!(told, wanted);
    let jobs = testhub::jobs(&bed.hub).await;
    let subjects: Vec<&str> =
        jobs.iter().filter_map(|job| job.subject.as_ref()).map(model::Subject::as_str).collect();
    assert!(subjects.contains(&"mailbox:SOGo/alice"), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_system_users_of_one_mailbox_are_told_apart_and_of_each_other() {
    let bed = Bed::new().await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set(ALICE, 1).sync().await;
    samba.set("SOGo|bob|alice", 1).sync().await;
    samba.set(ALICE, 0).sync().await;
    samba.set("SOGo|bob|alice", 0).sync().await;
    bed.until_heard(&["+alice", "+bob", "-alice", "-bob"]).await;
    assert_eq!(bed.ear.heard(), ["+alice", "+bob", "-alice", "-bob"], "in order");
    let others: Vec<u64> = bed.ear.payloads().iter().map(|p| p["others"].as_u64().unwrap()).collect();
    assert_eq!(others, [0, 1, 1, 0], "whoever watches a mailbox stops with the last one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_says_good_bye_takes_along_its_own_at_once() {
    let bed = Bed::new().await;
    let (mut first, mut second) = (Speaker::new(&bed, 1).await, Speaker::new(&bed, 2).await);
    first.set(ALICE, 2).sync().await;
    second.set(ALICE, 1).sync().await;
    first.say(FromProcess::Goodbye).flush().await;
    bed.until_registered(&["SOGo|alice|alice=1"]).await;
    second.say(FromProcess::Goodbye).flush().await;
    bed.until_heard(&["+alice", "-alice"]).await;
}

/// Another process, that holds alice three times as long as it lives.
async fn other(bed: &Bed) -> Child {
    drop(Speaker::silent(bed).await);
    // Its frames, said by another program: the kernel knows who that is.
    let mut frames = Vec::new();
    FromProcess::Hello(Hello::new([9; 16], 0, 0, "python")).encode(&mut frames).unwrap();
    for word in [FromProcess::Snapshot, FromProcess::SnapshotEnd] {
        word.encode(&mut frames).unwrap();
    }
    let triple = mapistore_wire::Triple::new("SOGo", "alice", "alice").unwrap();
    FromProcess::Set { triple, count: 3 }.encode(&mut frames).unwrap();
    let program = "import socket,sys,time\n\
        s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(bytes.fromhex(sys.argv[2]))\n\
        time.sleep(3600)";
    let hex = frames.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let mut python = Command::new("python3");
    let child = python.args(["-c", program]).arg(bed.socket()).arg(hex).stdin(Stdio::null()).spawn().unwrap();
    bed.until_registered(&["SOGo|alice|alice=3"]).await;
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_killed_takes_along_its_own_at_once() {
    let bed = Bed::new().await;
    let mut child = other(&bed).await;
    child.kill().unwrap();
    // The grace is a minute: nobody waits for whoever is dead, not even when his parent does not look after him.
    bed.until_registered(&[]).await;
    bed.until_heard(&["+alice", "-alice"]).await;
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_killed_while_the_hub_was_away_is_not_waited_for() {
    let rules = Rules { grace: Duration::from_hours(1), settle: Duration::from_secs(1), ..Rules::default() };
    let bed = Bed::with(Settings { rules, ..Settings::default() }).await;
    let mut child = other(&bed).await;
    bed.until_heard(&["+alice"]).await;
    let bed = bed
        .again_after(|| {
            child.kill().unwrap();
            child.wait().unwrap();
        })
        .await;
    bed.until_heard(&["+alice", "-alice"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_comes_back_in_time_was_never_gone() {
    let bed = Bed::new().await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set(ALICE, 2).set("SOGo|bob|bob", 1).sync().await;
    drop(samba);
    let mut samba = Speaker::silent(&bed).await;
    samba.say(FromProcess::Hello(Hello::new([1; 16], 1, 1, "samba")));
    samba.say(FromProcess::Snapshot).set(ALICE, 5).say(FromProcess::SnapshotEnd).flush().await;
    assert_eq!(samba.hear().await.as_deref(), Some("welcome 1"));
    bed.until_registered(&["SOGo|alice|alice=5"]).await;
    bed.until_heard(&["+alice", "+bob", "-bob"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_lives_and_does_not_come_back_is_given_up_after_the_grace() {
    let bed = Bed::with(quick()).await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set(ALICE, 2).sync().await;
    // This very process: it lives.
    drop(samba);
    bed.until_heard(&["+alice", "-alice"]).await;
    assert_eq!(bed.live.table().anomalies.given_up, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_hub_tells_nobody_anything_of_those_who_stay() {
    let rules = Rules { settle: Duration::from_secs(20), ..Rules::default() };
    let bed = Bed::with(Settings { rules, ..Settings::default() }).await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set(ALICE, 2).set("SOGo|bob|bob", 1).sync().await;
    bed.until_heard(&["+alice", "+bob"]).await;
    let bed = bed.again().await;
    assert_eq!(samba.hear().await.as_deref(), Some("refused Stopping: the hub stops"));
    until("those who were there", async || bed.registered().len() == 2).await;
    let mut samba = Speaker::silent(&bed).await;
    samba.say(FromProcess::Hello(Hello::new([1; 16], 1, 1, "samba")));
    samba.say(FromProcess::Snapshot).set(ALICE, 2).say(FromProcess::SnapshotEnd).flush().await;
    assert_eq!(samba.hear().await.as_deref(), Some("welcome 1"));
    samba.sync().await;
    // Bob has gone meanwhile, and somebody else may have him: he is waited for.
    assert_eq!(bed.registered(), ["SOGo|alice|alice=2", "SOGo|bob|bob=0"]);
    assert_eq!(bed.ear.heard().len(), 2);
    bed.until_heard(&["+alice", "+bob", "-bob"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_those_whose_process_is_gone_go_when_the_grace_is_over() {
    let bed = Bed::with(quick()).await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set(ALICE, 2).sync().await;
    drop(samba);
    let bed = bed.again().await;
    bed.until_heard(&["+alice", "-alice"]).await;
    assert_eq!((bed.counted("came"), bed.counted("went")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_ends_one_connection_and_no_other() {
    let bed = Bed::new().await;
    let mut good = Speaker::new(&bed, 1).await;
    good.set(ALICE, 1).sync().await;
    let hostile: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &u32::MAX.to_le_bytes(),
        &[0; 64],
        &[1, 0, 0, 0, 0x7f],
        &[5, 0, 0, 0, 4, 1, 2, 3, 4],
    ];
    for bytes in hostile {
        let mut stranger = Speaker::silent(&bed).await;
        stranger.raw(bytes).flush().await;
        let word = stranger.hear().await.expect("a word before the end");
        assert!(word.starts_with("refused NotUnderstood"), "{bytes:?}: {word}");
        assert_eq!(stranger.hear().await, None);
        let mut known = Speaker::new(&bed, 2).await;
        known.raw(bytes).flush().await;
        assert!(known.hear().await.unwrap().starts_with("refused NotUnderstood"), "{bytes:?}");
    }
    let mut newer = Speaker::silent(&bed).await;
    let hello = Hello { lowest: 9, highest: 12, ..Hello::new([3; 16], 1, 1, "newer") };
    newer.say(FromProcess::Hello(hello)).flush().await;
    assert!(newer.hear().await.unwrap().starts_with("refused Version"));
    good.set(ALICE, 7).sync().await;
    assert_eq!(bed.registered(), ["SOGo|alice|alice=7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_greets_or_never_reads_keeps_nobody_waiting() {
    let bed = Bed::new().await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut one = Speaker::silent(&bed).await;
        one.raw(&u32::try_from(LONGEST_FRAME).unwrap().to_le_bytes()).flush().await;
        silent.push(one);
    }
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set(ALICE, 1).sync().await;
    assert_eq!(bed.registered(), ["SOGo|alice|alice=1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_has_so_many_tables() {
    let bed = Bed::new().await;
    let tables = u8::try_from(Settings::default().rules.tables).unwrap();
    let mut all = Vec::new();
    for instance in 0..tables {
        let mut one = Speaker::new(&bed, instance).await;
        one.set(&format!("SOGo|{instance}|v"), 1).sync().await;
        all.push(one);
    }
    let mut more = Speaker::silent(&bed).await;
    more.say(FromProcess::Hello(Hello::new([99; 16], 1, 1, "samba"))).flush().await;
    assert!(more.hear().await.unwrap().starts_with("refused TooMany"));
    assert_eq!(bed.registered().len(), usize::from(tables));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_not_named_is_not_heard_whatever_he_says() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        eprintln!("left out: only root can become another user");
        return;
    }
    let bed = Bed::new().await;
    drop(Speaker::new(&bed, 1).await);
    // As if its group and folder were open to him.
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(&bed.socket(), 0o666);
    open(bed.socket().parent().unwrap(), 0o755);
    let program = "import socket,sys\n\
        s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n\
        answer=b''\n\
        while True:\n\
        \x20more=s.recv(4096)\n\
        \x20if not more: break\n\
        \x20answer+=more\n\
        sys.stdout.buffer.write(answer)";
    let mut stranger = Command::new("python3");
    stranger.args(["-c", program]).arg(bed.socket()).uid(NOBODY).gid(NOBODY);
    let output = tokio::task::spawn_blocking(move || stranger.output().unwrap()).await.unwrap();
    let mut frames = mapistore_wire::Frames::default();
    frames.push(&output.stdout);
    let refused = frames.next_frame().unwrap().expect("a word");
    match mapistore_wire::FromHub::decode(refused).unwrap() {
        Some(mapistore_wire::FromHub::Refused { reason, why }) => {
            assert_eq!(reason, mapistore_wire::Reason::NotAllowed);
            assert!(why.contains("registry.users"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bed.counted("refused"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_who_sign_in_at_once_are_few_commits_and_all_are_told() {
    let bed = Bed::new().await;
    let mut samba = Speaker::new(&bed, 1).await;
    for n in 0..10_000 {
        samba.set(&format!("SOGo|u{n}|u{n}"), 3);
    }
    samba.sync().await;
    assert_eq!(bed.live.table().len(), 10_000);
    until("all jobs", async || bed.ear.heard().len() == 10_000).await;
    samba.say(FromProcess::Goodbye).flush().await;
    until("all jobs", async || bed.ear.heard().len() == 20_000).await;
    assert_eq!((bed.counted("came"), bed.counted("went")), (10_000, 10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_for_its_group_and_its_file_goes_with_the_hub() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    // Only root can give it to another one than its own.
    let group = if rustix::process::geteuid().is_root() { 1 } else { rustix::process::getegid().as_raw() };
    let bed = Bed::with(Settings { group: Some(group), ..Settings::default() }).await;
    drop(Speaker::new(&bed, 1).await);
    let socket = std::fs::metadata(bed.socket()).unwrap();
    assert_eq!((socket.permissions().mode() & 0o777, socket.gid()), (0o660, group));
    let link = bed.hub.links().into_iter().find(|link| link.kind == "openchange").unwrap();
    assert!(link.connected && link.counters["connected"] >= 1, "{link:?}");
    let bed = bed.again().await;
    until("the socket of the next", async || bed.socket().exists()).await;
    drop(Speaker::new(&bed, 1).await);
}
