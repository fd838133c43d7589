//! What uploads ask of the establishments.

use std::sync::{Arc, OnceLock};

use engine::port::BoxFuture;
use http::Problem;
use ring::hmac;

use super::{Deed, Host, TRIES, unless_conflict};
use crate::error::Error;
use crate::establishment::{Establishment, Happening, UploadSet, Uploaded};
use crate::rne::Rne;
use crate::state::State;
use crate::upload::{Handed, School, Schools, Standing};

/// The establishments of a hub that is about to start: uploads are opened before it has.
#[derive(Clone, Default)]
pub struct Doors(Arc<OnceLock<Host>>);

impl Doors {
    /// The hub has started.
    pub fn open(&self, host: Host) {
        // It starts once.
        let _ = self.0.set(host);
    }

    fn host(&self) -> Result<&Host, Problem> {
        self.0.get().ok_or_else(|| Problem::later("starting", 1, "the hub has not started yet: try again"))
    }
}

impl Schools for Doors {
    fn of_key<'a>(&'a self, rne: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<School>, Problem>> {
        Box::pin(async move {
            let Ok(rne) = rne.trim().parse::<Rne>() else { return Ok(None) };
            let found = self.host()?.of_key(&rne, key).await?;
            Ok(found.map(|found| School { rne: rne.to_string(), generation: found.kept.generation }))
        })
    }

    fn secret(&self) -> BoxFuture<'_, Result<hmac::Key, Problem>> {
        Box::pin(async move { Ok(self.host()?.signer().await?.derived("uploads")) })
    }

    fn standing<'a>(&'a self, rne: &'a str) -> BoxFuture<'a, Result<Option<Standing>, Problem>> {
        Box::pin(async move {
            let Ok(rne) = rne.parse::<Rne>() else { return Ok(None) };
            Ok(self.host()?.find(&rne).await?.map(|found| standing(&found)))
        })
    }

    fn hand_over<'a>(
        &'a self,
        school: &'a School,
        set: &'a str,
        files: Vec<Handed>,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let rne = school
                .rne
                .parse()
                .map_err(|error: crate::rne::BadRne| Problem::bad_request(error.to_string()))?;
            let set = UploadSet { id: set.to_owned(), files: files.into_iter().map(uploaded).collect() };
            self.host()?.hand_over(&rne, school.generation, set).await?;
            Ok(())
        })
    }
}

impl Host {
    /// A school hands databases over, as long as its key is this generation's.
    pub async fn hand_over(
        &self,
        rne: &Rne,
        generation: u64,
        set: UploadSet,
    ) -> Result<Establishment, Error> {
        let actor = engine::Actor(format!("school:{rne}"));
        let deed = Deed { actor: &actor, code: "uploaded" };
        for _ in 0..TRIES {
            let found = self.get(rne).await?;
            if found.kept.generation != generation {
                return Err(Error::Missing(rne.clone()));
            }
            let handed = self.happen_to(found, Happening::Upload(set.clone()), Some(deed)).await;
            if let Some(now) = unless_conflict(handed)? {
                return now.ok_or_else(|| Error::Missing(rne.clone()));
            }
        }
        Err(Error::Contended(rne.clone()))
    }
}

fn standing(of: &Establishment) -> Standing {
    Standing {
        generation: of.kept.generation,
        may_upload: matches!(of.state, State::DbWait | State::UploadedError),
        sets: of.kept.upload.iter().map(|set| set.id.clone()).collect(),
    }
}

fn uploaded(file: Handed) -> Uploaded {
    let Handed { path, name, size, sha256, main } = file;
    Uploaded { path: path.to_string_lossy().into_owned(), name, size, sha256, main }
}
