//! Who something could be done to just now: asked before what cannot be taken back.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;

use super::{Register, Selection};
use crate::error::Error;
use crate::state::Deed;

impl Register {
    /// The ids of those of a selection for whom something can be asked just now. One that cannot be read is not among them.
    pub async fn fitting(&self, selection: &Selection, deed: Deed) -> Result<BTreeSet<String>, Error> {
        let mut fit = BTreeSet::new();
        let ids = match selection {
            Selection::Filter(filter) => {
                let mut pages = std::pin::pin!(self.pages(filter.clone()));
                while let Some(page) = pages.try_next().await? {
                    let fits = page.identities.into_iter().filter(|one| one.situation().allows(deed).is_ok());
                    fit.extend(fits.map(|one| one.id));
                }
                return Ok(fit);
            }
            Selection::Ids(ids) => ids,
        };
        for id in ids {
            match self.find_meant(id).await {
                Ok(Some(one)) if one.situation().allows(deed).is_ok() => {
                    fit.insert(one.id);
                }
                Ok(_) | Err(Error::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(fit)
    }
}
