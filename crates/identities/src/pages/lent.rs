//! Files that wait in the journal, sealed as all that lies there, so that each hub finds them: one entity says what waits, and names
//! the others that hold it, compressed and in pieces.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::{Edit, Hub};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use journal::Spot;
use model::effect::EntityContent;
use model::text::Encoding;
use model::{Effects, Entity, EntityKey, EntityWrite};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::staged::{How, MOST, PATIENCE, Staged, name_of};
use crate::api::FILE;
use crate::error::Error;
use crate::import::Format;

/// The kind of the entities that say what waits.
const WAITS: &str = "import_file";
/// The kind of those that hold it.
const PIECE: &str = "import_piece";
/// Bytes of a piece.
const BYTES: usize = 256 << 10;
/// Compressed bytes of a file; a larger one does not wait.
const LARGEST: usize = 4 << 20;
/// Compressed bytes of all that wait; the oldest ones go.
const ROOM: usize = 16 << 20;
/// So many entities are read at once.
const AT_ONCE: usize = 8;
/// The revision of a piece.
const WRITTEN_ONCE: u64 = 1;

/// What waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Waits {
    /// The pieces are named after it.
    id: String,
    pieces: usize,
    /// All of them, in bytes.
    size: usize,
    actor: String,
    token: String,
    at: Timestamp,
    name: Option<String>,
    format: Option<Format>,
    encoding: Option<String>,
    mapping: String,
}

impl Waits {
    pub(super) fn staged(self, bytes: std::sync::Arc<Vec<u8>>) -> Staged {
        let encoding = self.encoding.as_deref().and_then(Encoding::of_word);
        let how = How { format: self.format, encoding, mapping: self.mapping };
        Staged { token: self.token, actor: self.actor, at: self.at, name: self.name, bytes, how }
    }

    fn read_as(self, how: &How) -> Self {
        Waits {
            format: how.format,
            encoding: how.encoding.map(|encoding| encoding.as_str().to_owned()),
            mapping: how.mapping.clone(),
            ..self
        }
    }

    fn content(&self) -> EntityContent {
        // Words, numbers and times: there is nothing that could fail.
        content(serde_json::to_value(self).unwrap_or_default())
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() >= PATIENCE
    }
}

/// Keeps a file where each hub finds it, all of it in one commit. `false` = it is too large for that.
pub(super) async fn keep(hub: &Hub, staged: &Staged) -> Result<bool, Error> {
    let bytes = std::sync::Arc::clone(&staged.bytes);
    let Some(packed) =
        tokio::task::spawn_blocking(move || pack(&bytes)).await.map_err(|_| engine::Error::Stopping)?
    else {
        return Ok(false);
    };
    drop(hub, &staged.actor, &staged.token).await?;
    make_room(hub, packed.len()).await?;
    let place = key(&staged.actor, &staged.token);
    hub.write_as_read(async || {
        let stored = hub.journal().entity(place.clone()).await?;
        Ok::<_, Error>(((), Some((keeping(staged, &packed, stored.as_ref()), None))))
    })
    .await?;
    Ok(true)
}

/// What keeps a file over what stands there.
fn keeping(staged: &Staged, packed: &[u8], stored: Option<&Entity>) -> Effects {
    let pieces = packed.chunks(BYTES);
    let waits = Waits {
        id: name_of(format!("{} {} {}", staged.actor, staged.token, staged.at).as_bytes()),
        pieces: pieces.len(),
        size: packed.len(),
        actor: staged.actor.clone(),
        token: staged.token.clone(),
        at: staged.at,
        name: staged.name.clone(),
        format: None,
        encoding: None,
        mapping: String::new(),
    }
    .read_as(&staged.how);
    let rev = stored.map_or(0, |stored| stored.rev);
    let put = |key, expected_rev, content| EntityWrite { key, expected_rev, content: Some(content) };
    let place = key(&staged.actor, &staged.token);
    let entities = if let Some(Waits { id, pieces, size, .. }) = stored.and_then(read) {
        // The same file, sent twice at the same moment: its pieces are there.
        vec![put(place, rev, Waits { id, pieces, size, ..waits }.content())]
    } else {
        let piece = |(n, piece)| {
            put(piece_key(&waits.id, n), 0, content(Value::from(BASE64_STANDARD.encode::<&[u8]>(piece))))
        };
        pieces.enumerate().map(piece).chain([put(place, rev, waits.content())]).collect()
    };
    Effects { entities, ..Effects::default() }
}

