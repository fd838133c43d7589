//! Files that wait in the journal, sealed as all that lies there, so that each hub finds them: one entity says what waits, and names
//! the others that hold it, compressed and in pieces.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::{Edit, Hub};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
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
/// More do not wait, even when several hubs take files at the same moment.
const ROWS: usize = 1000;

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

/// Keeps a file where each hub finds it. `false` = it is too large for that.
pub(super) async fn keep(hub: &Hub, staged: &Staged) -> Result<bool, Error> {
    let bytes = std::sync::Arc::clone(&staged.bytes);
    let Some(packed) =
        tokio::task::spawn_blocking(move || pack(&bytes)).await.map_err(|_| engine::Error::Stopping)?
    else {
        return Ok(false);
    };
    drop(hub, &staged.actor, &staged.token).await?;
    make_room(hub, packed.len()).await?;
    let waits = Waits {
        id: name_of(format!("{} {} {}", staged.actor, staged.token, staged.at).as_bytes()),
        pieces: packed.chunks(BYTES).len(),
        size: packed.len(),
        actor: staged.actor.clone(),
        token: staged.token.clone(),
        at: staged.at,
        name: staged.name.clone(),
        format: None,
        encoding: None,
        mapping: String::new(),
    };
    // First what names the pieces, so that none is left behind by a hub that is lost.
    let waits = waits.read_as(&staged.how);
    write(hub, key(&staged.actor, &staged.token), waits.content()).await?;
    for (n, piece) in packed.chunks(BYTES).enumerate() {
        write(hub, piece_key(&waits.id, n), content(Value::from(BASE64_STANDARD.encode(piece)))).await?;
    }
    Ok(true)
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
    let found = hub.journal().entity(key(actor, token)).await?;
    match found.as_ref().and_then(read) {
        Some(waits) => remove(hub, &waits).await,
        None if found.is_some() => Ok(hub.erase(key(actor, token), None).await.map(|_| ())?),
        None => Ok(()),
    }
}

/// Removes what nobody comes back for.
pub(crate) async fn tidy(hub: &Hub) -> Result<(), Error> {
    make_room(hub, 0).await
}

/// Makes room for one more of so many bytes.
async fn make_room(hub: &Hub, size: usize) -> Result<(), Error> {
    let all = hub.journal().entities(WAITS.to_owned(), None, ROWS).await?;
    let (over, mut all): (Vec<_>, Vec<_>) =
        all.rows.iter().filter_map(read).partition(|waits| waits.is_over(hub.now()));
    all.sort_by_key(|waits| std::cmp::Reverse(waits.at));
    let mut room = ROOM.saturating_sub(size);
    let (mut kept, one_more) = (0, usize::from(size > 0));
    let excess = all.into_iter().filter(|waits| {
        let fits = waits.size <= room && kept + one_more < MOST;
        if fits {
            room -= waits.size;
            kept += 1;
        } else {
            room = 0;
        }
        !fits
    });
    for waits in over.into_iter().chain(excess.collect::<Vec<_>>()) {
        remove(hub, &waits).await?;
    }
    Ok(())
}

/// Removes a file: its pieces first, so that what names them goes last.
async fn remove(hub: &Hub, waits: &Waits) -> Result<(), Error> {
    for n in 0..waits.pieces {
        hub.erase(piece_key(&waits.id, n), None).await?;
    }
    hub.erase(key(&waits.actor, &waits.token), None).await?;
    Ok(())
}

async fn write(hub: &Hub, key: EntityKey, content: EntityContent) -> Result<(), Error> {
    let entities = vec![EntityWrite { key, expected_rev: 0, content: Some(content) }];
    Ok(hub.write(Effects { entities, ..Effects::default() }, None).await?)
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
    use super::*;

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
        let mut dice = 7_u32;
        let noise = std::iter::repeat_with(|| {
            dice = dice.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (dice >> 16) as u8
        });
        assert_eq!(pack(&noise.take(LARGEST + (1 << 20)).collect::<Vec<u8>>()), None);
        let bomb = pack(&vec![0; FILE + 1]).unwrap();
        assert!(bomb.len() < LARGEST && unpack(&bomb).is_none());
    }
}
