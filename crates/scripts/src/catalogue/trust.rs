//! Who may change what the hub runs. What root runs belongs to root, or to those whom the administrator trusts; what
//! anyone may change is run by nobody.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::process::geteuid;

use super::files::Fault;

/// As many links are followed on one way as the kernel follows.
const LINKS: usize = 40;

const STICKY: u32 = 0o1000;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// Whom the hub trusts with what it runs.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    /// The folder of backends, as it is called and as it is: whoever may put something into it adds a backend.
    roots: [PathBuf; 2],
    /// The hub's own user.
    own: u32,
    owners: Vec<u32>,
}

/// What is to be known of a file or folder.
#[derive(Clone, Copy, Debug)]
struct Entry {
    owner: u32,
    group: u32,
    mode: u32,
    kind: Kind,
    /// A sticky bit protects what is there already, and more is not asked for here.
    sticky_will_do: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    Link,
}

/// Who may change something that should not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intruder {
    Anyone,
    Group,
    Owner,
}

impl Trust {
    /// For a folder of backends. `owners`: users beside root and the hub's own to whom what it runs may belong.
    pub(crate) fn new(root: &Path, owners: &[u32]) -> Trust {
        let roots = [root.to_owned(), fs::canonicalize(root).unwrap_or_else(|_| root.to_owned())];
        Trust { roots, own: geteuid().as_raw(), owners: owners.to_owned() }
    }

    /// Refuses what somebody can change who is not trusted: it itself, or anything on the way to it, links included.
    /// What does not exist is not refused here.
    pub(crate) fn inspect(&self, path: &Path) -> Result<(), Fault> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut left = LINKS;
        let mut at = PathBuf::new();
        let mut ahead = steps(&path);
        while let Some(step) = ahead.pop_front() {
            if step == ".." {
                at.pop();
                continue;
            }
            at.push(&step);
            let Ok(found) = fs::symlink_metadata(&at) else { return Ok(()) };
            self.refuse(&at, &found, ahead.is_empty())?;
            if found.is_symlink() && left > 0 {
                left -= 1;
                let Ok(target) = fs::read_link(&at) else { return Ok(()) };
                at.pop();
                for step in steps(&target).into_iter().rev() {
                    ahead.push_front(step);
                }
            }
        }
        Ok(())
    }

    /// Whether root, the hub's own user or one that is trusted owns it.
    pub(crate) fn owns(&self, found: &Metadata) -> bool {
        self.trusts(found.uid())
    }

    fn trusts(&self, user: u32) -> bool {
        user == 0 || user == self.own || self.owners.contains(&user)
    }

    /// `last`: there is no further to go.
    fn refuse(&self, path: &Path, found: &Metadata, last: bool) -> Result<(), Fault> {
        let kind = match found.file_type() {
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::File,
        };
        let close = last || self.roots.iter().any(|root| path.starts_with(root));
        let entry = Entry {
            owner: found.uid(),
            group: found.gid(),
            mode: found.mode(),
            kind,
            sticky_will_do: !close,
        };
        self.intruder(entry).map_or(Ok(()), |intruder| Err(fault(path, entry, intruder)))
    }

    fn intruder(&self, entry: Entry) -> Option<Intruder> {
        let strict = self.own == 0;
        let sealed = entry.kind == Kind::Link || entry.sticky_will_do && entry.mode & STICKY != 0;
        if entry.mode & OTHERS_WRITE != 0 && !sealed {
            return Some(Intruder::Anyone);
        }
        if strict && !self.trusts(entry.owner) {
            return Some(Intruder::Owner);
        }
        // A group of the same number is the user's own, by custom.
        let group_is_trusted = entry.group == 0 || self.owners.contains(&entry.group);
        (strict && entry.mode & GROUP_WRITES != 0 && !sealed && !group_is_trusted).then_some(Intruder::Group)
    }
}

/// The number of a user: one that is given as such, or that of a name in `/etc/passwd`.
pub(crate) fn user(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| {
        let users = fs::read_to_string("/etc/passwd").ok()?;
        users.lines().find_map(|line| number_in(line, name))
    })
}

