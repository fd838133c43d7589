//! What a caller may do: the scopes of tokens, and the roles of people, which are sets of scopes.

use crate::words::words;

words! {
    /// Something that a caller may do.
    Scope, "scope" {
        /// Hand requests in, and see what became of these.
        Submit = "submit",
        /// See jobs, backends and events.
        Read = "read",
        /// Steer jobs and backends. Includes `read`.
        Operate = "operate",
        /// Everything, also tokens, accounts, settings and audit.
        Admin = "admin",
        /// See identities.
        IdentitiesRead = "identities:read",
        /// Use the hosting API as a shop.
        HostingClient = "hosting:client",
    }
}

words! {
    /// What a person is to the hub.
    Role, "role" {
        /// Looks.
        Viewer = "viewer",
        /// Submits, and steers jobs and backends.
        Operator = "operator",
        /// May do everything.
        Admin = "admin",
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// None at all.
    pub const NONE: Scopes = Scopes(0);

    /// Whether the set lets its holder do this.
    pub fn allow(self, scope: Scope) -> bool {
        let has = |scope: Scope| self.0 & bit(scope) != 0;
        has(scope) || has(Scope::Admin) || (scope == Scope::Read && has(Scope::Operate))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

const fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

impl Role {
    /// What it lets a person do.
    pub fn scopes(self) -> Scopes {
        match self {
            Role::Viewer => Scopes::from_iter([Scope::Read, Scope::IdentitiesRead]),
            Role::Operator => Scopes::from_iter([Scope::Submit, Scope::Operate, Scope::IdentitiesRead]),
            Role::Admin => Scopes::from_iter([Scope::Admin]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_may_do_everything_and_operate_includes_read() {
        let admin = Role::Admin.scopes();
        assert!(Scope::ALL.iter().all(|scope| admin.allow(*scope)));
        let operate = Scopes::from_iter([Scope::Operate]);
        assert!(operate.allow(Scope::Read) && !operate.allow(Scope::Submit) && !operate.allow(Scope::Admin));
        assert!(!Role::Viewer.scopes().allow(Scope::Submit));
        assert!(Scope::ALL.iter().all(|scope| !Scopes::NONE.allow(*scope)));
    }

    #[test]
    fn words_are_read_back() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        assert!("reed".parse::<Scope>().unwrap_err().contains("read"));
    }
}
