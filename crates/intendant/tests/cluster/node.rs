//! One hub of several: a machine of its own as far as it can tell, with its own road to PostgreSQL.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use api::client::Client;
use api::dto::NodeRole;
use rustix::process::{Pid, Signal, kill_process};
use testkit::oracle::Run;
use testkit::port::Port;
use testkit::proxy::Proxy;
use testkit::service::Service;
use testkit::shadow::{Point, Shadow};

use crate::bed::LONG;
use crate::hub::HubProcess;

/// All of them have the same.
const KEY: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";

pub(crate) struct Node {
    hub: HubProcess,
    shadow: Shadow,
    pub(crate) road: Proxy,
    /// Its own road to the broker, if there is one.
    pub(crate) broker: Option<Proxy>,
    pub(crate) client: Client,
    port: Port,
    /// What it is started as: the first one now, the next one then, and so on.
    programs: VecDeque<PathBuf>,
    /// Whether it was started and not killed since.
    pub(crate) lives: bool,
}

impl Node {
    /// One that does not run yet. Its scripts write into `witness`, which they know as `$WITNESS`, and into a file of this node
    /// which runs were its own.
    pub(crate) fn new(
        server: &Service,
        broker: Option<&Service>,
        backends: &[(&str, &str, &str)],
        witness: &Path,
        more: &str,
    ) -> Node {
        let hub = HubProcess::bare();
        let own = hub.path("own");
        fs::create_dir_all(hub.path("backends")).unwrap();
        for (name, keys, work) in backends {
            let bear = format!(
                "WITNESS='{}'\necho \"$JOB $STEP $ATTEMPT start\" >> '{}'",
                witness.display(),
                own.display()
            );
            let work = format!("{bear}\n{work}");
            hub.backend(name, keys, &work, witness);
        }
        let road = Proxy::to(server.address()).unwrap();
        let broker = broker.map(|broker| Proxy::to(broker.address()).unwrap());
        let more = broker.as_ref().map_or(more.to_owned(), |broker| broker.url(more));
        hub.configure(&format!(
            "breaker:\n  failures: 0\njournal:\n  url: {}\n{more}",
            road.url(server.url())
        ));
        fs::write(hub.path("key"), KEY).unwrap();
        fs::set_permissions(hub.path("key"), Permissions::from_mode(0o600)).unwrap();
        fs::write(&own, "").unwrap();
        let client = Client::new(hub.path("socket"));
        let shadow = Shadow::new(&hub.path("data"), &hub.path("shadow")).unwrap();
        let programs = [hub.program.clone()].into();
        Node { hub, shadow, road, broker, client, port: Port::take().unwrap(), programs, lives: false }
    }

    /// From one start to the next it is this version of the program and ours, in turn, and this one first where `first` is said.
    pub(crate) fn alternate(&mut self, version: &Path, first: bool) {
        self.programs.push_back(version.to_owned());
        self.programs.rotate_left(usize::from(first));
    }

    /// Starts it, whether it can take work or not.
    pub(crate) fn spawn(&mut self) {
        self.spawn_and(None);
    }

