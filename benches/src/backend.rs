//! A backend of one `sh` script.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Result;

const SCRIPT: &str = "#!/bin/sh\nread -r line\necho '{\"status\": 0, \"message\": \"ok\"}'\n";

/// Writes the backend `01sh` into a folder of backends. `command` is its command line for `IDENTITY_UPDATE`, in which
/// `update.sh` is the script.
pub(crate) fn write(folder: &Path, command: &str, concurrency: Option<usize>) -> Result<()> {
    let bin = folder.join("01sh/bin");
    fs::create_dir_all(&bin)?;
    let concurrency = concurrency.map(|most| format!("concurrency: {most}\n")).unwrap_or_default();
    let config = format!(
        "_version: 1\nname: sh\ndescription: bench\nactive: true\n{concurrency}actions:\n  IDENTITY_UPDATE:\n    \
         script: '{command}'\n    onError: stop\n"
    );
    fs::write(folder.join("01sh/config.yml"), config)?;
    fs::write(bin.join("update.sh"), SCRIPT)?;
    fs::set_permissions(bin.join("update.sh"), fs::Permissions::from_mode(0o755))?;
    Ok(())
}
