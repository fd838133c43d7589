//! From a document to a job, or to a refusal that is kept.

use axum::body::Bytes;
use engine::port::Decoder;
use engine::{Accepted, Clock, Why};
use model::{Class, Effects, JobId, Refusal, Request};

use super::Api;
use crate::decode::{self, Beside};
use crate::dto::{Acceptance, Submitted};
use http::Caller;
use http::body::apart;
use http::{Problem, SOURCE};

/// Reads refused documents again, see [`engine::Setup::decoders`].
#[derive(Clone, Debug)]
pub struct Documents {
    /// Deadlines in seconds count from the moment of reading.
    pub clock: Clock,
}

impl Decoder for Documents {
    fn decode(&self, raw: &[u8]) -> Result<Request, Why> {
        decode::request(raw, SOURCE, &Beside::default(), self.clock.now())
    }
}

impl Api {
    /// Hands a document in. What cannot be accepted is kept with the dead letters before the caller hears of it.
    pub(super) async fn take(
        &self,
        document: &Bytes,
        beside: &Beside,
        caller: &Caller,
        waited: bool,
    ) -> Result<Submitted, Problem> {
        let source = caller.source();
        let read = {
            let (document, source, beside, now) =
                (document.clone(), source.clone(), beside.clone(), self.hub.now());
            apart(document.len(), move || decode::request(&document, &source, &beside, now)).await?
        };
        let mut request = match read {
            Ok(request) => request,
            Err(why) => return Err(self.refuse(source, document, beside, beside.clone(), why).await),
        };
        if waited {
            request.class.get_or_insert(Class::Interactive);
        }
        let read = Beside {
            action: Some(request.action.clone()),
            id: request.external_id.clone(),
            ..Beside::default()
        };
        match self.hub.accept(request, Effects::default()).await? {
            Accepted::Refused(why) => Err(self.refuse(source, document, beside, read, why).await),
            accepted => self.report(accepted).await,
        }
    }

    /// What became of a request, for its caller.
    pub(super) async fn report(&self, accepted: Accepted) -> Result<Submitted, Problem> {
        let plain = |accepted| Submitted { accepted, job: None, state: None, result: None };
        match accepted {
            Accepted::New(job) => Ok(Submitted {
                job: Some(job),
                state: Some(model::JobState::Queued),
                ..plain(Acceptance::New)
            }),
            Accepted::Known(job, None) => Ok(Submitted { job: Some(job), ..plain(Acceptance::Known) }),
            Accepted::Known(id, Some(job)) => {
                let result = if job.state.is_terminal() { Some(self.result(id).await?) } else { None };
                Ok(Submitted { job: Some(id), state: Some(job.state), result, ..plain(Acceptance::Known) })
            }
            Accepted::Unclaimed => Ok(plain(Acceptance::Unclaimed)),
            Accepted::Refused(why) => Err(why.into()),
        }
    }

    /// The result of a job that has ended.
    pub(super) async fn result(&self, job: JobId) -> Result<serde_json::Value, Problem> {
        let engine::JobResult { job, steps } = self.hub.result(job).await?;
        let steps =
            steps.ok_or_else(|| Problem::bug(&format_args!("job {} has ended without a result", job.id)))?;
        Ok(crate::result(&job, &steps))
    }

    /// Keeps a document that was not accepted. `read` is what could be read of it.
    async fn refuse(
        &self,
        source: String,
        document: &Bytes,
        beside: &Beside,
        read: Beside,
        why: Why,
    ) -> Problem {
        let refusal = Refusal {
            source,
            external_id: read.id,
            action: read.action,
            code: why.code.clone(),
            message: why.message.clone(),
            raw: decode::whole(document, beside).into_owned(),
        };
        let record = match self.hub.refuse(refusal).await {
            Ok(record) => Some(record),
            Err(error) => {
                // The caller is told all the same, and still has the document.
                if !matches!(&error, engine::Error::Journal(error) if error.is_told()) {
                    tracing::error!("a refused request could not be kept: {error}");
                }
                None
            }
        };
        Problem { record, ..why.into() }
    }
}
