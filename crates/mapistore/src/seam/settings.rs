//! What the configuration says, with the names of the system looked up.

use anyhow::{Result, anyhow};
use module::exit::misuse;
use nix::unistd::{Group, User};

use super::config::Registry as Section;
use crate::live::Settings;
use crate::registry::{Queue, Rules};
use crate::socket;

/// What the configuration says; `None` = nobody is listened to.
pub(super) fn configured(section: &Section) -> Result<Option<Settings>> {
    let queues = section.legacy.iter().map(|word| queue(word)).collect::<Result<Vec<_>>>()?;
    if section.socket.is_none() && queues.is_empty() && !socket::is_inherited() {
        return Ok(None);
    }
    Ok(Some(Settings {
        socket: section.socket.clone(),
        group: section.group.as_deref().map(group).transpose()?,
        users: section.users.iter().map(|name| user(name)).collect::<Result<_>>()?,
        queues: queues.into_iter().map(|queue| (queue, queue.generation().queue().to_owned())).collect(),
        rules: Rules { grace: section.grace, fold: section.fold_case, ..Rules::default() },
    }))
}

/// The queue of that letter.
fn queue(word: &str) -> Result<Queue> {
    let known = Queue::ALL.into_iter().find(|queue| queue.as_str().eq_ignore_ascii_case(word));
    known.ok_or_else(|| misuse(anyhow!("registry.legacy: {word:?} is no generation: write a, b or both")))
}

fn group(name: &str) -> Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let found = Group::from_name(name).map_err(|error| misuse(anyhow!("registry.group: {name}: {error}")))?;
    found.map(|group| group.gid.as_raw()).ok_or_else(|| {
        let make = format!("make it with `groupadd --system {name}`");
        misuse(anyhow!("registry.group: there is no group {name} on this machine: {make}"))
    })
}

fn user(name: &str) -> Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let found = User::from_name(name).map_err(|error| misuse(anyhow!("registry.users: {name}: {error}")))?;
    found
        .map(|user| user.uid.as_raw())
        .ok_or_else(|| misuse(anyhow!("registry.users: there is no user {name} on this machine")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }

    #[test]
    fn nobody_is_listened_to_unless_somebody_says_where() {
        assert_eq!(configured(&Section::default()).unwrap(), None);
        let section = Section {
            legacy: words("B"),
            group: Some("root".to_owned()),
            users: vec!["root".to_owned(), "4711".to_owned()],
            ..Section::default()
        };
        let settings = configured(&section).unwrap().unwrap();
        assert_eq!(settings.queues, [(Queue::B, "/mapistore_ipc".to_owned())]);
        assert_eq!((settings.group, settings.users), (Some(0), vec![0, 4711]));
    }

    #[test]
    fn what_there_is_not_is_told_with_its_place() {
        let wrong = |section: Section| configured(&section).unwrap_err().to_string();
        let said = wrong(Section { legacy: words("c"), ..Section::default() });
        assert!(said.contains("registry.legacy") && said.contains("a, b"), "{said}");
        let legacy = || Section { legacy: words("a"), ..Section::default() };
        let said = wrong(Section { group: Some("no-such".to_owned()), ..legacy() });
        assert!(said.contains("registry.group") && said.contains("groupadd"), "{said}");
        let said = wrong(Section { users: words("no-such"), ..legacy() });
        assert!(said.contains("registry.users"), "{said}");
    }
}