/// What waits for whoever sent it.
pub(super) async fn find(hub: &Hub, actor: &str, token: &str) -> Result<Option<Waits>, Error> {
    let found = hub.journal().entity(key(actor, token)).await?;
    Ok(found.as_ref().and_then(read).filter(|waits| !waits.is_over(hub.now())))
}

/// Its content; `None` = not all of it is there, or it is another one.
pub(super) async fn fetch(hub: &Hub, waits: &Waits, token: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut packed = Vec::new();
    for n in 0..waits.pieces {
        let piece = hub.journal().entity(piece_key(&waits.id, n)).await?;
        let piece = piece.as_ref().and_then(|piece| BASE64_STANDARD.decode(piece.body.as_str()?).ok());
        let Some(piece) = piece.filter(|piece| packed.len() + piece.len() <= LARGEST) else {
            return Ok(None);
        };
        packed.extend(piece);
    }
    let unpacked =
        tokio::task::spawn_blocking(move || unpack(&packed)).await.map_err(|_| engine::Error::Stopping)?;
    Ok(unpacked.filter(|bytes| name_of(bytes) == token))
}

/// It is to be read otherwise.
pub(super) async fn read_as(hub: &Hub, actor: &str, token: &str, how: &How) -> Result<(), Error> {
    hub.update(key(actor, token), |stored| {
        let edit = match stored.and_then(read) {
            Some(waits) => Edit::Put(waits.read_as(how).content()),
            None => Edit::Keep,
        };
        Ok::<_, Error>((edit, None))
    })
    .await
}

/// It is done with.
pub(super) async fn drop(hub: &Hub, actor: &str, token: &str) -> Result<(), Error> {
    match hub.journal().entity(key(actor, token)).await {
        Ok(Some(stored)) => remove(hub, &stored).await,
        Ok(None) => Ok(()),
        Err(journal::Error::Damaged(_)) => Ok(hub.erase(key(actor, token), None).await.map(|_| ())?),
        Err(error) => Err(error.into()),
    }
}

/// Removes what nobody comes back for.
pub(crate) async fn tidy(hub: &Hub) -> Result<(), Error> {
    make_room(hub, 0).await?;
    sweep(hub).await
}

/// Removes all that waits. A hub that works alone never looks here: what is there is from when several did.
pub(crate) async fn clear(hub: &Hub) -> Result<(), Error> {
    for kind in [WAITS, PIECE] {
        let mut keys = Vec::new();
        each(hub, kind, |found| keys.push(found.map_or_else(|key| key, |stored| stored.key))).await?;
        for key in keys {
            hub.erase(key, None).await?;
        }
    }
    Ok(())
}

