//! The files of a set.

use std::sync::Arc;

use axum::body::Body;
use engine::carry;
use http::Closing;

use super::sessions::Visitor;
use super::{Uploads, random};
use crate::upload::check;
use crate::upload::error::Error;
use crate::upload::refusal::{Reason, Refusal};
use crate::upload::school::Handed;
use crate::upload::set::{FileDocument, State};
use crate::upload::slot::Slot;
use crate::upload::store::Store;
use crate::upload::tus::Part;

impl Uploads {
    /// Begins a file of so many bytes.
    pub(in crate::upload) async fn create(
        &self,
        visitor: &Visitor,
        name: &str,
        size: u64,
    ) -> Result<Arc<Slot>, Error> {
        visitor.may_change()?;
        let limits = &self.0.limits;
        let refused = |reason| Err(Refusal::about(reason, name).into());
        check::file_name(name, &limits.extensions)?;
        if size == 0 {
            return refused(Reason::Empty);
        }
        if size > limits.file {
            return refused(Reason::FileSize);
        }
        let set = &visitor.set;
        let _turn = set.turn.lock().await;
        let files: Vec<FileDocument> = set.files().iter().map(|file| file.document()).collect();
        let taken = files.iter().filter(|file| !matches!(file.state, State::Refused { .. }));
        let (count, total) =
            taken.clone().fold((0, 0_u64), |(n, sum), file| (n + 1, sum.saturating_add(file.size)));
        if let Some(same) = set.files().into_iter().find(|file| is_same(&file.document(), name)) {
            // The answer to the first announcement was lost, and nothing came since.
            let is_again = same.offset() == 0 && same.document().size == size;
            return if is_again { Ok(same) } else { refused(Reason::Twice) };
        }
        // Those that were refused count too: somebody who sends nothing else is stopped.
        if count >= limits.files || files.len() >= limits.files.saturating_mul(4) {
            return refused(Reason::Files);
        }
        if total.saturating_add(size) > limits.total {
            return refused(Reason::Total);
        }
        let document = FileDocument { name: name.to_owned(), size, state: State::Coming };
        self.begin(visitor, document).await
    }

    /// Promises room to a file, and begins it.
    async fn begin(&self, visitor: &Visitor, document: FileDocument) -> Result<Arc<Slot>, Error> {
        let _turn = self.0.room.lock().await;
        let (set, id) = (&visitor.set, random::<16>()?);
        let promised: u64 = self.all().iter().map(|set| set.missing()).sum();
        let free = self.on_disk(Store::free).await?;
        let needed = document.size.saturating_add(promised).saturating_add(self.0.limits.reserve);
        if needed > free {
            return Err(Refusal::about(Reason::Room, &document.name).into());
        }
        let place = self.0.store.place(&set.id, &id);
        let slot = Arc::new(Slot::new(id, place.clone(), document.clone(), 0));
        let begun = place.clone();
        self.on_disk(move |_| begun.begin(&document)).await?;
        set.add(&slot);
        if let Err(error) = self.keep(set).await {
            set.take_out(&slot.id);
            self.on_disk(move |_| place.remove()).await?;
            return Err(error);
        }
        Ok(slot)
    }

    /// Bytes that are surely there of a file. An older request for it ends.
    pub(in crate::upload) async fn offset(
        &self,
        visitor: &Visitor,
        id: &str,
    ) -> Result<(Arc<Slot>, u64), Error> {
        let slot = visitor.set.file(id)?;
        let inner = Arc::clone(&self.0);
        let looked = Arc::clone(&slot);
        let offset = carry(async move { looked.take().await.offset(&inner.limits).await }).await?;
        Ok((slot, offset))
    }

    /// Takes a part of a file in.
    pub(in crate::upload) async fn append(
        &self,
        visitor: &Visitor,
        id: &str,
        part: Part,
        body: Body,
        closing: Closing,
    ) -> Result<u64, Error> {
        visitor.may_change()?;
        let slot = visitor.set.file(id)?;
        let permits = (
            Arc::clone(&self.0.parts).try_acquire_owned(),
            Arc::clone(&visitor.set.parts).try_acquire_owned(),
        );
        let (Ok(one), Ok(other)) = permits else { return Err(Reason::Busy.into()) };
        let inner = Arc::clone(&self.0);
        // What came is kept, also when whoever sent it goes away.
        carry(async move {
            let appended = slot.take().await.append(part, body, closing, &inner.limits).await;
            drop((one, other));
            appended
        })
        .await
    }

