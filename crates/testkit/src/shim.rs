//! Small C libraries that stand between a program and the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::packages::{need, require, run};

/// Compiles one into a folder.
pub(crate) fn compile(name: &str, text: &str, folder: &Path) -> Result<PathBuf, Error> {
    let source = folder.join(format!("{name}.c"));
    let library = folder.join(format!("{name}.so"));
    fs::write(&source, text).map_err(Error::io(format!("writing {}", source.display())))?;
    let mut cc = Command::new(require(need("cc", "gcc"))?);
    cc.args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    run(&format!("compiling {name}.c"), cc.args(["-ldl", "-pthread"]))?;
    Ok(library)
}
