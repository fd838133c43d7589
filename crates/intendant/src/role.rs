//! Roles: the command in the place of an older program, with that program's own settings.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use module::{Role, Settings};

use crate::config::Environment;

/// A role with what its older program was told.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The role.
    pub role: Role,
    /// What the program was told.
    pub settings: Settings,
}

impl Taken {
    /// Reads what the older program is told by.
    pub fn read(role: Role, environment: &Environment) -> Result<Self> {
        Ok(Taken { role, settings: (role.read)(environment)? })
    }

    /// The role whose program is told anything here, for commands beside a hub: without complaint.
    pub fn if_told(roles: &[Role], environment: &Environment) -> Option<Self> {
        let mut read = roles.iter().filter_map(|role| Taken::read(*role, environment).ok());
        read.find(|taken| !taken.settings.said.is_empty())
    }
}

/// The command line as it is meant: called by an old name (a link) the command takes that role.
pub fn by_name(line: impl IntoIterator<Item = OsString>, roles: &[Role]) -> Vec<OsString> {
    let mut line: Vec<OsString> = line.into_iter().collect();
    let name = line.first().and_then(|first| Path::new(first).file_name());
    if let Some(role) = roles.iter().find(|role| name.is_some_and(|name| name == role.name)) {
        line.insert(1, role.name.into());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly::Modules;

    fn called(line: &[&str]) -> Vec<OsString> {
        let roles = Modules::new(crate::modules::all()).roles();
        by_name(line.iter().map(OsString::from), &roles)
    }

    #[test]
    fn the_old_name_is_a_role() {
        assert_eq!(called(&["/usr/bin/sesame-daemon"]), ["/usr/bin/sesame-daemon", "sesame-daemon"]);
        assert_eq!(called(&["sesame-daemon", "-v"]), ["sesame-daemon", "sesame-daemon", "-v"]);
        assert_eq!(called(&["/usr/bin/intendant", "serve"]), ["/usr/bin/intendant", "serve"]);
        assert!(called(&[]).is_empty());
    }
}
