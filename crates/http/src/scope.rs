//! What a caller may do: the scopes of tokens, and the roles of people, which are sets of scopes.
//!
//! A scope is a name. The kit's own are here; whoever has routes with a right of their own declares its scope, and which
//! roles include it. The command makes one list of all ([`KnownScopes`]).

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::suggest::{hint, quote};
use crate::words::{one_of, words};

/// Something that a caller may do, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Scope(&'static str);

impl Scope {
    /// Hand requests in, and see what became of these.
    pub const SUBMIT: Scope = Scope("submit");
    /// See jobs, backends and events.
    pub const READ: Scope = Scope("read");
    /// Steer jobs and backends. Includes `read`.
    pub const OPERATE: Scope = Scope("operate");
    /// Everything, also tokens, accounts, settings and audit.
    pub const ADMIN: Scope = Scope("admin");

    /// One of this name: `part:right` for a part of the hub.
    pub const fn named(name: &'static str) -> Self {
        Scope(name)
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The schema of the kit's own; [`KnownScopes::schema`] is that of all.
impl utoipa::PartialSchema for Scope {
    fn schema() -> RefOr<Schema> {
        KnownScopes::default().schema()
    }
}

impl utoipa::ToSchema for Scope {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("Scope")
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Arc<[Scope]>);

impl Scopes {
    /// None at all.
    pub fn none() -> Self {
        Scopes::default()
    }

    /// Everything.
    pub fn admin() -> Self {
        Scopes::from_iter([Scope::ADMIN])
    }

    /// Whether the set lets its holder do this.
    pub fn allow(&self, scope: Scope) -> bool {
        let has = |scope: Scope| self.0.contains(&scope);
        has(scope) || has(Scope::ADMIN) || (scope == Scope::READ && has(Scope::OPERATE))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Scopes(scopes.into())
    }
}

/// A scope, and the roles that include it. Administrators may do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclaredScope {
    /// The scope.
    pub scope: Scope,
    /// Who has it by his role.
    pub roles: &'static [Role],
}

/// The kit's own.
const OWN: [DeclaredScope; 4] = [
    DeclaredScope { scope: Scope::SUBMIT, roles: &[Role::Operator] },
    DeclaredScope { scope: Scope::READ, roles: &[Role::Viewer] },
    DeclaredScope { scope: Scope::OPERATE, roles: &[Role::Operator] },
    DeclaredScope { scope: Scope::ADMIN, roles: &[Role::Admin] },
];

/// The scopes that there are.
#[derive(Clone, Debug)]
pub struct KnownScopes(Arc<[DeclaredScope]>);

impl Default for KnownScopes {
    fn default() -> Self {
        KnownScopes::with([])
    }
}

impl KnownScopes {
    /// The kit's own and these.
    pub fn with(more: impl IntoIterator<Item = DeclaredScope>) -> Self {
        KnownScopes(OWN.into_iter().chain(more).collect())
    }

    /// All of them, the kit's own first.
    pub fn all(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().map(|declared| declared.scope)
    }

    /// The one of this name. An error is a sentence that says what there is.
    pub fn find(&self, name: &str) -> Result<Scope, String> {
        let words: Vec<&str> = self.all().map(Scope::as_str).collect();
        let found = self.all().find(|scope| scope.as_str() == name);
        found.ok_or_else(|| format!("{} is no scope: {}", quote(name), hint(name, &words)))
    }

    /// Those among stored names that there still are: one whose owner is gone lets nobody do anything.
    pub fn among(&self, names: &[String]) -> Scopes {
        names.iter().filter_map(|name| self.find(name).ok()).collect()
    }

    /// What a role lets a person do.
    pub fn of(&self, role: Role) -> Scopes {
        self.0
            .iter()
            .filter(|declared| declared.roles.contains(&role))
            .map(|declared| declared.scope)
            .collect()
    }

    /// A text that is one of the names.
    pub fn schema(&self) -> RefOr<Schema> {
        one_of(&self.all().map(Scope::as_str).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENT: Scope = Scope::named("rooms:rent");

    fn known() -> KnownScopes {
        KnownScopes::with([DeclaredScope { scope: RENT, roles: &[Role::Operator] }])
    }

    #[test]
    fn admin_may_do_everything_and_operate_includes_read() {
        let known = known();
        assert!(known.all().all(|scope| known.of(Role::Admin).allow(scope)));
        let operate = Scopes::from_iter([Scope::OPERATE]);
        assert!(operate.allow(Scope::READ) && !operate.allow(Scope::SUBMIT) && !operate.allow(Scope::ADMIN));
        assert!(!known.of(Role::Viewer).allow(Scope::SUBMIT));
        assert!(known.all().all(|scope| !Scopes::none().allow(scope)));
    }

    #[test]
    fn a_declared_scope_is_found_and_belongs_to_its_roles() {
        assert_eq!(known().find("rooms:rent"), Ok(RENT));
        assert!(known().of(Role::Operator).allow(RENT) && !known().of(Role::Viewer).allow(RENT));
        assert!(known().find("reed").unwrap_err().contains("read"));
    }

    #[test]
    fn a_stored_scope_whose_owner_is_gone_lets_nobody_do_anything() {
        let stored = ["read".to_owned(), "rooms:rent".to_owned()];
        assert_eq!(KnownScopes::default().among(&stored), Scopes::from_iter([Scope::READ]));
    }
}
