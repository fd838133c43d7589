//! `cargo xtask services`: real servers to try things out with.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use testgoogle::{Google, Gram, SCOPE};
use testkit::packages::{self, Need};
use testkit::service::{Kind, Service};
use testkit::smtp::Sink;
use testkit::{browser, bullmq, directory, peer, schemathesis, tus};

/// Who is in the referential.
const PERSON: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";

/// Servers of our own, for which nothing needs to be installed but their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Smtp,
    Google,
    Gram,
}

const OWN: [(&str, Own); 3] = [("smtp", Own::Smtp), ("google", Own::Google), ("gram", Own::Gram)];

/// What of our own is running.
#[expect(dead_code, reason = "each is there until this process ends")]
enum Running {
    Smtp(Sink),
    Google(Google),
    Gram(Gram),
}

/// Installs what the named services are made of (none named = all of them), starts them, says where they are, and
/// keeps them until this process is stopped. With `only_install`, that is all.
pub(crate) fn run(names: &[String], only_install: bool) -> Result<()> {
    let (kinds, own) = chosen(names)?;
    install(&kinds)?;
    if only_install {
        return Ok(());
    }
    let services = kinds.into_iter().map(Kind::start).collect::<Result<Vec<Service>, _>>()?;
    for service in &services {
        println!("{}", service.url());
    }
    let folder = tempfile::tempdir()?;
    let _running = own.into_iter().map(|own| start(own, folder.path())).collect::<Result<Vec<Running>>>()?;
    println!("until Ctrl-C");
    // A signal ends this process, and with it every server: each has a guard that waits for that.
    loop {
        std::thread::park();
    }
}

/// Starts one of our own, and says how to speak to it.
fn start(own: Own, folder: &Path) -> Result<Running> {
    Ok(match own {
        Own::Smtp => {
            let sink = Sink::start()?;
            println!("{}", sink.url());
            Running::Smtp(sink)
        }
        Own::Google => {
            let google = Google::start();
            google.token_life(Duration::from_hours(24));
            let (url, token) = (google.url(), google.token(&[SCOPE]));
            println!("{url}  the Directory API, for {} of the domain gadz.org", google.admin());
            println!("  key file of the service account: {}", google.key_file(folder).display());
            println!(
                "  curl -H 'Authorization: Bearer {token}' '{url}admin/directory/v1/users?customer=my_customer'"
            );
            Running::Google(google)
        }
        Own::Gram => {
            let gram = Gram::start();
            let hash = gram.add_person(PERSON, 84_189, "Alice", "Martin");
            let (url, (name, password)) = (gram.url(), gram.client());
            println!("{url}  GrAM, with one account (its hash is {hash})");
            println!("  curl -u '{name}:{password}' '{url}accounts/{PERSON}.json?show_password_hash=true'");
            Running::Gram(gram)
        }
    })
}

fn chosen(names: &[String]) -> Result<(Vec<Kind>, Vec<Own>)> {
    if names.is_empty() {
        return Ok((Kind::ALL.to_vec(), OWN.map(|(_, own)| own).to_vec()));
    }
    let (mut kinds, mut own) = (Vec::new(), Vec::new());
    for name in names {
        match OWN.iter().find(|(known, _)| known == name) {
            Some((_, one)) => own.push(*one),
            None => kinds.push(
                name.parse().map_err(|error| anyhow!("{error}, {}", OWN.map(|(name, _)| name).join(", ")))?,
            ),
        }
    }
    Ok((kinds, own))
}

/// Installs what these services and the tests' tools are made of, and says so.
pub(crate) fn install(kinds: &[Kind]) -> Result<()> {
    let services = kinds.iter().flat_map(|kind| kind.needs());
    let programs = services
        .chain(packages::TOOLS)
        .chain(bullmq::NEEDS)
        .chain(tus::NEEDS)
        .chain(schemathesis::NEEDS)
        .chain(peer::NEEDS)
        .chain(browser::NEEDS)
        .chain(directory::needs());
    let needs: Vec<Need> = programs.copied().collect();
    let installed = packages::install(&needs)?;
    if !installed.is_empty() {
        println!("installed {}", installed.join(" "));
    }
    bullmq::install()?;
    schemathesis::install()?;
    peer::install()?;
    directory::install()?;
    browser::axe()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(names: &[&str]) -> Result<(Vec<Kind>, Vec<Own>)> {
        chosen(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn all_are_meant_unless_some_are_named() {
        assert_eq!(choose(&[]).unwrap(), (Kind::ALL.to_vec(), vec![Own::Smtp, Own::Google, Own::Gram]));
        assert_eq!(choose(&["redis", "smtp"]).unwrap(), (vec![Kind::Redis], vec![Own::Smtp]));
        assert_eq!(choose(&["slapd"]).unwrap(), (vec![Kind::Slapd], vec![]));
        assert_eq!(choose(&["google", "gram"]).unwrap(), (vec![], vec![Own::Google, Own::Gram]));
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let error = choose(&["mysql"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no service mysql: there are redis, valkey, rabbitmq, postgresql, slapd, smtp, google, gram"
        );
    }
}
