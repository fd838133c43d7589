//! Tokens and accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use http::{Role, Scope, Time};

/// A token to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewToken {
    /// Its name, unique: who uses it.
    pub name: String,
    /// What its holder may do.
    #[schema(value_type = Vec<Scope>)]
    pub scopes: Vec<String>,
    /// When it stops working; absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// A token, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Its id: what stands between prefix and secret in its text.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its holder may do.
    #[schema(value_type = Vec<Scope>)]
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// By whom.
    pub created_by: String,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When it was used last, within five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Time>,
}

/// A token that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeToken {
    /// The token.
    #[serde(flatten)]
    pub token: TokenView,
    /// Its text, shown here and never again.
    pub secret: String,
}

/// An account to be made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name, unique.
    pub name: String,
    /// What the person is to the hub.
    pub role: Role,
    /// Its password, ten characters at least; absent for a person who signs in elsewhere or with a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// What to change of an account; what is absent stays.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountChange {
    /// What the person is to the hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether the person is kept out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// A new password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// Its name.
    pub name: String,
    /// What the person is to the hub.
    pub role: Role,
    /// Whether the person is kept out.
    pub disabled: bool,
    /// Whether it has a password.
    pub password: bool,
    /// The OpenID Connect provider where the person signs in instead: its issuer. What it says of the person sets the
    /// role at each sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When its open sessions were used last, within a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Time>,
    /// Its revision: what `ETag` and `If-Match` name.
    pub rev: u64,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The name in the audit.
    pub actor: String,
    /// What it may do.
    #[schema(value_type = Vec<Scope>)]
    pub scopes: Vec<String>,
}

/// For whom a sign-in link is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewLink {
    /// The account; absent = whoever uses the link chooses the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A sign-in link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeLink {
    /// Where to go. It works once, for 15 minutes.
    pub url: String,
}
