//! Who may ask for establishments.

use http::{DeclaredScope, Needs, Role, Scope};

/// Ask for establishments, see, change and delete them: a client, or a person who looks after them.
pub const CLIENT: Scope = Scope::named("hosting:client");

/// The scope, for whoever lists all of them.
pub const SCOPE: DeclaredScope = DeclaredScope { scope: CLIENT, roles: &[Role::Operator] };

/// [`CLIENT`].
#[derive(Clone, Copy, Debug)]
pub struct Client;

impl Needs for Client {
    const ANY_OF: &'static [Scope] = &[CLIENT];
}
