//! `cargo xtask services`: real servers to try things out with.

use anyhow::{Result, anyhow};
use testkit::packages::{self, Need};
use testkit::service::{Kind, Service};
use testkit::smtp::Sink;
use testkit::{browser, bullmq, peer, schemathesis};

/// The mail server is ours, and nothing needs to be installed for it.
const SMTP: &str = "smtp";

/// Installs what the named services are made of (none named = all of them), starts them, says where they are, and
/// keeps them until this process is stopped. With `only_install`, that is all.
pub(crate) fn run(names: &[String], only_install: bool) -> Result<()> {
    let (kinds, mail) = chosen(names)?;
    install(&kinds)?;
    if only_install {
        return Ok(());
    }
    let services = kinds.into_iter().map(Kind::start).collect::<Result<Vec<Service>, _>>()?;
    for service in &services {
        println!("{}", service.url());
    }
    let sink = mail.then(Sink::start).transpose()?;
    if let Some(sink) = &sink {
        println!("{}", sink.url());
    }
    println!("until Ctrl-C");
    // A signal ends this process, and with it every server: each has a guard that waits for that.
    loop {
        std::thread::park();
    }
}

fn chosen(names: &[String]) -> Result<(Vec<Kind>, bool)> {
    if names.is_empty() {
        return Ok((Kind::ALL.to_vec(), true));
    }
    let (mail, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| *name == SMTP);
    let kinds = others.iter().map(|name| name.parse().map_err(|error| anyhow!("{error}, {SMTP}")));
    Ok((kinds.collect::<Result<_>>()?, !mail.is_empty()))
}

/// Installs what these services and the tests' tools are made of, and says so.
pub(crate) fn install(kinds: &[Kind]) -> Result<()> {
    let services = kinds.iter().flat_map(|kind| kind.needs());
    let programs = services
        .chain(packages::TOOLS)
        .chain(bullmq::NEEDS)
        .chain(schemathesis::NEEDS)
        .chain(peer::NEEDS)
        .chain(browser::NEEDS);
    let needs: Vec<Need> = programs.copied().collect();
    let installed = packages::install(&needs)?;
    if !installed.is_empty() {
        println!("installed {}", installed.join(" "));
    }
    bullmq::install()?;
    schemathesis::install()?;
    peer::install()?;
    browser::axe()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(names: &[&str]) -> Result<(Vec<Kind>, bool)> {
        chosen(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn all_are_meant_unless_some_are_named() {
        assert_eq!(choose(&[]).unwrap(), (Kind::ALL.to_vec(), true));
        assert_eq!(choose(&["redis", "smtp"]).unwrap(), (vec![Kind::Redis], true));
        assert_eq!(choose(&["slapd"]).unwrap(), (vec![Kind::Slapd], false));
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let error = choose(&["mysql"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no service mysql: there are redis, valkey, rabbitmq, postgresql, slapd, smtp"
        );
    }
}
