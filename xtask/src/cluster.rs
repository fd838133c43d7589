//! `cargo xtask cluster`: several hubs on one PostgreSQL, to try by hand what happens when one of them is gone.

use std::fs;
use std::io::BufRead as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use testkit::daemon::Daemon;
use testkit::port::Port;
use testkit::proxy::{Proxy, Way};
use testkit::service::{Kind, Service};

use crate::services;
use crate::workspace::{cargo, root, show_and_run, target};

const HELP: &str = "  start 1 · stop 1 · kill 1      a hub (kill: as the loss of its machine does)
  pause 1 · resume 1             it stands still, as a machine that is moved
  cut 1 · hang 1 · heal 1        its road to PostgreSQL
  kill pg · start pg             PostgreSQL itself
  nodes                          who is at work
  help · end (or Ctrl-C)";

/// All of them have the same key.
const KEY: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";

/// One hub of them.
struct Node {
    hub: Option<Daemon>,
    road: Proxy,
    port: Port,
    folder: PathBuf,
}

/// Starts so many hubs and does what is typed, until Ctrl-C.
pub(crate) fn run(hubs: usize, all_work: bool) -> Result<()> {
    if !(1..=9).contains(&hubs) {
        bail!("{hubs} hubs: from 1 to 9 can be tried here");
    }
    services::install(&[Kind::PostgreSql])?;
    // As the tests are built, so that there is little to build.
    show_and_run(&mut cargo(&["build", "--locked", "--all-features", "--package", "intendant"]))?;
    let program = target()?.join("debug/intendant");
    let home = tempfile::Builder::new().prefix("intendant-cluster-").tempdir()?;
    // A signal that ends this process ends it as well, and with it the folder of them all.
    let _keeper = Daemon::start("keeper", Command::new("sleep").arg("infinity"), home.path(), Signal::TERM)?;
    let mut server = Kind::PostgreSql.start()?;
    let make = |number| Node::new(&server, home.path().join(format!("{number}")), all_work);
    let mut nodes = (1..=hubs).map(make).collect::<Result<Vec<Node>>>()?;
    for node in &mut nodes {
        node.start(&program)?;
    }
    println!("PostgreSQL  {}", server.url());
    for (place, node) in nodes.iter().enumerate() {
        println!(
            "hub {}       http://{}  {}",
            place + 1,
            node.address(),
            node.file("intendant.log").display()
        );
    }
    println!("\nin another terminal:");
    for (place, node) in nodes.iter().enumerate() {
        let file = node.file("intendant.yml");
        println!("  alias i{}='{} --config {}'", place + 1, program.display(), file.display());
    }
    let request = root().join("examples/requests/identity-update.json");
    println!("  i1 nodes list; i1 nodes drain; i1 submit --wait {}; i1 token sign-in", request.display());
    println!("\nhere:\n{HELP}\n");
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        if matches!(words[..], ["end"]) {
            return Ok(());
        }
        if let Err(error) = obey(&words, &mut server, &mut nodes, &program) {
            println!("{error:#}");
        }
    }
    // Without a terminal: a signal ends this process, and with it every server, which has a guard that waits for that.
    loop {
        std::thread::park();
    }
}

fn obey(words: &[&str], server: &mut Service, nodes: &mut [Node], program: &Path) -> Result<()> {
    match words {
        [] => {}
        ["kill", "pg"] => server.crash(),
        ["start", "pg"] => server.revive()?,
        ["nodes"] => {
            let node = nodes.iter().find(|node| node.hub.is_some()).context("no hub runs")?;
            let file = node.file("intendant.yml");
            // It says itself what is wrong.
            let _ = Command::new(program).args(["nodes", "list", "--config"]).arg(file).status()?;
        }
        [what, number] => {
            let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let node = place.and_then(|place| nodes.get_mut(place)).context("there is no such hub")?;
            node.obey(what, program)?;
        }
        _ => println!("{HELP}"),
    }
    Ok(())
}

impl Node {
    fn new(server: &Service, folder: PathBuf, all_work: bool) -> Result<Node> {
        fs::create_dir(&folder)?;
        let node = Node { hub: None, road: Proxy::to(server.address())?, port: Port::take()?, folder };
        let (at, examples) = (node.folder.display(), root().join("examples/backends"));
        let copied = Command::new("cp").arg("-R").arg(&examples).arg(node.file("backends")).status()?;
        if !copied.success() {
            bail!("{} could not be copied", examples.display());
        }
        let configuration = format!(
            "key: file:{at}/key\nsocket: {at}/socket\ndata:\n  folder: {at}/data\nhttp:\n  listen: {}\n\
             stop:\n  grace: 2s\nbackends:\n  folder: {at}/backends\njournal:\n  url: {}\n  all_work: {all_work}\n",
            node.address(),
            node.road.url(server.url()),
        );
        fs::write(node.file("intendant.yml"), configuration)?;
        fs::write(node.file("key"), KEY)?;
        fs::set_permissions(node.file("key"), fs::Permissions::from_mode(0o600))?;
        Ok(node)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    fn start(&mut self, program: &Path) -> Result<()> {
        if self.hub.is_some() {
            bail!("it runs");
        }
        let mut command = Command::new(program);
        command.args(["serve", "--config"]).arg(self.file("intendant.yml"));
        self.hub = Some(Daemon::start("intendant", &mut command, &self.folder, Signal::TERM)?);
        Ok(())
    }

    fn obey(&mut self, what: &str, program: &Path) -> Result<()> {
        match what {
            "start" => self.start(program)?,
            "stop" => drop(self.hub.take().context("it does not run")?),
            "kill" => self.hub.take().context("it does not run")?.kill(),
            "pause" => self.hub.as_ref().context("it does not run")?.signal(Signal::STOP),
            "resume" => self.hub.as_ref().context("it does not run")?.signal(Signal::CONT),
            "cut" => self.road.cut(),
            "hang" => self.road.hang(Way::Both),
            "heal" => self.road.heal()?,
            _ => println!("{HELP}"),
        }
        Ok(())
    }
}
