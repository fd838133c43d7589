//! What a hub is made of, read and found good before anything is opened or changed. `serve` starts from it, a reload swaps
//! it, and `doctor` and `config check` ask the same: what one of them refuses, all refuse.

use access::Rules;
use anyhow::{Result, anyhow};
use http::listen::tcp::{CertificateFiles, Tls};
use module::{Declaration, Told};

use crate::compose::Parts;
use crate::config::{Http, Loaded};
use crate::context::Context;
use crate::exit::misuse;
use crate::noop;
use crate::oidc;

/// How the hub is reached, and who may come in.
pub struct Doors {
    /// Who may come in.
    pub rules: Rules,
    /// The certificate; `None` = without encryption.
    pub tls: Option<Tls>,
}

impl Doors {
    /// Reads what the configuration says of them, and the files that it names.
    pub fn read(loaded: &Loaded, context: &Context) -> Result<Self> {
        let config = &loaded.config.http;
        let rules = Rules {
            session: config.session,
            trusted_proxies: config.trusted_proxies.0.clone(),
            token_rate: config.token_rate,
            address_rate: config.address_rate,
            scopes: context.modules.scopes(),
            oidc: oidc::configured(config, context.environment())?,
        };
        let tls = certificate(config)?.map(Tls::load).transpose().map_err(refused)?;
        Ok(Doors { rules, tls })
    }
}

/// What jobs run on, and what modules make of the configuration.
pub struct Plan {
    /// Backends, actions and limits.
    pub parts: Parts,
    /// What modules are told.
    pub told: Told,
}

impl Plan {
    /// Reads it. After an error, `said` has what modules said before it.
    pub fn read(loaded: &Loaded, context: &Context, said: &mut Declaration) -> Result<Self> {
        let mut told = context.told(loaded);
        let parts = Parts::read(&loaded.config, &told, &context.modules)?.beside(noop::offer(&context.noop));
        told.backends.clone_from(&parts.offer.documents);
        context.modules.declare(&told, said)?;
        together(loaded, said)?;
        Ok(Plan { parts, told })
    }
}

/// Whether hubs can all work at once, where they are to.
fn together(loaded: &Loaded, said: &Declaration) -> Result<()> {
    let journal = &loaded.config.journal;
    if !journal.all_work {
        return Ok(());
    }
    if journal.url.is_none() {
        let why = "hubs share a journal in PostgreSQL, and none is named: give journal.url";
        return Err(misuse(format!("journal.all_work: {why}")));
    }
    match said.alone.first() {
        Some(why) => {
            Err(misuse(format!("journal.all_work: not with {why}: let one hub work, and others stand by")))
        }
        None => Ok(()),
    }
}

/// All of it, for those who only want to know. Each fault stands for itself.
pub fn faults(
    loaded: &Loaded,
    context: &Context,
    said: &mut Declaration,
) -> (Option<Plan>, Vec<anyhow::Error>) {
    let doors = Doors::read(loaded, context).err();
    match Plan::read(loaded, context, said) {
        Ok(plan) => (Some(plan), doors.into_iter().collect()),
        Err(error) => (None, doors.into_iter().chain([error]).collect()),
    }
}

/// An error of a door. What the administrator has to put right is an error of configuration.
pub fn refused(error: http::Error) -> anyhow::Error {
    use http::Error as E;
    match error {
        E::InUse { .. } | E::Occupied { .. } | E::AddressInUse { .. } | E::Certificate { .. } => {
            misuse(error)
        }
        other => other.into(),
    }
}

fn certificate(config: &Http) -> Result<Option<CertificateFiles>> {
    match (&config.certificate, &config.key) {
        (Some(certificate), Some(key)) => {
            Ok(Some(CertificateFiles { certificate: certificate.clone(), key: key.clone() }))
        }
        (None, None) => Ok(None),
        _ => Err(misuse(anyhow!("http.certificate and http.key go together: give both, or none"))),
    }
}
