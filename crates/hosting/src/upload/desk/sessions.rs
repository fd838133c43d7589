//! Who may come in.

use std::sync::Arc;

use super::{Set, Uploads, random};
use crate::upload::error::Error;
use crate::upload::refusal::Reason;
use crate::upload::school::{School, Standing};
use crate::upload::set::SetDocument;
use crate::upload::store::Store;
use crate::upload::ticket::Said;

/// Somebody who may use a set of files, and how its school stands.
pub(in crate::upload) struct Visitor {
    /// The random text by which he is known.
    pub(in crate::upload) session: String,
    pub(in crate::upload) set: Arc<Set>,
    pub(in crate::upload) standing: Standing,
}

impl Visitor {
    /// The set was handed over.
    pub(in crate::upload) fn is_handed_over(&self) -> bool {
        self.standing.sets.contains(&self.set.id) || self.set.document().handed_over
    }

    /// The files may be changed.
    pub(in crate::upload) fn may_change(&self) -> Result<(), Error> {
        if self.is_handed_over() {
            return Err(Reason::HandedOver.into());
        }
        if self.standing.may_upload { Ok(()) } else { Err(Reason::NotNow.into()) }
    }
}

impl Uploads {
    /// Whether a ticket could be used now. Nothing happens to it.
    pub(in crate::upload) async fn look_at(&self, ticket: &str) -> Result<Said, Error> {
        let said = Said::read(ticket, &self.0.schools.secret().await?, self.now()).ok_or(Reason::Gone)?;
        self.standing(&said.school).await?;
        Ok(said)
    }

    /// Uses a ticket. The answer is the text of the session.
    pub(in crate::upload) async fn redeem(&self, ticket: &str) -> Result<String, Error> {
        let Said { school, id, expires_at } = self.look_at(ticket).await?;
        let mark = Store::mark(&id, expires_at);
        let used = mark.clone();
        if !self.on_disk(move |store| store.use_ticket(&used)).await? {
            return Err(Reason::Gone.into());
        }
        let admitted = self.admit(school).await;
        if admitted.is_err() {
            // Whoever could not come in, for want of room or of a journal, may come again.
            self.on_disk(move |store| store.forget_ticket(&mark)).await?;
        }
        admitted
    }

    /// Lets in who has a school's key; `None` = it is not that of this school.
    pub(in crate::upload) async fn admit_by_key(
        &self,
        rne: &str,
        key: &str,
    ) -> Result<Option<String>, Error> {
        match self.0.schools.of_key(rne, key).await? {
            Some(school) => self.admit(school).await.map(Some),
            None => Ok(None),
        }
    }

    /// Who has this text of a session.
    pub(in crate::upload) async fn visitor(&self, session: &str) -> Result<Visitor, Error> {
        let (hash, now) = (hash(session), self.now());
        let set = self.sets().of_session(&hash, now).ok_or(Reason::Gone)?;
        let standing = self.standing(&set.document().school).await?;
        let noted = set.state().document.use_of(&hash, now);
        if noted {
            self.keep(&set).await?;
        }
        Ok(Visitor { session: session.to_owned(), set, standing })
    }

    /// The same, on a set that can be changed: where the school waits again after a set was handed over, that is a new one.
    pub(in crate::upload) async fn visitor_anew(&self, session: &str) -> Result<Visitor, Error> {
        let visitor = self.visitor(session).await?;
        if !(visitor.is_handed_over() && visitor.standing.may_upload) {
            return Ok(visitor);
        }
        let hash = hash(session);
        visitor.set.state().document.sessions.retain(|session| session.hash != hash);
        self.keep(&visitor.set).await?;
        let school = visitor.set.document().school;
        self.let_in(school, &visitor.standing, hash).await?;
        self.visitor(session).await
    }

    async fn admit(&self, school: School) -> Result<String, Error> {
        let standing = self.standing(&school).await?;
        let session = random::<32>()?;
        self.let_in(school, &standing, hash(&session)).await?;
        Ok(session)
    }

    /// Adds a session to the set of a school that becomes complete, or begins one.
    async fn let_in(&self, school: School, standing: &Standing, hash: String) -> Result<(), Error> {
        // Two who come at once share one set.
        let _turn = self.0.room.lock().await;
        let now = self.now();
        let open = self.all().into_iter().find(|set| {
            let state = set.state();
            let document = &state.document;
            document.school == school && !document.handed_over && !standing.sets.contains(&set.id)
        });
        let set = match open {
            Some(set) => set,
            None => Arc::new(Set::new(random::<16>()?, SetDocument::new(school, now), Vec::new())),
        };
        set.state().document.admit(hash, now);
        self.keep(&set).await?;
        self.sets().put(&set);
        Ok(())
    }

    /// How a school stands, as long as its key is the one of that time.
    async fn standing(&self, school: &School) -> Result<Standing, Error> {
        let standing = self.0.schools.standing(&school.rne).await?;
        standing
            .filter(|standing| standing.generation == school.generation)
            .ok_or_else(|| Reason::Gone.into())
    }

    /// Writes down who may use a set, and which files are in it.
    pub(super) async fn keep(&self, set: &Set) -> Result<(), Error> {
        let (id, document) = (set.id.clone(), set.document());
        self.on_disk(move |store| store.keep(&id, &document)).await
    }
}

fn hash(session: &str) -> String {
    blake3::hash(session.as_bytes()).to_hex().to_string()
}
