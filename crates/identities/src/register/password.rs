//! Passwords: they pass through, sealed, and are kept nowhere.

use engine::{Accepted, Actor, AuditEntry};
use model::{Code, Effects, JobId};

use super::{PATIENCE, Register, later};
use crate::error::Error;
use crate::request;
use crate::state::Deed;

impl Register {
    /// Changes a password (with the old one) or resets it: an interactive job, which is not started any more after half
    /// a minute.
    pub async fn password(
        &self,
        id: &str,
        new: &str,
        old: Option<&str>,
        actor: &Actor,
    ) -> Result<JobId, Error> {
        let identity = self.get(id).await?;
        let deed = if old.is_some() { Deed::PasswordChange } else { Deed::PasswordReset };
        identity.situation().allows(deed).map_err(|why| Error::Hindered { id: id.to_owned(), why })?;
        let request = request::password(&identity, new, old, later(self.hub.now(), PATIENCE));
        let (what, code) = (format!("identity {}", identity.id), deed.as_str());
        let entry = |job| {
            let message = format!("{code}: job {job}");
            Some(AuditEntry::new(actor, what, Code::from_static(code), message))
        };
        match self.hub.accept_audited(request, Effects::default(), entry).await? {
            Accepted::New(job) | Accepted::Known(job, _) => Ok(job),
            Accepted::Refused(why) => Err(Error::Refused(why)),
            Accepted::Unclaimed => Err(Error::Refused(engine::Why {
                code: model::word::code::NO_BACKEND,
                message: "no backend sets passwords".to_owned(),
            })),
        }
    }
}
