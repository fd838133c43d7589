//! The relay that takes letters.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use model::Secret;

/// How long the relay may take for a step of the conversation.
const PATIENCE: Duration = Duration::from_mins(1);
/// Connections that are kept.
const KEPT: u32 = 2;

/// How the connection to a relay is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It begins in clear and must become encrypted before anything is said.
    StartTls,
    /// It is encrypted from the beginning.
    Tls,
    /// It is not: for a relay on this machine.
    None,
}

impl Security {
    /// The port where nobody says another one.
    pub const fn port(self) -> u16 {
        match self {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::None => 25,
        }
    }
}

/// A relay, and who writes through it.
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl Relay {
    /// One at this host. `authorities`: certificates in PEM that may have signed its own, beside those of the system. An error
    /// is a sentence about the configuration.
    pub fn new(
        host: &str,
        port: Option<u16>,
        security: Security,
        account: Option<(String, Secret<String>)>,
        authorities: &[Vec<u8>],
        sender: &str,
    ) -> Result<Self, String> {
        if account.is_some() && security == Security::None {
            return Err(
                "a password is never sent over a connection that is not encrypted: set mail.security"
                    .to_owned(),
            );
        }
        let sender = sender.parse().map_err(|_| format!("mail.from: {sender:?} is no mail address"))?;
        let parameters = || {
            let mut builder = TlsParameters::builder(host.to_owned());
            for pem in authorities {
                let certificate = Certificate::from_pem(pem)
                    .map_err(|error| format!("mail.authorities: a certificate cannot be read: {error}"))?;
                builder = builder.add_root_certificate(certificate);
            }
            builder.build_rustls().map_err(|error| format!("mail: {error}"))
        };
        let tls = match security {
            Security::StartTls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port.unwrap_or(security.port()))
            .tls(tls)
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(KEPT));
        if let Some((user, password)) = account {
            transport = transport.credentials(Credentials::new(user, password.expose().clone()));
        }
        Ok(Relay { transport: transport.build(), sender })
    }

    pub(super) fn transport(&self) -> &AsyncSmtpTransport<Tokio1Executor> {
        &self.transport
    }

    pub(super) fn sender(&self) -> &Mailbox {
        &self.sender
    }
}
