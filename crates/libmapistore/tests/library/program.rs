//! C programs, built by the system's compiler and talked to line by line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use tempfile::TempDir;

/// The name that programs ask for at run time, and the one that a linker asks for.
const NAMES: [&str; 2] = ["libintendant_mapistore.so.1", "libintendant_mapistore.so"];

/// What cargo builds.
const BUILT: &str = "libintendant_libmapistore.so";

/// A folder with the library as it is installed, and room for programs.
pub struct Bench {
    folder: TempDir,
}

/// The library's own folder.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../libmapistore")
}

/// Where cargo has put the libraries: beside this test.
pub fn built() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let found = [folder.clone(), folder.parent().unwrap().to_owned()]
        .into_iter()
        .find(|folder| folder.join(BUILT).is_file());
    found.unwrap_or_else(|| panic!("cargo has built no {BUILT} in {}", folder.display()))
}

/// The shared library.
pub fn library() -> PathBuf {
    built().join(BUILT)
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in NAMES {
            std::os::unix::fs::symlink(library(), folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the hub listens.
    pub fn socket(&self) -> PathBuf {
        self.path("socket")
    }

    /// Builds `c/NAME.c`, linked with the shared library.
    pub fn build(&self, name: &str) -> PathBuf {
        self.build_with(name, &["-lintendant_mapistore"])
    }

    /// Builds `c/NAME.c` with these arguments at the end.
    pub fn build_with(&self, name: &str, more: &[&str]) -> PathBuf {
        let program = self.path(name);
        let mut compiler = Command::new("gcc");
        compiler
            .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-pthread", "-I"])
            .arg(source().join("include"))
            .arg(source().join("tests/library/c").join(name).with_extension("c"))
            .arg("-o")
            .arg(&program)
            .arg(format!("-L{}", self.folder.path().display()))
            .arg(format!("-Wl,-rpath,{}", self.folder.path().display()))
            .args(more);
        run(&mut compiler);
        program
    }

    /// Builds and starts `c/NAME.c`.
    pub fn start(&self, name: &str) -> Program {
        self.start_with(name, &[])
    }

    /// Builds and starts `c/NAME.c` with these arguments.
    pub fn start_with(&self, name: &str, args: &[&str]) -> Program {
        let program = self.build(name);
        Program::spawn(self.command(&program).args(args))
    }

    /// A command that finds the hub of this folder.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("INTENDANT_MAPISTORE_SOCKET", self.socket()).env_remove("INTENDANT_MAPISTORE_TRANSPORT");
        command
    }
}

/// Runs a command to its end, which must be a good one; what it printed.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    text
}

/// A program that runs. It is killed when it is dropped.
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next line that it prints must be this one.
    pub fn says(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Lets it go on.
    pub fn go(&mut self) {
        self.input.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Kills it without a word.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it go on to its end.
    pub fn end(mut self) -> ExitStatus {
        self.input.take();
        self.child.wait().unwrap()
    }

    /// Lets it go on to its end, which must be a good one.
    pub fn ends_well(self) {
        let status = self.end();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
