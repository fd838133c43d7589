//! Notifications: to whom they are handed, in which thread, and what is answered.

use mapistore_wire::{FromHub, Notify, Triple, code};

use crate::daemon::Daemon;
use crate::program::{Bench, Program};

/// A process that registers alice on two backends, one of which has a manager interface.
struct Scene {
    program: Program,
    daemon: Daemon,
    asked: u64,
    _bench: Bench,
}

impl Scene {
    fn new(how: &str) -> Self {
        let bench = Bench::new();
        let daemon = Daemon::start(&bench.socket());
        let mut program = bench.start_with("notify", &[how]);
        program.says("ready");
        daemon.wait("two registrations and a manager", |peers| {
            let peer = peers.first().filter(|peer| peer.is_live())?;
            (peer.total() == 2 && peer.managers.iter().eq(["SOGo"])).then_some(())
        });
        Self { program, daemon, asked: 0, _bench: bench }
    }

    /// Notifies.
    fn tell(
        &mut self,
        backend: &str,
        folder: Option<&str>,
        message: Option<&str>,
        root: Option<&str>,
    ) -> u64 {
        self.asked += 1;
        let triple = Triple::new(backend, "alice", "alice@x").unwrap();
        self.daemon.say(&FromHub::Notify(Notify { id: self.asked, triple, folder, message, root }));
        self.asked
    }

    /// What was answered.
    fn answer(&self, id: u64) -> (i32, Option<String>) {
        self.daemon.wait("an answer", |peers| peers.last()?.answers.get(&id).cloned())
    }

    /// Notifies the one with the interface, which is called and prints a line; what was answered.
    fn ask(&mut self, folder: Option<&str>, message: Option<&str>, root: Option<&str>, line: &str) -> String {
        let id = self.tell("SOGo", folder, message, root);
        self.program.says(line);
        let (code, uri) = self.answer(id);
        assert_eq!(code, code::SUCCESS);
        uri.unwrap()
    }
}

#[test]
fn backends_are_called_in_the_hosts_thread_and_make_uris_with_wildcards() {
    let mut scene = Scene::new("poll");
    let line = "SOGo alice alice@x inbox - sogo://alice@x:*@inbox/";
    assert_eq!(scene.ask(Some("inbox"), None, None, line), "sogo://alice@x:*@inbox/");
    let line = "SOGo alice alice@x - - sogo://alice@x:*@*/";
    assert_eq!(scene.ask(None, None, None, line), "sogo://alice@x:*@*/");
    let line = "SOGo alice alice@x é 42 sogo://a:a@mail/folderINBOX/42.eml";
    let root = Some("sogo://a:a@mail/folderINBOX");
    assert_eq!(scene.ask(Some("é"), Some("42"), root, line), "sogo://a:a@mail/folderINBOX/42.eml");
    // The callback has registered somebody each time: nothing was held while it ran.
    scene.daemon.wait("what callbacks registered", |peers| {
        (peers[0].count("SOGo", "alice", "notified") == 3).then_some(())
    });
    scene.program.go();
    scene.program.says("taken back");
    scene.daemon.wait("no manager", |peers| peers[0].managers.is_empty().then_some(()));
    let id = scene.tell("SOGo", None, None, None);
    assert_eq!(scene.answer(id), (code::NOT_IMPLEMENTED, None));
    scene.program.ends_well();
}

#[test]
fn backends_are_called_in_the_librarys_thread_when_asked_for() {
    let mut scene = Scene::new("thread");
    let line = "SOGo alice alice@x inbox - sogo://alice@x:*@inbox/";
    assert_eq!(scene.ask(Some("inbox"), None, None, line), "sogo://alice@x:*@inbox/");
}

#[test]
fn what_cannot_be_handed_over_is_answered_at_once() {
    let mut scene = Scene::new("nobody");
    let without_interface = scene.tell("Other", None, None, None);
    let nobody_dispatches = scene.tell("SOGo", None, None, None);
    assert_eq!(scene.answer(without_interface), (code::NOT_IMPLEMENTED, None));
    assert_eq!(scene.answer(nobody_dispatches), (code::NOT_INITIALIZED, None));
}

#[test]
fn the_callbacks_own_numbers_come_back() {
    let mut scene = Scene::new("poll");
    let no_uri = scene.tell("SOGo", Some("broken"), None, None);
    assert_eq!(scene.answer(no_uri), (14, None));
    let refused = scene.tell("SOGo", None, Some("refuse"), None);
    scene.program.says("SOGo alice alice@x - refuse sogo://alice@x:*@*/refuse.eml");
    assert_eq!(scene.answer(refused), (99, Some("sogo://alice@x:*@*/refuse.eml".to_owned())));
}

#[test]
fn a_host_that_does_not_come_for_them_keeps_a_bounded_number() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("lazy");
    program.says("ready");
    daemon
        .wait("a manager", |peers| (peers.first()?.is_live() && !peers[0].managers.is_empty()).then_some(()));
    let triple = Triple::new("SOGo", "alice", "alice").unwrap();
    for id in 1..=1500 {
        daemon.say(&FromHub::Notify(Notify { id, triple, folder: None, message: None, root: None }));
    }
    daemon.wait("what is too much", |peers| (peers[0].answers.len() == 1500 - 1024).then_some(()));
    daemon.look(|peers| {
        assert!(peers[0].answers.iter().all(|(id, (code, _))| *id > 1024 && *code == code::MSG_RCV));
    });
    program.go();
    program.says("1024");
    daemon.wait("the others", |peers| (peers[0].answers.len() == 1500).then_some(()));
    program.ends_well();
}

#[test]
fn a_child_takes_its_own_notifications_by_what_its_parent_made_ready() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = bench.start("prefork");
    program.says("forked");
    daemon
        .wait("the child", |peers| (peers.first()?.is_live() && !peers[0].managers.is_empty()).then_some(()));
    assert_ne!(daemon.look(|peers| peers[0].pid), program.pid());
    let triple = Triple::new("SOGo", "alice", "alice").unwrap();
    daemon.say(&FromHub::Notify(Notify { id: 1, triple, folder: None, message: None, root: None }));
    program.says("readable");
    program.go();
    // Parent and child say so at the same time.
    let mut said = [program.line(), program.line()];
    said.sort();
    assert_eq!(said, ["alice", "let go"]);
    daemon.wait("an answer", |peers| peers[0].answers.get(&1).cloned());
    program.ends_well();
}
