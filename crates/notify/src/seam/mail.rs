//! What the configuration says of mail.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use module::config::Environment;
use module::exit::misuse;

use super::config::{Mail as Section, MailSecurity};
use crate::mail::{Relay, Security};

/// The relay, if there is one.
pub(super) fn relay(section: &Section, environment: &Environment) -> Result<Option<Relay>> {
    let Some(place) = &section.relay else { return Ok(None) };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => {
            let port =
                port.parse().map_err(|_| misuse(anyhow!("mail.relay: {place:?} is no host with a port")))?;
            (host, Some(port))
        }
        _ => (place.as_str(), None),
    };
    let from = section.from.as_ref().ok_or_else(|| misuse("mail.from is missing: say who writes"))?;
    let security = match section.security {
        MailSecurity::Starttls => Security::StartTls,
        MailSecurity::Tls => Security::Tls,
        MailSecurity::None => Security::None,
    };
    let account = match (&section.user, &section.password) {
        (Some(user), Some(password)) => Some((user.clone(), password.fetch(environment).map_err(misuse)?)),
        (None, None) => None,
        _ => return Err(misuse("mail.user and mail.password go together: give both, or none")),
    };
    let authorities = section.authorities.as_deref().map(read).transpose()?;
    let authorities: Vec<_> = authorities.into_iter().collect();
    Relay::new(host, port, security, account, &authorities, from).map(Some).map_err(misuse)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .with_context(|| format!("mail.authorities: {}", path.display()))
        .map_err(|error| misuse(format!("{error:#}")))
}
