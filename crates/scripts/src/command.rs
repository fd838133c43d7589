//! The command line of a script: what the original hands to `/bin/sh -c`, and the same without the shell where the
//! shell has nothing to do.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A script's command line, ready to be started.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommandLine {
    /// The line as the shell reads it. The path before the script is quoted where it needs to be.
    line: OsString,
    /// The shell that reads it.
    shell: PathBuf,
    /// The script's file, where the line begins with a plain name.
    program: Option<PathBuf>,
    /// The arguments, when the shell would only split at blanks.
    plain: Option<Vec<String>>,
}

impl CommandLine {
    /// Puts the `bin` directory before what `script` says.
    pub(crate) fn new(bin: &Path, script: &str, shell: &Path) -> Self {
        let first =
            script.split(ends_word).next().filter(|word| !word.is_empty() && word.bytes().all(is_plain));
        let program = first.map(|word| bin.join(word.trim_start_matches('/')));
        let plain = script.bytes().all(|b| is_plain(b) || b == b' ' || b == b'\t');
        let words = script.split([' ', '\t']).filter(|word| !word.is_empty()).skip(1);
        CommandLine {
            line: shell_line(bin, script),
            shell: shell.to_owned(),
            program,
            plain: plain.then(|| words.map(str::to_owned).collect()),
        }
    }

    /// The script's file, as far as the line tells.
    pub(crate) fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// Whether a shell stands between the hub and the script.
    pub(crate) fn needs_shell(&self) -> bool {
        self.plain.is_none()
    }

    /// The line as the shell would read it, for people.
    pub(crate) fn line(&self) -> &OsStr {
        &self.line
    }

    /// The command that runs the line.
    pub(crate) fn command(&self) -> Command {
        match (&self.program, &self.plain) {
            (Some(program), Some(arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments);
                command
            }
            _ => self.through_shell(),
        }
    }

    /// The command that lets the shell run the line. It also runs a file without a first line that names its
    /// interpreter, which the kernel alone refuses.
    pub(crate) fn through_shell(&self) -> Command {
        let mut command = Command::new(&self.shell);
        command.arg("-c").arg(&self.line);
        command
    }
}

/// Bytes that mean only themselves to a shell, wherever they stand in a word that is not the first of a line.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&byte) || !byte.is_ascii()
}

/// Characters that end a word, whatever it is.
fn ends_word(letter: char) -> bool {
    " \t\n;|&<>()".contains(letter)
}

fn shell_line(bin: &Path, script: &str) -> OsString {
    let mut line = quoted(bin.as_os_str().as_bytes());
    line.push(b'/');
    line.extend_from_slice(script.trim_start_matches('/').as_bytes());
    OsString::from_vec(line)
}

/// A path as one word of a shell.
fn quoted(path: &[u8]) -> Vec<u8> {
    if path.iter().all(|byte| is_plain(*byte)) {
        return path.to_owned();
    }
    let mut word = vec![b'\''];
    for &byte in path {
        match byte {
            b'\'' => word.extend_from_slice(br"'\''"),
            byte => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(bin: &str, script: &str) -> CommandLine {
        CommandLine::new(Path::new(bin), script, Path::new("/bin/sh"))
    }

    #[test]
    fn a_plain_line_needs_no_shell() {
        let command = line("/b/01x/bin", "activation.py  --active 1\t--name=été");
        assert!(!command.needs_shell());
        assert_eq!(command.program(), Some(Path::new("/b/01x/bin/activation.py")));
        let command = command.command();
        assert_eq!(command.get_program(), "/b/01x/bin/activation.py");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["--active", "1", "--name=été"]);
    }

    #[test]
    fn whatever_a_shell_would_touch_goes_through_it() {
        for script in [
            "a.sh | tee x",
            "a.sh; b",
            "a.sh && b",
            "a.sh $HOME",
            "a.sh 'x y'",
            "a.sh \"x\"",
            "a.sh *.txt",
            "a.sh <in",
            "a.sh >out",
            "a.sh ~/x",
            "a.sh `b`",
            "a.sh (b)",
            "a.sh {a,b}",
            "a.sh [ab]",
            "a.sh #no",
            "a.sh a\\ b",
            "a.sh !",
            "a.sh\nb",
            "a.sh ^b",
        ] {
            let command = line("/b/01x/bin", script);
            assert!(command.needs_shell(), "{script}");
            assert_eq!(command.command().get_program(), "/bin/sh");
            assert_eq!(command.line(), OsStr::new(&format!("/b/01x/bin/{script}")));
        }
    }

    #[test]
    fn a_path_with_blanks_and_quotes_is_one_word() {
        let command = line("/my b'k/01x/bin", "a.sh | cat");
        assert_eq!(command.line(), OsStr::new(r"'/my b'\''k/01x/bin'/a.sh | cat"));
        assert_eq!(line("/my backends/01x/bin", "a.sh").command().get_program(), "/my backends/01x/bin/a.sh");
    }

    #[test]
    fn the_file_is_known_where_the_line_begins_with_a_plain_name() {
        for script in ["a.sh;b", "a.sh|b", "a.sh&&b", "a.sh>out", "a.sh\nb", "a.sh 'x'", "/a.sh"] {
            assert_eq!(line("/b/bin", script).program(), Some(Path::new("/b/bin/a.sh")), "{script}");
        }
        for script in ["a$x.sh", "'a.sh'", "a\\ b.sh", "*.sh", ""] {
            assert_eq!(line("/b/bin", script).program(), None, "{script}");
        }
    }

    #[test]
    fn a_quoted_script_name_is_left_to_the_shell() {
        let command = line("/b/bin", "'my script.sh' --x");
        assert_eq!((command.needs_shell(), command.program()), (true, None));
    }
}
