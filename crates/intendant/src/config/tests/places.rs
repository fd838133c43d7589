use std::path::{Path, PathBuf};

use super::{Site, environment, places};
use crate::config::load::assemble;
use crate::config::{Places, SecretSource};

#[test]
fn a_user_has_places_of_their_own() {
    let user =
        Places::new(environment(&[("HOME", "/home/alice"), ("XDG_RUNTIME_DIR", "/run/user/1000")]), false);
    assert_eq!(user.data(), Path::new("/home/alice/.local/state/intendant"));
    assert_eq!(user.configuration(), Path::new("/home/alice/.config/intendant"));
    assert_eq!(user.socket(), Path::new("/run/user/1000/intendant.sock"));

    let xdg = [("HOME", "/home/alice"), ("XDG_STATE_HOME", "/x/state"), ("XDG_CONFIG_HOME", "relative")];
    let user = Places::new(environment(&xdg), false);
    assert_eq!(user.data(), Path::new("/x/state/intendant"));
    assert_eq!(user.configuration(), Path::new("/home/alice/.config/intendant"), "a relative one is ignored");
    assert_eq!(user.socket(), Path::new("/run/intendant/intendant.sock"));
}

#[test]
fn root_has_the_machines() {
    let variables = [
        ("HOME", "/root"),
        ("XDG_STATE_HOME", "/root/state"),
        ("XDG_RUNTIME_DIR", "/run/user/0"),
        ("XDG_CONFIG_HOME", "/root/config"),
    ];
    let root = Places::new(environment(&variables), true);
    assert_eq!(root.data(), Path::new("/var/lib/intendant"));
    assert_eq!(root.configuration(), Path::new("/etc/intendant"));
    assert_eq!(root.socket(), Path::new("/run/intendant/intendant.sock"));
    let homeless = Places::new(environment(&[]), false);
    assert_eq!(homeless.data(), root.data());
}

#[test]
fn a_unit_has_what_systemd_gives_it() {
    let variables = [
        ("STATE_DIRECTORY", "/var/lib/hub:/var/lib/other"),
        ("RUNTIME_DIRECTORY", "/run/hub"),
        ("CONFIGURATION_DIRECTORY", "/etc/hub"),
        ("XDG_RUNTIME_DIR", "/run/user/0"),
    ];
    for root in [false, true] {
        let unit = Places::new(environment(&variables), root);
        assert_eq!(unit.data(), Path::new("/var/lib/hub"));
        assert_eq!(unit.socket(), Path::new("/run/hub/intendant.sock"));
        assert_eq!(unit.configuration(), Path::new("/etc/hub"));
    }
}

#[test]
fn what_nobody_gave_is_found() {
    let site = Site::new("");
    let loaded = site.load(&[]).unwrap();
    let backends: scripts::Backends = loaded.sections.get();
    let config = loaded.config;
    assert_eq!(config.data.folder, Path::new("/home/alice/.local/state/intendant"));
    assert_eq!(backends.folder, Path::new("/home/alice/.local/state/intendant/backends"));
    assert_eq!(config.key, SecretSource::File(site.path("intendant.key")), "beside the file");
    assert_eq!(config.socket, Path::new("/run/intendant/intendant.sock"));
}

#[test]
fn without_a_file_the_defaults_hold() {
    let places = places(&[]);
    assert_eq!(
        places.files(),
        [PathBuf::from("intendant.yml"), PathBuf::from("/etc/intendant/intendant.yml")]
    );
    let loaded = assemble(None, &places, &super::kinds(), None).unwrap();
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.config.key, SecretSource::File("/home/alice/.config/intendant/intendant.key".into()));
}