fn number_in(line: &str, name: &str) -> Option<u32> {
    let mut fields = line.split(':');
    (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
}

fn steps(path: &Path) -> VecDeque<OsString> {
    let meant = path.components().filter(|step| *step != Component::CurDir);
    meant.map(|step| step.as_os_str().to_owned()).collect()
}

fn fault(path: &Path, entry: Entry, intruder: Intruder) -> Fault {
    let Entry { owner, group, mode, .. } = entry;
    let shown = path.display();
    let rights = format!("(owner {owner}, group {group}, mode {:04o})", mode & 0o7777);
    let within = if entry.kind == Kind::Folder { "in it" } else { "by it" };
    let (what, remedy) = match (intruder, entry.kind) {
        (Intruder::Anyone, Kind::Folder) => (
            format!(
                "anyone on this machine may replace the files in it or add some {rights}, so nothing {within} is run"
            ),
            format!("run `chmod o-w {shown}`"),
        ),
        (Intruder::Anyone, _) => (
            format!("anyone on this machine may change it {rights}, so nothing is run {within}"),
            format!("run `chmod o-w {shown}`"),
        ),
        (Intruder::Group, _) => (
            format!("its group may change it {rights}, and the hub runs as root, so nothing {within} is run"),
            format!("run `chmod g-w {shown}`"),
        ),
        (Intruder::Owner, _) => (
            format!(
                "it belongs to user {owner} {rights}, and the hub runs as root, so nothing {within} is run"
            ),
            format!(
                "run `chown {}root {shown}`, or trust that user with root: name them in `backends.owners`",
                no_follow(entry.kind)
            ),
        ),
    };
    Fault::unfit(path, what, remedy)
}

fn no_follow(kind: Kind) -> &'static str {
    if kind == Kind::Link { "-h " } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Entry = Entry { owner: 0, group: 0, mode: 0o644, kind: Kind::File, sticky_will_do: false };
    const FOLDER: Entry = Entry { mode: 0o755, kind: Kind::Folder, ..FILE };

    fn of_root(owners: &[u32]) -> Trust {
        Trust {
            roots: [PathBuf::from("/srv/backends"), PathBuf::from("/srv/backends")],
            own: 0,
            owners: owners.to_owned(),
        }
    }

    #[test]
    fn what_root_runs_belongs_to_root() {
        let trust = of_root(&[]);
        assert_eq!(trust.intruder(FILE), None);
        assert_eq!(trust.intruder(Entry { owner: 1000, ..FILE }), Some(Intruder::Owner));
        assert_eq!(trust.intruder(Entry { owner: 1000, ..FOLDER }), Some(Intruder::Owner));
        assert_eq!(trust.intruder(Entry { owner: 1000, kind: Kind::Link, ..FILE }), Some(Intruder::Owner));
        assert_eq!(trust.intruder(Entry { mode: 0o777, kind: Kind::Link, ..FILE }), None);
        assert_eq!(trust.intruder(Entry { group: 50, mode: 0o775, ..FOLDER }), Some(Intruder::Group));
        assert_eq!(trust.intruder(Entry { mode: 0o775, ..FOLDER }), None);
    }

    #[test]
    fn or_to_those_whom_the_administrator_names() {
        let trust = of_root(&[1000]);
        assert_eq!(trust.intruder(Entry { owner: 1000, group: 1000, mode: 0o775, ..FOLDER }), None);
        assert_eq!(trust.intruder(Entry { owner: 1001, ..FOLDER }), Some(Intruder::Owner));
        assert_eq!(trust.intruder(Entry { owner: 1000, mode: 0o777, ..FOLDER }), Some(Intruder::Anyone));
    }

    #[test]
    fn a_sticky_bit_protects_only_on_the_way() {
        let (trust, sticky) = (of_root(&[]), Entry { mode: 0o1777, ..FOLDER });
        assert_eq!(trust.intruder(sticky), Some(Intruder::Anyone));
        assert_eq!(trust.intruder(Entry { sticky_will_do: true, ..sticky }), None);
        let loose = Entry { mode: 0o777, sticky_will_do: true, ..FOLDER };
        assert_eq!(trust.intruder(loose), Some(Intruder::Anyone));
    }

    #[test]
    fn users_have_names_and_numbers() {
        assert_eq!((user("1234"), user("root"), user("no such user")), (Some(1234), Some(0), None));
        assert_eq!(number_in("deploy:x:1000:100:,,,:/home/deploy:/bin/sh", "deploy"), Some(1000));
        assert_eq!(number_in("deploy:x", "deploy"), None);
    }

    #[test]
    fn another_user_is_asked_for_less() {
        let trust = Trust { own: 1000, ..of_root(&[]) };
        assert_eq!(trust.intruder(Entry { owner: 1001, group: 50, mode: 0o775, ..FOLDER }), None);
        assert_eq!(trust.intruder(Entry { mode: 0o1777, ..FOLDER }), Some(Intruder::Anyone));
    }
}
