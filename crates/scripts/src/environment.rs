//! The environment of a script: what it needs to find its way, what its backend says, and nothing of the hub's.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use model::RunMark;

use crate::catalogue::Style;
use crate::worker;

/// The variable that carries the mark of an attempt into every process that belongs to it.
pub(crate) const RUN: &str = "INTENDANT_RUN";

/// What a script may see of the hub's own environment, beside `LC_*`.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME"];

/// What leads a script to the outside, beside the variables of proxies. The program whose place the hub may take passed
/// on all that it had, and backends rely on these.
const CERTIFICATES: [&str; 7] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
];
/// These are written in small letters or in capitals.
const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"];

/// Names and values.
pub(crate) type Variables = Vec<(OsString, OsString)>;

/// What every script of this hub sees: taken from the hub's own environment, once.
pub(crate) fn base(style: Style) -> Variables {
    let own: BTreeMap<OsString, OsString> =
        std::env::vars_os().filter(|(name, _)| is_passed_on(name, style)).collect();
    let is_root = rustix::process::geteuid().is_root();
    complete(own, is_root)
}

fn is_passed_on(name: &OsStr, style: Style) -> bool {
    let Some(name) = name.to_str() else { return false };
    let to_the_outside =
        || CERTIFICATES.contains(&name) || PROXIES.contains(&name.to_ascii_lowercase().as_str());
    PASSED_ON.contains(&name) || name.starts_with("LC_") || (style == Style::Original && to_the_outside())
}

/// A service manager may start the hub without `PATH` or `HOME`; real backends need both.
fn complete(mut own: BTreeMap<OsString, OsString>, is_root: bool) -> Variables {
    own.entry("PATH".into())
        .or_insert_with(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
    if is_root {
        own.entry("HOME".into()).or_insert_with(|| "/root".into());
    }
    own.into_iter().collect()
}

/// The variables that tell a script which execution it is, and whether it is one that changes nothing.
pub(crate) fn marks(
    mark: &RunMark,
    action: &str,
    dry_run: bool,
) -> impl Iterator<Item = (&'static str, String)> {
    let which = [
        ("INTENDANT_ACTION", action.to_owned()),
        ("INTENDANT_JOB_ID", mark.job.to_string()),
        ("INTENDANT_ATTEMPT", mark.attempt.to_string()),
        (RUN, mark.to_string()),
    ];
    which.into_iter().chain(dry_run.then(|| ("INTENDANT_DRY_RUN", "1".to_owned())))
}

/// The variables that tell a worker that it is one: its own mark, and the version of the protocol.
pub(crate) fn marks_of_worker(mark: String) -> [(&'static str, String); 2] {
    [(RUN, mark), ("INTENDANT_WORKER", worker::VERSION.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_script_needs_is_passed_on() {
        let passed: Vec<_> =
            ["PATH", "LC_ALL", "SESAME_REDIS_URI", "INTENDANT_RUN", "LD_PRELOAD", "TZ", "PATHS"]
                .into_iter()
                .filter(|name| is_passed_on(OsStr::new(name), Style::Own))
                .collect();
        assert_eq!(passed, ["PATH", "LC_ALL", "TZ"]);
    }

    #[test]
    fn what_leads_to_the_outside_is_passed_on_in_the_place_of_a_program_that_did() {
        let names =
            ["https_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SESAME_REDIS_URI"];
        let passed = |style| {
            names.into_iter().filter(|name| is_passed_on(OsStr::new(name), style)).collect::<Vec<_>>()
        };
        assert_eq!(passed(Style::Original), names[..4]);
        assert!(passed(Style::Own).is_empty());
    }

    #[test]
    fn path_and_the_home_of_root_are_never_missing() {
        let bare = complete(BTreeMap::new(), true);
        let names: Vec<_> = bare.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(names, ["HOME", "PATH"]);
        let kept = complete(BTreeMap::from([("HOME".into(), "/srv/x".into())]), true);
        assert!(kept.contains(&("HOME".into(), "/srv/x".into())));
        assert_eq!(complete(BTreeMap::new(), false).len(), 1);
    }
}
