//! Looking for people as people do: by account as well as by id, in lists that are sorted by what they read.

use std::sync::Arc;

use super::{Broken, Filter, Register};
use crate::directory::{Directory, Sort};
use crate::document::{account, account_key, is_id};
use crate::error::Error;
use crate::identity::{Identity, KIND};

/// So many that cannot be read are told at once.
const BROKEN: usize = 20;

/// A page of identities, in the order that was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// The identities.
    pub identities: Vec<Identity>,
    /// After which the listing goes on; `None` = this was all.
    pub next: Option<String>,
    /// How many fit, on all pages.
    pub total: u64,
    /// The first of those that cannot be read, whatever was asked for.
    pub damaged: Vec<Broken>,
}

impl Register {
    /// An identity, by its id or by the name of its account.
    pub async fn get(&self, named: &str) -> Result<Identity, Error> {
        self.find_meant(named).await?.ok_or_else(|| Error::Missing(named.to_owned()))
    }

    /// The identity of that id, or else the one whose account is called so.
    pub(super) async fn find_meant(&self, named: &str) -> Result<Option<Identity>, Error> {
        let named = named.trim();
        if is_id(named)
            && let Some(found) = self.find_one(named).await?
        {
            return Ok(Some(found));
        }
        let Some(holder) = self.holder(named).await? else { return Ok(None) };
        let found = self.find_one(&holder).await?;
        Ok(found.filter(|found| {
            account(&found.kept.document).is_some_and(|own| account_key(&own) == account_key(named))
        }))
    }

    /// A page of those that fit, sorted, after this place: all of them were looked at.
    pub async fn listed(
        &self,
        filter: &Filter,
        sort: Sort,
        after: Option<String>,
        limit: usize,
    ) -> Result<Listed, Error> {
        let (directory, filter) = (Arc::clone(self.directory().await?), filter.clone());
        // However many they are, nobody else waits meanwhile.
        let look = move || directory.page(&filter, sort, after.as_deref(), limit);
        let page = tokio::task::spawn_blocking(look).await.map_err(|_| engine::Error::Stopping)?;
        let mut listed = Listed { next: page.next, total: page.total, ..Listed::default() };
        for id in page.ids.iter().chain(page.broken.iter().take(BROKEN)) {
            match self.find_one(id).await {
                Ok(identity) => listed.identities.extend(identity),
                Err(Error::Damaged { id, why }) => listed.damaged.push(Broken { id, why }),
                Err(error) => return Err(error),
            }
        }
        Ok(listed)
    }

    /// The copy of all of them. Whoever asks first waits until everybody was read.
    pub(crate) async fn directory(&self) -> Result<&Arc<Directory>, Error> {
        let fill = || async {
            let directory = Arc::new(Directory::default());
            let follower: Arc<Directory> = Arc::clone(&directory);
            self.hub.follow(KIND, follower).await?;
            Ok::<_, Error>(directory)
        };
        self.directory.get_or_try_init(fill).await
    }
}