/// Makes room for one more of so many bytes. What cannot be read goes in any case.
async fn make_room(hub: &Hub, size: usize) -> Result<(), Error> {
    let (mut all, mut over, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
    each(hub, WAITS, |found| match found.map(|stored| (read(&stored), stored)) {
        Ok((Some(waits), stored)) if !waits.is_over(hub.now()) => all.push((waits, stored)),
        Ok((_, stored)) => over.push(stored),
        Err(key) => damaged.push(key),
    })
    .await?;
    all.sort_by_key(|(waits, _)| std::cmp::Reverse(waits.at));
    let mut room = ROOM.saturating_sub(size);
    let (mut kept, one_more) = (0, usize::from(size > 0));
    for (waits, stored) in all {
        if waits.size <= room && kept + one_more < MOST {
            room -= waits.size;
            kept += 1;
        } else {
            room = 0;
            over.push(stored);
        }
    }
    for stored in over {
        remove(hub, &stored).await?;
    }
    for key in damaged {
        hub.erase(key, None).await?;
    }
    Ok(())
}

/// Removes pieces that nothing names.
async fn sweep(hub: &Hub) -> Result<(), Error> {
    // First the pieces: what names one was written with it, and is found behind it.
    let (mut pieces, mut named) = (Vec::new(), HashSet::new());
    each(hub, PIECE, |found| pieces.push(found.map_or_else(|key| key, |stored| stored.key))).await?;
    each(hub, WAITS, |found| named.extend(found.ok().as_ref().and_then(read).map(|waits| waits.id))).await?;
    let is_named = |piece: &EntityKey| piece.key.split_once(' ').is_some_and(|(id, _)| named.contains(id));
    for piece in pieces.into_iter().filter(|piece| !is_named(piece)) {
        hub.erase(piece, None).await?;
    }
    Ok(())
}

/// Looks at all of a kind: at those that can be read, and at the keys of the others.
async fn each(hub: &Hub, kind: &str, mut look: impl FnMut(Result<Entity, EntityKey>)) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = hub.journal().entities(kind.to_owned(), after, AT_ONCE).await?;
        page.rows.into_iter().for_each(|stored| look(Ok(stored)));
        for damaged in page.damaged {
            if let Spot::Entity(kind, key) = damaged.spot {
                look(Err(EntityKey { kind, key }));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Removes a file as it was read, all of it in one commit. What somebody else has written meanwhile stays.
async fn remove(hub: &Hub, stored: &Entity) -> Result<(), Error> {
    let gone = |key, expected_rev| EntityWrite { key, expected_rev, content: None };
    let named = read(stored).map_or_else(Vec::new, |waits| {
        (0..waits.pieces).map(|n| gone(piece_key(&waits.id, n), WRITTEN_ONCE)).collect()
    });
    // Where a piece is missing what names it goes by itself, and the others are swept away.
    for mut entities in [named, Vec::new()] {
        entities.push(gone(stored.key.clone(), stored.rev));
        match hub.write(Effects { entities, ..Effects::default() }, None).await.map_err(Error::from) {
            Err(error) if error.is_conflict() => {}
            done => return done,
        }
    }
    Ok(())
}

fn content(body: Value) -> EntityContent {
    EntityContent { state: "waits".to_owned(), label: String::new(), body }
}

fn read(entity: &Entity) -> Option<Waits> {
    serde_json::from_value(entity.body.clone()).ok()
}

fn key(actor: &str, token: &str) -> EntityKey {
    EntityKey { kind: WAITS.to_owned(), key: format!("{token} {actor}") }
}

fn piece_key(id: &str, n: usize) -> EntityKey {
    EntityKey { kind: PIECE.to_owned(), key: format!("{id} {n}") }
}

/// Compresses a file; `None` = it is too large even so.
fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    for piece in bytes.chunks(BYTES) {
        // Into memory: there is nothing that could fail.
        packed.write_all(piece).ok()?;
        if packed.get_ref().len() > LARGEST {
            return None;
        }
    }
    packed.finish().ok().filter(|packed| packed.len() <= LARGEST)
}

/// The opposite; `None` = nothing was packed so.
fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(FILE).ok()? + 1;
    ZlibDecoder::new(packed).take(most).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= FILE).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::port::Catalogue;
    use engine::{ActionTable, Setup};

    use super::*;

    async fn hub(folder: &tempfile::TempDir) -> Hub {
        testhub::start(
            testhub::open(folder.path()),
            Setup::new(Catalogue::default(), ActionTable::new([]).unwrap()),
        )
        .await
    }

    /// What cannot be made smaller.
    fn noise(seed: u32) -> impl Iterator<Item = u8> {
        let mut dice = seed;
        std::iter::repeat_with(move || {
            dice = dice.wrapping_mul(1_103_515_245).wrapping_add(12345);
            let [_, _, byte, _] = dice.to_le_bytes();
            byte
        })
    }

    /// A file of several pieces that somebody sends.
    fn file(hub: &Hub, actor: &str) -> Staged {
        let bytes = Arc::new(noise(7).take(3 * BYTES + 1).collect::<Vec<u8>>());
        let (token, at, how) = (name_of(&bytes), hub.now(), How::default());
        Staged { token, actor: actor.to_owned(), at, name: None, bytes, how }
    }

    async fn keys(hub: &Hub, kind: &str) -> Vec<String> {
        let mut keys = Vec::new();
        each(hub, kind, |found| keys.push(found.unwrap().key.key)).await.unwrap();
        keys
    }

    async fn put(hub: &Hub, key: EntityKey, body: Value) {
        let entities = vec![EntityWrite { key, expected_rev: 0, content: Some(content(body)) }];
        hub.write(Effects { entities, ..Effects::default() }, None).await.unwrap();
    }

    async fn is_whole(hub: &Hub, file: &Staged) -> bool {
        let waits = find(hub, &file.actor, &file.token).await.unwrap().unwrap();
        fetch(hub, &waits, &file.token).await.unwrap().as_ref() == Some(&*file.bytes)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_is_sent_at_several_places_at_once_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(&folder).await;
        let file = file(&hub, "a");
        for _ in 0..4 {
            let sent = [0, 1, 2, 5].map(|later| {
                let at = file.at + jiff::SignedDuration::from_millis(later);
                let (hub, file) = (hub.clone(), Staged { at, ..file.clone() });
                tokio::spawn(async move { keep(&hub, &file).await })
            });
            for sent in sent {
                assert!(sent.await.unwrap().unwrap());
            }
            assert!(is_whole(&hub, &file).await);
            assert_eq!((keys(&hub, WAITS).await.len(), keys(&hub, PIECE).await.len()), (1, 4));
        }
        drop(&hub, "a", &file.token).await.unwrap();
        assert_eq!((keys(&hub, WAITS).await.len(), keys(&hub, PIECE).await.len()), (0, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_nobody_can_find_any_more_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(&folder).await;
        let (good, old, broken) = (file(&hub, "good"), file(&hub, "old"), file(&hub, "broken"));
        keep(&hub, &good).await.unwrap();
        keep(&hub, &Staged { at: hub.now() - PATIENCE, ..old }).await.unwrap();
        keep(&hub, &broken).await.unwrap();
        let torn = find(&hub, "broken", &broken.token).await.unwrap().unwrap();
        hub.erase(piece_key(&torn.id, 1), None).await.unwrap();
        for n in 0..2 * AT_ONCE {
            put(&hub, piece_key("lost", n), Value::from("AAAA")).await;
        }
        put(&hub, key("unreadable", "token"), Value::from(7)).await;

        drop(&hub, "broken", &broken.token).await.unwrap();
        assert_eq!(find(&hub, "broken", &broken.token).await.unwrap().map(|waits| waits.id), None);
        tidy(&hub).await.unwrap();
        assert_eq!(keys(&hub, WAITS).await, [key("good", &good.token).key]);
        assert_eq!(keys(&hub, PIECE).await.len(), 4);
        assert!(is_whole(&hub, &good).await, "what waits goes on waiting");

        clear(&hub).await.unwrap();
        assert_eq!((keys(&hub, WAITS).await.len(), keys(&hub, PIECE).await.len()), (0, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_somebody_else_has_written_meanwhile_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(&folder).await;
        let file = file(&hub, "a");
        keep(&hub, &file).await.unwrap();
        let before = hub.journal().entity(key("a", &file.token)).await.unwrap().unwrap();
        read_as(&hub, "a", &file.token, &How { mapping: "x".to_owned(), ..How::default() }).await.unwrap();
        remove(&hub, &before).await.unwrap();
        assert!(is_whole(&hub, &file).await);
    }

    #[test]
    fn a_file_comes_out_as_it_went_in_or_not_at_all() {
        let table = "uid;name\nalice;Alice Example\n".repeat(100_000).into_bytes();
        let packed = pack(&table).unwrap();
        assert!(packed.len() < table.len() / 20);
        assert_eq!(unpack(&packed), Some(table));
        assert_eq!(unpack(&packed[..packed.len() / 2]), None, "cut off");
        assert_eq!(unpack(b"no file"), None);
        assert_eq!(unpack(&pack(b"").unwrap()), Some(Vec::new()));
    }

    #[test]
    fn neither_what_is_kept_nor_what_it_becomes_is_larger_than_it_may_be() {
        assert_eq!(pack(&noise(7).take(LARGEST + (1 << 20)).collect::<Vec<u8>>()), None);
        let bomb = pack(&vec![0; FILE + 1]).unwrap();
        assert!(bomb.len() < LARGEST && unpack(&bomb).is_none());
    }
}
