//! Roles: the command in the place of an older program, with that program's own settings.

mod dotenv;
mod sesame_daemon;

use std::ffi::OsString;
use std::path::Path;

pub use sesame_daemon::SesameDaemon;

/// Old names under which the command may be called, and the role that each stands for.
const NAMES: [&str; 1] = ["sesame-daemon"];

/// The command line as it is meant: called by the old name (a link) the command takes that role.
pub fn by_name(line: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut line: Vec<OsString> = line.into_iter().collect();
    let name = line.first().and_then(|first| Path::new(first).file_name());
    if let Some(role) = NAMES.into_iter().find(|role| name.is_some_and(|name| name == *role)) {
        line.insert(1, role.into());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(line: &[&str]) -> Vec<OsString> {
        by_name(line.iter().map(OsString::from))
    }

    #[test]
    fn the_old_name_is_a_role() {
        assert_eq!(called(&["/usr/bin/sesame-daemon"]), ["/usr/bin/sesame-daemon", "sesame-daemon"]);
        assert_eq!(called(&["sesame-daemon", "-v"]), ["sesame-daemon", "sesame-daemon", "-v"]);
        assert_eq!(called(&["/usr/bin/intendant", "serve"]), ["/usr/bin/intendant", "serve"]);
        assert!(called(&[]).is_empty());
    }
}
