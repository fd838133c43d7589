//! Whose an account is that has the address which is wanted.

use super::address::same;
use super::person::Mark;
use super::user::User;

/// Which accounts are taken as the one that was to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adopt {
    /// Those that carry our mark and that an attempt of ours may have made.
    #[default]
    Own,
    /// All that carry our mark.
    Uuid,
    /// None.
    Never,
}

/// Who holds an address.
#[derive(Clone, Debug, PartialEq)]
pub enum Holder {
    /// An account, as its primary address or as an alias.
    Account(Box<User>),
    /// Nobody who can be seen: a group, an account of others, or one that was there a moment ago.
    Unseen,
}

/// What is to be made of whoever holds the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// It is the account that was to be made.
    Ours,
    /// It is somebody else's.
    Others,
    /// It is the alias of an account.
    Alias,
    /// It cannot be seen yet, or not at all.
    Unseen,
}

/// Whose account it is that holds the address. `before` = an attempt of this job, or of the one that it replays, was there
/// before: what was sent then may have made it.
pub fn whose(holder: &Holder, address: &str, mark: &Mark, before: bool, adopt: Adopt) -> Whose {
    let Holder::Account(user) = holder else { return Whose::Unseen };
    if !same(&user.primary_email, address) {
        return Whose::Alias;
    }
    let ours = user.carries(mark)
        && match adopt {
            Adopt::Own => before,
            Adopt::Uuid => true,
            Adopt::Never => false,
        };
    if ours { Whose::Ours } else { Whose::Others }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";

    fn holder(address: &str, uuid: &str) -> Holder {
        let user =
            json!({ "primaryEmail": address, "externalIds": [{ "type": "organization", "value": uuid }] });
        Holder::Account(Box::new(serde_json::from_value(user).unwrap()))
    }

    #[test]
    fn only_what_an_attempt_of_ours_may_have_made_is_adopted() {
        let asked = |uuid: &str, before, adopt| {
            whose(&holder("Ada@x.org", uuid), "ada@x.org", &Mark::uuid(UUID), before, adopt)
        };
        let other = "00000000-0000-0000-0000-000000000000";
        for (before, adopt, expected) in [
            (true, Adopt::Own, Whose::Ours),
            (false, Adopt::Own, Whose::Others),
            (false, Adopt::Uuid, Whose::Ours),
            (true, Adopt::Never, Whose::Others),
        ] {
            assert_eq!(asked(&UUID.to_uppercase(), before, adopt), expected, "{before} {adopt:?}");
            assert_eq!(asked(other, before, adopt), Whose::Others, "{before} {adopt:?}");
        }
    }

    #[test]
    fn the_alias_of_an_account_is_not_the_account() {
        let holder = holder("other@x.org", UUID);
        assert_eq!(whose(&holder, "ada@x.org", &Mark::uuid(UUID), true, Adopt::Uuid), Whose::Alias);
        assert_eq!(whose(&Holder::Unseen, "ada@x.org", &Mark::uuid(UUID), true, Adopt::Uuid), Whose::Unseen);
    }
}
