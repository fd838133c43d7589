//! What is wrong with a script's file, its link or its directory. Looked at before each attempt, so that a repaired
//! file works at once, and one that others may write never runs.

use std::fs::{self, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::problem::{Problem, Severity};
use super::trust::Trust;

/// Why a script cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What a shell would answer: 127 = not found, 126 = found, and cannot be run.
    pub(crate) status: i32,
    pub(crate) file: PathBuf,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Fault {
    fn missing(file: &Path, what: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault { status: 127, file: file.to_owned(), what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn unfit(file: &Path, what: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault { status: 126, ..Fault::missing(file, what, remedy) }
    }

    /// The same as a problem of the folder.
    pub(crate) fn into_problem(self) -> Problem {
        Problem {
            file: self.file,
            line: None,
            severity: Severity::Error,
            what: self.what,
            remedy: self.remedy,
        }
    }

    /// The whole in one sentence.
    pub(crate) fn sentence(self) -> String {
        self.into_problem().to_string()
    }
}

/// Looks at the `bin` of a backend, and at a script in it where the command line tells which. A link is followed:
/// installed scripts are links into a shared module directory. It may only lead to what
/// somebody owns who is trusted.
pub(crate) fn inspect(bin: &Path, script: Option<&Path>, trust: &Trust) -> Result<(), Fault> {
    if !bin.is_dir() {
        let remedy = "create it and put the backend's scripts into it";
        return Err(Fault::missing(bin, "the directory does not exist", remedy));
    }
    trust.inspect(bin)?;
    script.map_or(Ok(()), |script| inspect_script(script, trust))
}

fn inspect_script(script: &Path, trust: &Trust) -> Result<(), Fault> {
    let file = fs::metadata(script).map_err(|error| unreachable_script(script, error.kind()))?;
    if !file.is_file() {
        return Err(Fault::unfit(script, "it is not a file", "correct `script` in config.yml"));
    }
    trust.inspect(script)?;
    if fs::symlink_metadata(script).is_ok_and(|link| link.is_symlink()) {
        inspect_target(script, &file, trust)?;
    }
    access(script, Access::EXEC_OK).map_err(|_| {
        Fault::unfit(script, "it is not executable", format!("run `chmod +x {}`", script.display()))
    })
}

fn inspect_target(script: &Path, target: &Metadata, trust: &Trust) -> Result<(), Fault> {
    if !trust.owns(target) {
        let what = format!("it is a link to a file of user {}, so it is not run", target.uid());
        return Err(Fault::unfit(script, what, "give the target to root or to the hub's user with chown"));
    }
    let resolved = fs::canonicalize(script).map_err(|error| unreachable_script(script, error.kind()))?;
    // What lies beside a script is read by many of them: the folder counts as much as the script.
    resolved.parent().map_or(Ok(()), |folder| trust.inspect(folder))
}

fn unreachable_script(script: &Path, kind: ErrorKind) -> Fault {
    match fs::read_link(script) {
        _ if kind == ErrorKind::PermissionDenied => Fault::unfit(
            script,
            "the hub may not read it",
            "give the hub's user access to it and to its directory",
        ),
        Ok(target) => {
            let what = format!("it is a link to {}, which does not exist", target.display());
            Fault::missing(script, what, "restore the target or correct the link")
        }
        Err(_) => Fault::missing(
            script,
            "the script does not exist",
            "create it, or correct `script` in config.yml",
        ),
    }
}

/// The first line of a script, as the kernel reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// `#!` and an interpreter's path.
    Interpreter(PathBuf),
    /// None of it: the shell reads the file itself.
    None,
    /// A compiled program, or a file that could not be read.
    Opaque,
}

/// Reads a script's first line.
pub(crate) fn first_line(script: &Path) -> FirstLine {
    let mut head = Vec::new();
    let read = fs::File::open(script).and_then(|file| file.take(256).read_to_end(&mut head));
    if read.is_err() || head.contains(&0) {
        return FirstLine::Opaque;
    }
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(rest) = line.strip_prefix(b"#!") else { return FirstLine::None };
    let text = String::from_utf8_lossy(rest);
    // A carriage return belongs to the name: that is how the kernel reads it, and why such a script does not start.
    let name = text.trim_matches([' ', '\t']).split([' ', '\t']).next().unwrap_or_default();
    FirstLine::Interpreter(PathBuf::from(name))
}

/// Whether the interpreter that a script names can be found, and what to do when not.
pub(crate) fn inspect_interpreter(script: Option<&Path>) -> Result<(), Fault> {
    let Some(script) = script else { return Ok(()) };
    let FirstLine::Interpreter(interpreter) = first_line(script) else { return Ok(()) };
    if interpreter.exists() {
        return Ok(());
    }
    let shown = interpreter.to_string_lossy();
    if shown.ends_with('\r') {
        let remedy = format!("run `sed -i 's/\\r$//' {}`", script.display());
        return Err(Fault::missing(
            script,
            "its lines end as on Windows, so its interpreter is not found",
            remedy,
        ));
    }
    let what = format!("its first line names {shown:?}, which does not exist");
    Err(Fault::missing(script, what, "install that interpreter or correct the first line"))
}
