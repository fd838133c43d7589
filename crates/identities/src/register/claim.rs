//! Account names: each belongs to one identity, so that two people never write to one account.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;
use model::effect::EntityContent;
use model::{Effects, Entity, EntityKey, EntityWrite};
use serde_json::{Map, Value, json};

use super::{Filter, Register};
use crate::document::{account, account_key};
use crate::error::Error;
use crate::identity::Identity;
use crate::state::State;

/// The kind of the entities that say whose an account name is.
const KIND: &str = "identity_uid";
/// The entity that says that all identities have theirs. No account name is called so.
const ALL: &str = "all";

impl Register {
    /// What has to be written with an identity so that its account name is its own; an error when it is another one's.
    pub(super) async fn claim(
        &self,
        id: &str,
        document: &Map<String, Value>,
    ) -> Result<Option<EntityWrite>, Error> {
        self.claimed.get_or_try_init(|| self.claim_all()).await?;
        let Some(uid) = account(document) else { return Ok(None) };
        let key = place(account_key(&uid));
        let Some(entity) = self.kept(&key).await? else {
            return Ok(Some(held(key, 0, id)));
        };
        let holder = entity.body.get("id").and_then(Value::as_str).unwrap_or_default();
        if holder == id {
            return Ok(None);
        }
        let other = match self.find_one(holder).await {
            // It may be that person's all the same.
            Err(Error::Damaged { .. }) => return Err(Error::Taken { uid, holder: holder.to_owned() }),
            other => other?,
        };
        if other.is_some_and(|other| holds(&other, &uid)) {
            return Err(Error::Taken { uid, holder: holder.to_owned() });
        }
        Ok(Some(held(key, entity.rev, id)))
    }

    /// Whose an account name is, or was.
    pub(super) async fn holder(&self, uid: &str) -> Result<Option<String>, Error> {
        // Whoever only looks is answered from what is there.
        if let Err(error) = self.claimed.get_or_try_init(|| self.claim_all()).await {
            tracing::warn!("account names are looked up in what is known of them: {error}");
        }
        let entity = self.kept(&place(account_key(uid))).await?;
        Ok(entity.and_then(|entity| entity.body.get("id")?.as_str().map(str::to_owned)))
    }

    /// What has to be written so that nothing says any more whose an account name was.
    pub(super) async fn disclaim(&self, identity: &Identity) -> Result<Option<EntityWrite>, Error> {
        let Some(uid) = account(&identity.kept.document) else { return Ok(None) };
        let key = place(account_key(&uid));
        let entity = self.kept(&key).await?;
        let own = entity.filter(|entity| entity.body.get("id").is_some_and(|holder| *holder == identity.id));
        Ok(own.map(|entity| EntityWrite { key, expected_rev: entity.rev, content: None }))
    }

    /// Gives those that were there before account names had owners theirs: the first of several, by id, has it.
    async fn claim_all(&self) -> Result<(), Error> {
        if self.kept(&place(ALL.to_owned())).await?.is_some() {
            return Ok(());
        }
        let mut pages = std::pin::pin!(self.pages(Filter::default()));
        while let Some(page) = pages.try_next().await? {
            let mut entities = Vec::new();
            let mut met = HashSet::new();
            for identity in page.identities.iter().filter(|identity| identity.state != State::Deleted) {
                let Some(uid) = account(&identity.kept.document) else { continue };
                let key = place(account_key(&uid));
                if met.insert(key.key.clone()) && self.kept(&key).await?.is_none() {
                    entities.push(held(key, 0, &identity.id));
                }
            }
            self.keep_claims(entities).await?;
        }
        self.keep_claims(vec![held(place(ALL.to_owned()), 0, "")]).await
    }

    /// Reads whose an account name is. What cannot be read says nothing, and goes.
    async fn kept(&self, key: &EntityKey) -> Result<Option<Entity>, Error> {
        match self.hub.journal().entity(key.clone()).await {
            Err(journal::Error::Damaged(_)) => {
                self.hub.erase(key.clone(), None).await?;
                Ok(None)
            }
            entity => Ok(entity?),
        }
    }

    async fn keep_claims(&self, entities: Vec<EntityWrite>) -> Result<(), Error> {
        Ok(self.hub.write(Effects { entities, ..Effects::default() }, None).await?)
    }
}

/// Whether an account name is this identity's.
fn holds(identity: &Identity, uid: &str) -> bool {
    let own = account(&identity.kept.document);
    identity.state != State::Deleted && own.is_some_and(|own| account_key(&own) == account_key(uid))
}

fn held(key: EntityKey, rev: u64, id: &str) -> EntityWrite {
    let content = EntityContent { state: "held".to_owned(), label: String::new(), body: json!({ "id": id }) };
    EntityWrite { key, expected_rev: rev, content: Some(content) }
}

fn place(key: String) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key }
}
