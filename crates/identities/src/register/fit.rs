//! To how many something could be done just now: asked before what cannot be taken back.

use futures_util::TryStreamExt as _;

use super::{Register, Selection};
use crate::error::Error;
use crate::state::Deed;

impl Register {
    /// How many of a selection something can be asked for just now. One that cannot be read does not count.
    pub async fn fitting(&self, selection: &Selection, deed: Deed) -> Result<u64, Error> {
        let ids = match selection {
            Selection::Filter(filter) => {
                let mut pages = std::pin::pin!(self.pages(filter.clone()));
                let mut fits = 0;
                while let Some(page) = pages.try_next().await? {
                    fits += page.identities.iter().filter(|one| one.situation().allows(deed).is_ok()).count();
                }
                return Ok(fits as u64);
            }
            Selection::Ids(ids) => ids,
        };
        let mut meant = std::collections::BTreeSet::new();
        for id in ids {
            match self.find_meant(id).await {
                Ok(Some(one)) if one.situation().allows(deed).is_ok() => {
                    meant.insert(one.id);
                }
                Ok(_) | Err(Error::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(meant.len() as u64)
    }
}
