//! The host in this hub, asked without a network.

use engine::Actor;
use http::Problem;

use super::ask::{Made, Shown, Ticket};
use super::error::Trouble;
use super::reported::Reported;
use crate::api::view_of;
use crate::error::Error;
use crate::establishment::Happening;
use crate::hidden::Hidden;
use crate::host::Host;
use crate::lifecycle::Refusal;
use crate::rne::Rne;
use crate::upload::{School, Uploads};
use crate::values::{Change, Values};

/// The host in this hub.
#[derive(Clone)]
pub(super) struct Own {
    pub(super) host: Host,
    pub(super) uploads: Uploads,
}

impl Own {
    pub(super) async fn show(&self, rne: &Rne) -> Result<Shown, Trouble> {
        let found = self.host.find(rne).await.map_err(trouble)?.ok_or(Trouble::Missing)?;
        let view = view_of(&self.host, &found).await.map_err(trouble)?;
        // As it would go over the wire: it is read by the same rules.
        let said = serde_json::to_value(&view).map_err(|error| Trouble::Odd(error.to_string()))?;
        let said = Reported::read(&said).ok_or_else(|| Trouble::Odd("it says nothing".to_owned()))?;
        Ok(Shown { said, key_is_void: false })
    }

    pub(super) async fn post(&self, rne: &Rne, values: &Values, actor: &Actor) -> Result<Made, Trouble> {
        // Who is told stays with those who follow it.
        let values = Values { contact: None, ..values.clone() };
        let made = self.host.post(rne, values, actor).await.map_err(trouble)?;
        Ok(Made { key: Hidden::new(self.host.key(&made).await.map_err(trouble)?) })
    }

    pub(super) async fn put(&self, rne: &Rne, change: &Change, actor: &Actor) -> Result<(), Trouble> {
        let change = Change { contact: None, ..change.clone() };
        self.host.act(rne, Happening::Put(change), actor, "altered").await.map_err(trouble).map(drop)
    }

    pub(super) async fn delete(&self, rne: &Rne, actor: &Actor) -> Result<(), Trouble> {
        self.host.act(rne, Happening::Delete, actor, "deleted").await.map_err(trouble).map(drop)
    }

    pub(super) async fn ticket(&self, rne: &Rne) -> Result<Ticket, Trouble> {
        let found = self.host.get(rne).await.map_err(trouble)?;
        let school = School { rne: rne.to_string(), generation: found.kept.generation };
        let ticket = self.uploads.ticket(&school).await.map_err(|problem| of_problem(&problem))?;
        Ok(Ticket { url: self.host.whole(&ticket.path), expires_at: Some(ticket.expires_at) })
    }

    /// The generation of a school's key; 0 = there is no such school.
    pub(super) async fn generation(&self, rne: &Rne) -> Result<u64, Error> {
        Ok(self.host.find(rne).await?.map_or(0, |found| found.kept.generation))
    }
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::Missing(_) => Trouble::Missing,
        Error::Refused { why, .. } => {
            let kind = if why == Refusal::Exists { "already-exists" } else { "not-now" };
            Trouble::Refused { kind: kind.to_owned(), why: error.to_string() }
        }
        Error::NotAccepted(why) => Trouble::Refused { kind: why.code.to_string(), why: why.message },
        other => of_problem(&other.into()),
    }
}

fn of_problem(problem: &Problem) -> Trouble {
    let retry_after = problem.retry_after.map(|seconds| std::time::Duration::from_secs(seconds.into()));
    Trouble::Down { why: problem.detail.to_string(), retry_after }
}