    /// Makes a file of what is there, however long it was meant to be; the answer is its length.
    pub(in crate::upload) async fn end_here(&self, visitor: &Visitor, id: &str) -> Result<u64, Error> {
        let (slot, inner) = (visitor.set.file(id)?, Arc::clone(&self.0));
        carry(async move { slot.take().await.end_here(&inner.limits).await }).await
    }

    /// Whether what somebody has begins as the file does.
    pub(in crate::upload) async fn begins_so(
        &self,
        visitor: &Visitor,
        id: &str,
        head: &[u8],
    ) -> Result<(), Error> {
        let (slot, offset) = self.offset(visitor, id).await?;
        let compared = (head.len() as u64).min(offset);
        let (place, size) = (slot.place.clone(), usize::try_from(compared).unwrap_or(head.len()));
        let there = self
            .on_disk(move |_| {
                let path = if place.whole().exists() { place.whole() } else { place.part() };
                let mut there = vec![0; size];
                std::os::unix::fs::FileExt::read_exact_at(&std::fs::File::open(path)?, &mut there, 0)?;
                Ok(there)
            })
            .await?;
        if head.starts_with(&there) {
            return Ok(());
        }
        Err(Refusal::about(Reason::OtherFile, &slot.document().name).into())
    }

    /// Removes a file.
    pub(in crate::upload) async fn remove(&self, visitor: &Visitor, id: &str) -> Result<(), Error> {
        if visitor.is_handed_over() {
            return Err(Reason::HandedOver.into());
        }
        let set = Arc::clone(&visitor.set);
        let _turn = set.turn.lock().await;
        let slot = set.file(id)?;
        let taken = slot.take().await;
        taken.give_up();
        set.take_out(id);
        self.keep(&set).await?;
        let place = slot.place.clone();
        let removed = self.on_disk(move |_| place.remove()).await;
        drop(taken);
        removed
    }

    /// Puts files first, in this order.
    pub(in crate::upload) async fn put_first(
        &self,
        visitor: &Visitor,
        first: &[String],
    ) -> Result<(), Error> {
        visitor.may_change()?;
        let set = &visitor.set;
        let _turn = set.turn.lock().await;
        {
            let mut state = set.state();
            state.document.put_first(first);
            let order = state.document.order.clone();
            state.files.sort_by_key(|file| order.iter().position(|id| *id == file.id));
        }
        self.keep(set).await
    }

    /// Hands the files over, these first and in this order.
    pub(in crate::upload) async fn finish(&self, visitor: &Visitor, order: &[String]) -> Result<(), Error> {
        // Said again because the answer was lost.
        if visitor.is_handed_over() {
            return Ok(());
        }
        self.put_first(visitor, order).await?;
        let set = &visitor.set;
        let _turn = set.turn.lock().await;
        let school = set.document().school;
        let standing = self.0.schools.standing(&school.rne).await?;
        if standing.is_some_and(|standing| standing.sets.contains(&set.id)) {
            return Ok(());
        }
        let files = handed(&set.files())?;
        // What somebody else added meanwhile is not handed over unseen.
        let is_seen = |file: &Handed| order.iter().any(|id| file.path.ends_with(id));
        if !order.is_empty() && (files.len() != order.len() || !files.iter().all(is_seen)) {
            return Err(Reason::OtherList.into());
        }
        self.0.schools.hand_over(&school, &set.id, files).await?;
        set.state().document.handed_over = true;
        self.keep(set).await
    }
}

/// Whether a file has this name, as systems compare names that do not tell small letters from capital ones.
fn is_same(file: &FileDocument, name: &str) -> bool {
    !matches!(file.state, State::Refused { .. }) && file.name.to_lowercase() == name.to_lowercase()
}

/// What is handed over: all files that are there, as long as none is missing.
fn handed(files: &[Arc<Slot>]) -> Result<Vec<Handed>, Error> {
    let mut handed = Vec::new();
    for slot in files {
        let FileDocument { name, size, state } = slot.document();
        match state {
            State::There { sha256 } => {
                handed.push(Handed { path: slot.place.whole(), name, size, sha256, main: handed.is_empty() });
            }
            State::Coming => return Err(Refusal::about(Reason::Incomplete, &name).into()),
            State::Refused { .. } => {}
        }
    }
    if handed.is_empty() { Err(Reason::NothingYet.into()) } else { Ok(handed) }
}
