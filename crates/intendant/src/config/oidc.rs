//! Where people may sign in instead: an OpenID Connect provider.

use std::collections::BTreeMap;

use http::Role;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use module::config::{SecretSource, Value, instead};
use module::section;

section! {
    /// An OpenID Connect provider where people may sign in to the console; local accounts work beside it.
    Oidc {
        /// The provider's issuer, exactly as it writes it itself, `https://login.example.org/realms/school`. Without
        /// it people sign in with local accounts only.
        issuer: Option<String> = None,
        /// Under which id the hub is registered there, with `http.url` and `/sign-in/oidc/callback` as its redirect URI.
        client_id: Option<String> = None,
        /// The secret that goes with the id; without it the hub is a public client.
        client_secret: Option<SecretSource> = None,
        /// What is asked for beside `openid`.
        scopes: Vec<String> = vec!["profile".to_owned()],
        /// The claim that holds the account's name: 1 to 64 letters, digits and `. _ - @ +`.
        name_claim: String = "preferred_username".to_owned(),
        /// The claim that holds groups or roles, a text or a list; points lead into it: `realm_access.roles`.
        role_claim: String = "groups".to_owned(),
        /// The role that each value of the claim gives, `{hub-admins: admin, teachers: viewer}`; the highest counts.
        roles: Roles = Roles::default(),
        /// The role of those to whom no value gives one. Without it they do not get in.
        default_role: Option<Role> = None,
        /// What people call the provider: "Sign in with …".
        label: String = "OpenID Connect".to_owned(),
    }
}

/// Roles by what gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(pub BTreeMap<String, Role>);

impl Value for Roles {
    /// `VALUE=ROLE`, several separated by commas.
    fn parse(text: &str) -> Result<Self, String> {
        let pair = |pair: &str| {
            let (value, role) =
                pair.rsplit_once('=').ok_or_else(|| instead(text, "pairs such as hub-admins=admin"))?;
            Ok((value.trim().to_owned(), Role::parse(role.trim())?))
        };
        text.split(',').map(pair).collect::<Result<_, String>>().map(Roles)
    }

    fn show(&self) -> String {
        self.0.iter().map(|(value, role)| format!("{value}={role}")).collect::<Vec<_>>().join(", ")
    }

    fn unset() -> Option<Self> {
        Some(Roles::default())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Option::<BTreeMap<String, String>>::deserialize(deserializer)?.unwrap_or_default();
        let roles = texts.into_iter().map(|(value, role)| Ok((value, Role::parse(&role)?)));
        roles.collect::<Result<_, String>>().map(Roles).map_err(D::Error::custom)
    }
}
