//! Who may see identities.

use http::{DeclaredScope, Needs, Role, Scope};

/// See identities.
pub const READ: Scope = Scope::named("identities:read");

/// The scope, for whoever lists all of them.
pub const SCOPE: DeclaredScope = DeclaredScope { scope: READ, roles: &[Role::Viewer, Role::Operator] };

/// [`READ`], or [`Scope::OPERATE`] for those who change identities.
#[derive(Clone, Copy, Debug)]
pub struct ReadIdentities;

impl Needs for ReadIdentities {
    const ANY_OF: &'static [Scope] = &[READ, Scope::OPERATE];
}
