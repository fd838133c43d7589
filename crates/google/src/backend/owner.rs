//! Who remembers which Google account somebody has: the referential, or, for identities, the hub.

use crate::gram::{Account, Gram, GramTrouble};
use crate::told::Failure;

use super::attempt::{Attempt, Step};
use crate::account::User;

/// Where the id of somebody's Google account is kept.
#[derive(Clone)]
pub(super) enum Owner<'a> {
    /// In the referential, with the account as it was read.
    Gram(&'a Gram, &'a Account),
    /// In what the hub remembers.
    Own(Option<String>),
}

impl Owner<'_> {
    /// The id that is kept.
    pub(super) fn google_id(&self) -> Option<String> {
        match self {
            Owner::Gram(_, account) => account.google_id(),
            Owner::Own(id) => id.clone(),
        }
    }

    /// The number of the referential.
    pub(super) fn number(&self) -> Option<String> {
        match self {
            Owner::Gram(_, account) => account.number(),
            Owner::Own(_) => None,
        }
    }
}

impl Attempt<'_> {
    /// Has the id of the account kept, where it is kept elsewhere.
    pub(super) async fn save(&self, owner: &Owner<'_>, user: &User) -> Step<()> {
        let Owner::Gram(gram, account) = owner else { return Ok(()) };
        if account.google_id().as_deref() == Some(&user.id) {
            return Ok(());
        }
        match gram.save(&account.uuid, Some(&user.id)).await {
            Err(GramTrouble::Refused(errors)) => {
                let message = format!(
                    "Google account {} was made, and GrAM does not take its id for account {}: {}; correct the account in GrAM, and run this again",
                    user.id,
                    account.uuid,
                    self.hidden(errors.to_string())
                );
                let mut outcome = self.fails(Failure::SaveRefused, message);
                if let Some(data) =
                    outcome.data.as_mut().and_then(|data| data.pointer_mut("/data")?.as_object_mut())
                {
                    let mut target = account.shown().clone();
                    target.insert("gapps_id".to_owned(), user.id.as_str().into());
                    data.insert("target_data".to_owned(), self.hidden_in(&target.into()));
                    data.insert("errors".to_owned(), self.hidden_in(&errors));
                }
                Err(outcome)
            }
            said => self.of_gram(said),
        }
    }

    /// Has it kept that there is no account any more. Somebody else's id is left alone.
    pub(super) async fn forget(&self, gram: &Gram, uuid: &str, google_id: &str) -> Step<()> {
        let account = match gram.account(uuid).await {
            // The person is gone, too.
            Err(GramTrouble::NotFound) => return Ok(()),
            said => self.of_gram(said)?,
        };
        if account.google_id().as_deref() != Some(google_id) {
            return Ok(());
        }
        self.of_gram(gram.save(&account.uuid, None).await)
    }
}
