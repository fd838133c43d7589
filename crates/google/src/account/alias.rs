//! Which aliases are taken away, and which are given.

use super::address::{folded, same};

/// Google gives an account no more.
pub const MOST_ALIASES: usize = 30;

/// What is to be done about aliases: what goes goes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Those that go.
    pub remove: Vec<String>,
    /// Those that come.
    pub insert: Vec<String>,
}

/// More aliases are wanted than Google gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} aliases are wanted, and Google gives an account at most {MOST_ALIASES}")]
pub struct TooMany(pub usize);

/// What is to be done so that an account has the aliases that are wanted. `None`, nothing said, leaves them as they are, and
/// the address that a renamed account had before stays one of them; an empty list takes all of them away, that address
/// included. What follows from the domains (`fixed`) is left alone in any case.
pub fn plan(
    wanted: Option<&[String]>,
    aliases: &[String],
    fixed: &[String],
    before: Option<&str>,
    primary: &str,
) -> Result<Plan, TooMany> {
    let Some(wanted) = wanted else { return Ok(Plan::default()) };
    let mut want: Vec<&str> = Vec::new();
    for alias in wanted.iter().map(|alias| alias.trim()) {
        if !alias.is_empty() && !same(alias, primary) && !among(alias, fixed) && !among(alias, &want) {
            want.push(alias);
        }
    }
    if want.len() > MOST_ALIASES {
        return Err(TooMany(want.len()));
    }
    let mut have: Vec<&str> = Vec::new();
    for alias in aliases.iter().map(String::as_str).chain(before) {
        if !same(alias, primary) && !among(alias, fixed) && !among(alias, &have) {
            have.push(alias);
        }
    }
    let without = |all: &[&str], others: &[&str]| {
        all.iter().filter(|alias| !among(alias, others)).map(|alias| (*alias).to_owned()).collect()
    };
    Ok(Plan { remove: without(&have, &want), insert: without(&want, &have) })
}

fn among(alias: &str, all: &[impl AsRef<str>]) -> bool {
    let alias = folded(alias);
    all.iter().any(|other| folded(other.as_ref()) == alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn planned(
        wanted: Option<&[&str]>,
        aliases: &[&str],
        fixed: &[&str],
        before: Option<&str>,
    ) -> (Vec<String>, Vec<String>) {
        let wanted = wanted.map(texts);
        let Plan { remove, insert } =
            plan(wanted.as_deref(), &texts(aliases), &texts(fixed), before, "new@x.org").unwrap();
        (remove, insert)
    }

    #[test]
    fn an_account_gets_what_is_wanted_and_loses_the_rest() {
        let (remove, insert) = planned(Some(&["b@x.org", "c@x.org"]), &["a@x.org", "b@x.org"], &[], None);
        assert_eq!((remove, insert), (texts(&["a@x.org"]), texts(&["c@x.org"])));
    }

    #[test]
    fn the_address_of_before_stays_unless_a_list_leaves_it_out() {
        let before = Some("old@x.org");
        let nothing = (Vec::new(), Vec::new());
        assert_eq!(planned(None, &["a@x.org"], &[], before), nothing, "nothing is said");
        assert_eq!(
            planned(Some(&[]), &["a@x.org"], &[], before),
            (texts(&["a@x.org", "old@x.org"]), Vec::new())
        );
        assert_eq!(
            planned(Some(&["a@x.org"]), &["a@x.org"], &[], before),
            (texts(&["old@x.org"]), Vec::new())
        );
        assert_eq!(planned(Some(&["OLD@x.org"]), &[], &[], before), nothing, "it is an alias by itself");
        assert_eq!(planned(Some(&["old@x.org"]), &["old@x.org"], &[], before), nothing);
    }

    #[test]
    fn what_follows_from_domains_is_neither_taken_nor_given() {
        let fixed = &["new@x.test-google-a.com"];
        let nothing = (Vec::new(), Vec::new());
        assert_eq!(planned(Some(&[]), fixed, fixed, None), nothing);
        assert_eq!(planned(Some(&["NEW@x.test-google-a.com", "new@X.org", " "]), &[], fixed, None), nothing);
    }

    #[test]
    fn capitals_make_no_other_alias() {
        assert_eq!(planned(Some(&["A@x.org", "a@X.org"]), &["a@x.org"], &[], None), (Vec::new(), Vec::new()));
    }

    #[test]
    fn more_than_google_gives_are_refused_before_anything_is_asked() {
        let many: Vec<String> = (0..31).map(|n| format!("a{n}@x.org")).collect();
        assert_eq!(plan(Some(&many), &[], &[], None, "p@x.org"), Err(TooMany(31)));
        assert!(plan(Some(&many), &[], &texts(&["A0@x.org"]), None, "p@x.org").is_ok());
        assert!(plan(Some(&many), &[], &[], None, "a1@x.org").is_ok());
    }
}
