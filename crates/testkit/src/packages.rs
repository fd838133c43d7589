//! Programs that tests need, and the Debian packages that have them.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;

/// A program, and the Debian package that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The file name of the program.
    pub program: &'static str,
    /// The package.
    pub package: &'static str,
}

/// A need, shortly.
pub(crate) const fn need(program: &'static str, package: &'static str) -> Need {
    Need { program, package }
}

/// What the tests need beside the services: a C compiler for the shim and for programs that use the C library (with what
/// looks at them, talloc, and Objective-C), `make` for the allocator, the interpreters of
/// the example backends and of workers, and everyday tools that a bare machine may lack.
pub const TOOLS: &[Need] = &[
    need("cc", "gcc"),
    need("make", "make"),
    need("curl", "curl"),
    need("openssl", "openssl"),
    need("python3", "python3"),
    need("node", "nodejs"),
    need("/usr/lib/python3/dist-packages/ldap/__init__.py", "python3-ldap"),
    need("setpriv", "util-linux"),
    need("sqlite3", "sqlite3"),
    need("git", "git"),
    need("nm", "binutils"),
    need("pkg-config", "pkg-config"),
    need("valgrind", "valgrind"),
    need("mandoc", "mandoc"),
    need("g++", "g++"),
    need("/usr/include/talloc.h", "libtalloc-dev"),
    need("/usr/include/GNUstep/Foundation/Foundation.h", "libgnustep-base-dev"),
    // The compiler itself lies in a folder of its version.
    need("/var/lib/dpkg/info/gobjc.list", "gobjc"),
];

/// Folders of programs that `PATH` often lacks.
const MORE_FOLDERS: &[&str] = &["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/rabbitmq/bin"];

/// Finds a program in `PATH`, or where Debian hides servers; a file that is none is named by its whole path.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(PathBuf::from(program)).filter(|file| file.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(MORE_FOLDERS.iter().map(PathBuf::from))
        .chain(postgresql_folders())
        .map(|folder| folder.join(program))
        .find(|file| is_program(file))
}

/// Finds a program that is needed.
pub(crate) fn require(need: Need) -> Result<PathBuf, Error> {
    find(need.program)
        .ok_or_else(|| Error::Missing { program: need.program.to_owned(), package: need.package.to_owned() })
}

/// Debian keeps each major version of PostgreSQL in a folder of its own: newest first.
fn postgresql_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .collect();
    folders.sort_unstable_by(|a, b| b.cmp(a));
    folders.into_iter().map(|(_, folder)| folder).collect()
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// Installs the packages of the programs that are missing, with apt as root or through sudo, and returns them.
///
/// Servers among them are not started by the installation.
///
/// # Errors
/// [`Error::CannotInstall`] where there is no apt or no right to use it, [`Error::Install`] when apt fails.
pub fn install(needs: &[Need]) -> Result<Vec<&'static str>, Error> {
    if missing(needs).is_empty() {
        return Ok(Vec::new());
    }
    let _turn = one_at_a_time()?;
    let packages = missing(needs);
    if packages.is_empty() {
        return Ok(packages);
    }
    run_apt(&packages)?;
    for need in needs {
        require(*need)?;
    }
    Ok(packages)
}

fn missing(needs: &[Need]) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        needs.iter().filter(|need| find(need.program).is_none()).map(|need| need.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Held while packages are installed: two test runs must not both begin.
fn one_at_a_time() -> Result<File, Error> {
    let path = std::env::temp_dir().join(format!("intendant-testkit-install-{}.lock", user()));
    let what = || format!("locking {}", path.display());
    let file = File::create(&path).map_err(Error::io(what()))?;
    file.lock().map_err(Error::io(what()))?;
    Ok(file)
}

/// `policy-rc.d` keeps Debian from starting a daemon that it installs.
const APT: &str = r#"
set -e
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
fi
apt-get -q update
apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 install "$@"
"#;

fn run_apt(packages: &[&'static str]) -> Result<(), Error> {
    let cannot = |why| Error::CannotInstall { packages: packages.join(" "), why };
    if find("apt-get").is_none() {
        return Err(cannot("there is no apt-get here"));
    }
    let mut command = if is_root() {
        Command::new("sh")
    } else if may_sudo() {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        return Err(cannot("this user is not root and has no sudo without a password"));
    };
    let output = command
        .args(["-c", APT, "apt"])
        .args(packages)
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io("running apt-get"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut log = output.stdout;
    log.extend(output.stderr);
    Err(Error::Install { packages: packages.join(" "), log: tail(&log) })
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    user() == 0
}

/// The number of the user that this process is.
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn may_sudo() -> bool {
    Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// The last lines of a program's output.
pub fn tail(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().collect();
    let kept = lines.get(lines.len().saturating_sub(30)..).unwrap_or_default();
    kept.join("\n")
}

/// Runs a tool to its end and returns what it printed.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<String, Error> {
    let output = command.stdin(Stdio::null()).output().map_err(Error::io(format!("running {what}")))?;
    let mut printed = output.stdout;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&printed).into_owned());
    }
    printed.extend(output.stderr);
    Err(Error::Tool { what: what.to_owned(), log: tail(&printed) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_in_the_path_and_nothing_else() {
        assert!(find("sh").is_some_and(|file| file.ends_with("sh")));
        assert_eq!(find("no-program-has-this-name"), None);
    }

    #[test]
    fn names_each_missing_package_once() {
        let needs = [need("sh", "dash"), need("no-such-b", "pkg"), need("no-such-a", "pkg")];
        assert_eq!(missing(&needs), ["pkg"]);
    }

    #[test]
    fn a_missing_program_says_how_to_get_it() {
        let error = require(need("no-such-program", "some-package")).unwrap_err().to_string();
        assert!(error.contains("no-such-program") && error.contains("some-package"), "{error}");
    }

    #[test]
    fn the_tail_is_short() {
        let log: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
        let tail = tail(log.join("\n").as_bytes());
        assert!(tail.starts_with("line 70\n") && tail.ends_with("line 99"), "{tail}");
    }
}
