//! The OpenID Connect provider: what the configuration says of it, checked.

use access::oidc::{CALLBACK, Mapping, Settings};
use anyhow::{Result, anyhow};

use crate::config::{Environment, Http};
use crate::exit::misuse;

/// What the configuration says of the provider, with the secret fetched; `None` = there is none.
pub(crate) fn configured(http: &Http, environment: &Environment) -> Result<Option<Settings>> {
    let oidc = &http.oidc;
    let Some(issuer) = oidc.issuer.clone() else { return Ok(None) };
    if !issuer.starts_with("https://") && !is_loopback(&issuer) {
        return Err(misuse(anyhow!("http.oidc.issuer: {issuer:?} does not begin with https://")));
    }
    let missing = |key: &str, why: &str| misuse(anyhow!("{key} is missing: {why}"));
    let client_id = oidc.client_id.clone();
    let client_id = client_id
        .ok_or_else(|| missing("http.oidc.client_id", "the provider knows the hub under an id, give that"))?;
    let site = http.url.as_ref().ok_or_else(|| {
        missing("http.url", "the provider has to know where to send people back to (http.oidc)")
    })?;
    if oidc.roles.0.is_empty() && oidc.default_role.is_none() {
        let why = "nobody could get in: give roles, or a default_role";
        return Err(missing("http.oidc.roles", why));
    }
    let secret = oidc.client_secret.as_ref().map(|secret| secret.fetch(environment).map_err(misuse));
    Ok(Some(Settings {
        issuer,
        client_id,
        client_secret: secret.transpose()?,
        scopes: oidc.scopes.clone(),
        mapping: Mapping {
            name_claim: oidc.name_claim.clone(),
            role_claim: oidc.role_claim.clone(),
            roles: oidc.roles.0.clone(),
            default_role: oidc.default_role,
        },
        label: oidc.label.clone(),
        redirect_uri: format!("{}{CALLBACK}", site.base()),
    }))
}

/// Whether an issuer without encryption is on this machine, where nobody else listens.
fn is_loopback(issuer: &str) -> bool {
    let host = issuer.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit()))
        .map_or(host, |h| h.0);
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_do_without_encryption() {
        for here in ["http://localhost:3000/oidc", "http://127.0.0.1", "http://[::1]:80/"] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in
            ["http://login.example", "http://localhost.example:80", "http://127.0.0.1@evil.example"]
        {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }
}
