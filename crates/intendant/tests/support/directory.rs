//! Backends that look like the real ones in front of a real directory: a module folder whose files are linked into the
//! backend, scripts with arguments, paths that start from `bin`.
#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use testkit::service::{LDAP_ADMIN, LDAP_PASSWORD, Service};

use crate::support::World;

/// Where people are.
pub const PEOPLE: &str = "ou=people,dc=example,dc=org";

/// Links the files of the module into a backend with its own settings, as the installers of the real ones do.
pub fn install(world: &World, directory: &Service) {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ldap");
    let backend = world.path("backends/10openldap");
    for folder in ["bin", "lib"] {
        fs::create_dir_all(backend.join(folder)).unwrap();
        for file in fs::read_dir(module.join(folder)).unwrap() {
            let file = file.unwrap();
            symlink(file.path(), backend.join(folder).join(file.file_name())).unwrap();
        }
    }
    fs::copy(module.join("config.yml"), backend.join("config.yml")).unwrap();
    fs::create_dir(backend.join("etc")).unwrap();
    let settings =
        format!("host={}\ndn={LDAP_ADMIN}\nPassword={LDAP_PASSWORD}\nuserbase={PEOPLE}\n", directory.url());
    fs::write(backend.join("etc/config.conf"), settings).unwrap();
}

/// Puts the place of people into a directory, and further entries as LDIF.
pub fn fill(world: &World, directory: &Service, more: &str) {
    let base = format!(
        "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\n\n\
         dn: {PEOPLE}\nobjectClass: organizationalUnit\n"
    );
    let file = world.file("base.ldif", format!("{base}\n{more}"));
    let added = as_admin(directory, "ldapadd", &["-f", &file]);
    assert!(added.status.success(), "{added:?}");
}

/// One of LDAP's own tools, signed in as somebody.
pub fn tool(directory: &Service, program: &str, who: (&str, &str), arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(["-x", "-H", directory.url(), "-D", who.0, "-w", who.1]).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

pub fn as_admin(directory: &Service, program: &str, arguments: &[&str]) -> Output {
    tool(directory, program, (LDAP_ADMIN, LDAP_PASSWORD), arguments)
}

/// Somebody's entry as the directory prints it; empty when there is none.
pub fn entry(directory: &Service, uid: &str) -> String {
    let arguments = ["-LLL", "-b", PEOPLE, &format!("(uid={uid})")];
    String::from_utf8(as_admin(directory, "ldapsearch", &arguments).stdout).unwrap()
}