    /// Starts it, and waits until it has died by itself at this point, `name:n`. `false`: another one works, and it was ended.
    pub(crate) async fn spawn_and_die(&mut self, point: &str) -> bool {
        self.spawn_and(Some(point));
        let mut hub = self.hub.take();
        self.lives = false;
        let begun = Instant::now();
        loop {
            if let Some(ended) = hub.try_wait().unwrap() {
                assert_eq!(ended.signal(), Some(Signal::ABORT.as_raw()), "{point}; {}", self.log());
                return true;
            }
            let found = self.client.nodes().await.map(|found| found.nodes).unwrap_or_default();
            // What leaves does so where one leads.
            let of_whoever_leads = point.starts_with("deliver") || point.starts_with("mark");
            let is_elsewhere = found
                .iter()
                .any(|node| node.own && (node.role == NodeRole::StandsBy || of_whoever_leads && !node.leads));
            if is_elsewhere || begun.elapsed() > LONG {
                hub.kill().unwrap();
                hub.wait().unwrap();
                assert!(is_elsewhere, "it lives beyond {point}; {}", self.log());
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn spawn_and(&mut self, die_at: Option<&str>) {
        let address = format!("127.0.0.1:{}", self.port.number());
        self.hub.program.clone_from(&self.programs[0]);
        self.programs.rotate_left(1);
        self.hub.spawn(|command| {
            self.shadow.follow(command).unwrap();
            command.env("INTENDANT_HTTP__LISTEN", address);
            command.envs(die_at.map(|point| ("INTENDANT_CRASH_AT", point)));
        });
        self.lives = true;
    }

    /// Lays a backend of this name on its machine.
    pub(crate) fn give(&self, name: &str) {
        self.hub.backend(name, "", "", &self.hub.path("own"));
    }

    /// Removes it.
    pub(crate) fn take_back(&self, name: &str) {
        fs::remove_dir_all(self.hub.path("backends").join(name)).unwrap();
    }

    /// Where it is reached over TCP.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// What a command prints that asks this hub; it has to succeed.
    pub(crate) fn command(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    /// What it answers on its socket.
    pub(crate) fn asked(&self, path: &str) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--max-time", "60", "--unix-socket"]).arg(self.hub.path("socket"));
        let ran = curl.arg(format!("http://hub{path}")).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    /// What comes of a command that asks this hub.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_intendant"));
        command
            .env_clear()
            .env("HOME", self.hub.path(""))
            .arg("--config")
            .arg(self.hub.path("intendant.yml"));
        command.args(args).output().unwrap()
    }

    /// Kills it. What it runs goes on, on a machine that lives.
    pub(crate) fn kill(&mut self) {
        self.hub.kill();
        self.lives = false;
    }

    /// Kills it and all that it runs, as the loss of the machine does.
    pub(crate) fn lose(&mut self) {
        self.kill();
        self.kill_scripts();
    }

    /// Lets it die at this point. What it runs goes on.
    pub(crate) fn dies_at(&mut self, point: Point) {
        self.shadow.arm(point).unwrap();
        let mut hub = self.hub.take();
        self.lives = false;
        let died = tokio::task::block_in_place(|| testkit::wait::until(LONG, || hub.try_wait().unwrap()));
        assert!(died.is_some(), "it lives; the log:\n{}", self.hub.log());
    }

    /// Asks it to stop, and says how it ended.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        let mut hub = self.hub.take();
        self.lives = false;
        tokio::task::spawn_blocking(move || hub.wait().unwrap().code()).await.unwrap()
    }

    /// Its roads to all others.
    pub(crate) fn roads(&self) -> impl Iterator<Item = &Proxy> {
        std::iter::once(&self.road).chain(&self.broker)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.hub.child()), signal).unwrap();
    }

    /// Whether it says that it takes work.
    pub(crate) async fn is_at_work(&self) -> bool {
        self.lives && self.says().await == Some(true)
    }

    /// Whether it answers, and says that it does not take work.
    pub(crate) async fn stands_by(&self) -> bool {
        self.lives && self.says().await == Some(false)
    }

    /// What it says of itself.
    pub(crate) async fn own(&self) -> Option<api::dto::Node> {
        let said = tokio::time::timeout(crate::load::ANSWERS, self.client.nodes()).await;
        said.ok()?.ok()?.nodes.into_iter().find(|node| node.own)
    }

    async fn says(&self) -> Option<bool> {
        let said = tokio::time::timeout(crate::load::ANSWERS, self.client.ready()).await;
        said.ok()?.ok().map(|said| said.ready)
    }

    /// The runs that were its own.
    pub(crate) fn runs(&self) -> HashSet<Run> {
        let own = fs::read_to_string(self.hub.path("own")).unwrap();
        testkit::oracle::read(&own).unwrap().into_iter().map(|line| line.run).collect()
    }

    pub(crate) fn forget_runs(&self) {
        fs::write(self.hub.path("own"), "").unwrap();
    }

    /// Whether its log has these words.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        self.hub.log().contains(words)
    }

    /// The end of its log.
    pub(crate) fn log(&self) -> String {
        let log = self.hub.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Whether nothing of what it has started is left.
    pub(crate) fn runs_nothing(&self) -> bool {
        self.scripts().is_empty()
    }

    /// What works in its folders.
    fn scripts(&self) -> Vec<Pid> {
        let home = self.hub.path("backends").canonicalize().unwrap();
        let here = |pid: &Pid| {
            let cwd = fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
            cwd.is_ok_and(|cwd| cwd.starts_with(&home))
        };
        let all = fs::read_dir("/proc").unwrap().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Pid::from_raw);
        pids.filter(here).collect()
    }

    /// Kills what works in its folders, until there is nothing left: a script may be about to start another one.
    pub(crate) fn kill_scripts(&self) {
        let gone = testkit::wait::until(LONG, || {
            let left = self.scripts();
            for pid in &left {
                // It may have ended just now.
                let _ = kill_process(*pid, Signal::KILL);
            }
            left.is_empty().then_some(())
        });
        assert!(gone.is_some(), "scripts that cannot be killed");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.lives {
            // One that stands still cannot be waited for otherwise.
            self.signal(Signal::CONT);
            self.kill();
        }
        self.kill_scripts();
    }
}
