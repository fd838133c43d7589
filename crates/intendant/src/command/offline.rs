//! What never crosses the socket: secrets, read from the journal itself by whoever may read folder and key.

use anyhow::{Context as _, Result, anyhow};
use journal::Look;
use model::{JobId, SecretSet, masked_pointers, put_back};
use serde::Deserialize;
use serde_json::Value;

use crate::compose::journal_error;
use crate::config::Loaded;
use crate::context::Context;
use crate::exit::misuse;

/// Opens the journal read-only, also beside a running hub.
pub(super) fn look(loaded: &Loaded, context: &Context) -> Result<Look> {
    let at = context.address(&loaded.config)?;
    if let Some(marker) = context.marker(loaded)
        && marker.known(&at)?.is_some()
    {
        marker.expected(&at)?;
    }
    let keys = context.keys(&loaded.config, false)?;
    let found = Look::open(at.clone(), &keys).map_err(journal_error)?;
    found.ok_or_else(|| misuse(format!("there is no journal in {at}: it is made when the hub first starts")))
}

/// A job's action, and its document with the secrets in place.
pub(crate) fn document(job: JobId, loaded: &Loaded, context: &Context) -> Result<(String, Value)> {
    /// What the engine keeps as a job's body.
    #[derive(Deserialize)]
    struct Envelope {
        body: Value,
    }

    let prepared = look(loaded, context)?.job(job)?.ok_or_else(|| anyhow!("there is no job {job}"))?;
    let Envelope { mut body } =
        serde_json::from_slice(&prepared.body).with_context(|| format!("job {job} cannot be read back"))?;
    if let Some(secrets) = &prepared.secrets {
        put_back(&mut body, &SecretSet::from_bytes(secrets)?);
    }
    let missing = masked_pointers(&body);
    if missing.is_empty() {
        return Ok((prepared.job.action, body));
    }
    Err(anyhow!(
        "the secrets of job {job} are no longer kept ({}): they go when a job has ended",
        missing.join(", ")
    ))
}
