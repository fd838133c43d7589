//! The LDAP server.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::{LDAP_ADMIN, LDAP_PASSWORD, Sandbox, answers};
use crate::Error;
use crate::daemon::Daemon;
use crate::packages::{Need, need, require};

const SERVER: Need = need("slapd", "slapd");

pub(super) const NEEDS: &[Need] = &[SERVER, need("ldapsearch", "ldap-utils")];

pub(super) fn start(sandbox: &mut Sandbox) -> Result<(String, u16), Error> {
    let port = sandbox.port()?;
    let url = format!("ldap://127.0.0.1:{port}");
    let folder = sandbox.folder();
    let database = folder.join("database");
    let file = folder.join("slapd.conf");
    fs::create_dir(&database).map_err(Error::io("creating the directory's folder"))?;
    fs::write(&file, configuration(folder)).map_err(Error::io("writing slapd.conf"))?;

    // A copy: where AppArmor is on, its profile allows the installed file only Debian's own folders.
    let program = folder.join("slapd");
    fs::copy(require(SERVER)?, &program).map_err(Error::io("copying slapd"))?;

    let mut command = Command::new(program);
    command.args(["-d", "0", "-h", &url, "-f"]).arg(&file);
    let daemon = Daemon::start("slapd", &mut command, folder, Signal::TERM)?;
    sandbox.keep(daemon, || answers(port, ANONYMOUS_BIND, BOUND))?;
    Ok((url, port))
}

/// An LDAP version 3 bind without name and password, and the answer that it succeeded.
const ANONYMOUS_BIND: &[u8] = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00";
const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "include /etc/ldap/schema/core.schema\n\
         include /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         modulepath /usr/lib/ldap\n\
         moduleload back_mdb\n\
         pidfile {folder}/slapd.pid\n\
         argsfile {folder}/slapd.args\n\
         database mdb\n\
         directory {folder}/database\n\
         suffix dc=example,dc=org\n\
         rootdn {LDAP_ADMIN}\n\
         rootpw {LDAP_PASSWORD}\n"
    )
}
