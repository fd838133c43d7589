//! A hub as a process, in a folder of its own, with backends that bear witness.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use testkit::oracle;

/// What its backends do.
pub(crate) const ACTION: &str = "IDENTITY_UPDATE";

pub(crate) struct HubProcess {
    home: TempDir,
    child: Option<Child>,
    /// What is started.
    pub(crate) program: PathBuf,
}

impl HubProcess {
    /// One that does not run yet. Backends by name: further keys of the action, and what the script does between its begin
    /// and its end.
    pub(crate) fn new(backends: &[(&str, &str, &str)]) -> HubProcess {
        let hub = HubProcess::bare();
        for (name, keys, work) in backends {
            hub.backend(name, keys, work, &hub.path("witness"));
        }
        fs::write(hub.path("witness"), "").unwrap();
        hub
    }

    /// One without backends.
    pub(crate) fn bare() -> HubProcess {
        let program = env!("CARGO_BIN_EXE_intendant").into();
        HubProcess { home: tempfile::tempdir().unwrap(), child: None, program }
    }

    /// Gives it a backend that writes down in `witness` what it runs.
    pub(crate) fn backend(&self, name: &str, keys: &str, work: &str, witness: &Path) {
        backend(&self.path("backends").join(name), witness, name, keys, work);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes its configuration: where everything is, and `more`.
    pub(crate) fn configure(&self, more: &str) {
        let at = self.home.path().display();
        let config = format!(
            "key: file:{at}/key\nsocket: {at}/socket\nconcurrency: 32\ndata:\n  folder: {at}/data\n\
             backends:\n  folder: {at}/backends\nlog:\n  level: info\n{more}"
        );
        fs::write(self.path("intendant.yml"), config).unwrap();
    }

    /// Starts it, whether it can take work or not.
    pub(crate) fn spawn(&mut self, prepare: impl FnOnce(&mut Command)) {
        assert!(self.child.is_none(), "it runs");
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = Command::new(&self.program);
        command.args(["serve", "--config"]).arg(self.path("intendant.yml")).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home.path());
        command.env("INTENDANT_HTTP__LISTEN", "off");
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        prepare(&mut command);
        self.child = Some(command.spawn().unwrap());
    }

    /// Its process, which is no longer looked after here.
    pub(crate) fn take(&mut self) -> Child {
        self.child.take().expect("it runs")
    }

    pub(crate) fn child(&self) -> &Child {
        self.child.as_ref().expect("it runs")
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        let mut hub = self.take();
        hub.kill().unwrap();
        hub.wait().unwrap();
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        if let Some(mut hub) = self.child.take() {
            let _ = hub.kill();
            let _ = hub.wait();
        }
    }
}

fn backend(folder: &Path, witness: &Path, name: &str, keys: &str, work: &str) {
    fs::create_dir_all(folder.join("bin")).unwrap();
    let config = format!(
        "_version: 1\nname: '{name}'\ndescription: 'a witness'\nactive: true\nactions:\n  {ACTION}:\n    \
         script: 'run.sh'\n{keys}"
    );
    fs::write(folder.join("config.yml"), config).unwrap();
    let script = folder.join("bin/run.sh");
    let work = format!("cat >/dev/null\n{work}\nprintf '{{\"status\": %d}}' $status");
    fs::write(&script, oracle::script(witness, &work)).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
}
