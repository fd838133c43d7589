//! What the PostgreSQL server that holds the journal promises, in words: for `doctor`, and for the start.

use journal::Promises;
use module::Finding;

use crate::render::text;

/// The check's name.
const NAME: &str = "postgresql";
/// Clocks that differ by more milliseconds are worth a look.
const APART: u64 = 1000;
/// Where it says what is promised when.
const GUIDE: &str = "see docs/en/postgresql.md, what is promised";

/// What there is to say of a server beside where what was acknowledged is.
pub(crate) fn beside(promises: &Promises) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !promises.fsync {
        findings.push(Finding::error(
            NAME,
            "fsync is off: what was acknowledged is lost when the machine stops",
            "set fsync = on in postgresql.conf and restart PostgreSQL",
        ));
    }
    if !promises.full_page_writes {
        findings.push(Finding::warning(
            NAME,
            "full_page_writes is off: a machine that stops in the middle of writing leaves damaged pages",
            "set full_page_writes = on, unless the file system writes pages whole (ZFS)",
        ));
    }
    if promises.ahead.unsigned_abs() > APART {
        let (apart, side) =
            (promises.ahead.unsigned_abs(), if promises.ahead > 0 { "ahead of" } else { "behind" });
        findings.push(Finding::warning(
            NAME,
            format!("its clock is {apart} ms {side} that of this machine"),
            "synchronise both clocks (NTP)",
        ));
    }
    if promises.superuser {
        findings.push(Finding::warning(
            NAME,
            "the hub signs in as a superuser, whose rights it does not need",
            "make a role of its own that owns the database",
        ));
    }
    findings
}

/// Where what was acknowledged is. With `required` one without a synchronous standby is an error.
pub(crate) fn durable(promises: &Promises, required: bool) -> Finding {
    let version = &promises.version;
    let standbys = text::count(usize::try_from(promises.standbys).unwrap_or(usize::MAX), "standby");
    let remedy = "give PostgreSQL synchronous_standby_names (Patroni: synchronous_mode), or set \
                  journal.require_synchronous to false";
    match (promises.standbys, promises.synchronous) {
        (0, Some(true)) => Finding::warning(
            NAME,
            format!(
                "version {version} waits for a synchronous standby, and none follows it: nothing is written until one does"
            ),
            "start the standby, or take synchronous_standby_names back: commits are then on one disk",
        ),
        (_, Some(true)) => Finding::ok(
            NAME,
            format!(
                "version {version}, {standbys}, one of them synchronous: what is acknowledged is on two disks"
            ),
        ),
        (0, _) if required => {
            Finding::error(NAME, format!("version {version} has no standby, and one is required"), remedy)
        }
        (0, _) => {
            Finding::ok(NAME, format!("version {version}, no standby: what is acknowledged is on its disk"))
        }
        (_, None) if required => Finding::error(
            NAME,
            format!(
                "version {version}, {standbys}: the role may not see whether one is synchronous, and that is required"
            ),
            "give the hub's role pg_monitor",
        ),
        (_, None) => Finding::warning(
            NAME,
            format!("version {version}, {standbys}: the role may not see whether one is synchronous"),
            "give the hub's role pg_monitor",
        ),
        (_, Some(false)) if required => Finding::error(
            NAME,
            format!("version {version}, {standbys}, none of them synchronous, and one is required"),
            remedy,
        ),
        (_, Some(false)) => Finding::warning(
            NAME,
            format!(
                "version {version}, {standbys}, none of them synchronous: a failover loses what was acknowledged last, and \
                 may repeat what was done"
            ),
            GUIDE,
        ),
    }
}

#[cfg(test)]
mod tests {
    use module::Level;

    use super::*;

    fn sound() -> Promises {
        Promises {
            version: "17.2".to_owned(),
            fsync: true,
            full_page_writes: true,
            standbys: 0,
            synchronous: Some(false),
            superuser: false,
            ahead: 3,
        }
    }

    fn worst(promises: &Promises, required: bool) -> (Level, usize) {
        let mut findings = beside(promises);
        findings.push(durable(promises, required));
        let has = |level| findings.iter().any(|finding| finding.level == level);
        let worst = [Level::Error, Level::Warning, Level::Ok].into_iter().find(|level| has(*level));
        (worst.unwrap_or(Level::Ok), findings.len())
    }

    #[test]
    fn one_server_alone_is_sound_unless_two_are_required() {
        assert_eq!(worst(&sound(), false), (Level::Ok, 1));
        assert_eq!(worst(&sound(), true), (Level::Error, 1));
    }

    #[test]
    fn standbys_that_lag_are_told_of() {
        let lagging = Promises { standbys: 2, ..sound() };
        assert_eq!(worst(&lagging, false), (Level::Warning, 1));
        assert!(durable(&lagging, false).what.contains("failover"));
        assert_eq!(worst(&lagging, true), (Level::Error, 1));
        let hidden = Promises { synchronous: None, ..lagging.clone() };
        assert_eq!(worst(&hidden, false), (Level::Warning, 1));
        assert_eq!(worst(&hidden, true), (Level::Error, 1));
        let synchronous = Promises { synchronous: Some(true), ..lagging };
        assert_eq!(worst(&synchronous, true), (Level::Ok, 1));
        let away = Promises { standbys: 0, ..synchronous };
        assert_eq!(worst(&away, true), (Level::Warning, 1));
        assert!(durable(&away, true).what.contains("nothing is written"));
    }

    #[test]
    fn what_voids_the_promise_is_said() {
        assert_eq!(worst(&Promises { fsync: false, ..sound() }, false), (Level::Error, 2));
        assert_eq!(worst(&Promises { full_page_writes: false, ..sound() }, false), (Level::Warning, 2));
        for ahead in [-1500, 1500] {
            assert_eq!(worst(&Promises { ahead, ..sound() }, false), (Level::Warning, 2));
        }
        assert_eq!(worst(&Promises { superuser: true, ..sound() }, false), (Level::Warning, 2));
    }
}
