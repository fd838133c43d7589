//! From a file to records, apart from the threads that serve everybody, and never more of them than are worked on.

use std::borrow::Cow;
use std::sync::Arc;

use http::body::Hold;
use model::text::{self, Encoding, NotText};
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::import::{self, Format, Mapping, Record, Records};

/// Records that are handed over at once, and bytes of memory that they take together, but for one that takes more.
const PORTION: usize = 512;
const WEIGHT: usize = 4 << 20;

/// A file to be imported.
#[derive(Debug)]
pub struct File {
    /// What it says.
    pub bytes: Arc<Vec<u8>>,
    /// What it is written in.
    pub format: Format,
    /// How its letters are written; without it as its mark says, or in UTF-8.
    pub encoding: Option<Encoding>,
    /// What becomes what.
    pub mapping: Mapping,
    /// The memory that was set aside for it.
    pub memory: Option<Hold>,
}

/// The records of a file, some at a time.
#[derive(Debug)]
pub struct Portions {
    /// So many records there are.
    pub of: u64,
    /// Columns of a table that become nothing, and of which nobody said so.
    pub(super) unused: Vec<String>,
    taken: mpsc::Receiver<Vec<Record>>,
}

impl Portions {
    /// Begins to read. An error says why nothing at all can be read.
    pub async fn open(file: File) -> Result<Self, Error> {
        let (begun, counted) = oneshot::channel();
        let (give, taken) = mpsc::channel(1);
        // It ends with the file, or with whoever takes its portions.
        tokio::task::spawn_blocking(move || {
            let File { bytes, format, encoding, mapping, mut memory } = file;
            let text = plain(&bytes, encoding, memory.as_mut());
            let read =
                text.as_ref().map_err(Clone::clone).and_then(|text| import::read(text, format, &mapping));
            match (read, text.as_ref()) {
                (Ok(records), Ok(text)) => {
                    let of = import::count(text, format, &mapping);
                    let _ = begun.send(Ok((of, records.unused.clone())));
                    hand_over(records, &give);
                }
                (Err(why), _) => drop(begun.send(Err(why))),
                (_, Err(why)) => drop(begun.send(Err(why.clone()))),
            }
            drop(memory);
        });
        let begun =
            counted.await.map_err(|_| Error::BadFile("it could not be read to the end".to_owned()))?;
        let (of, unused) = begun.map_err(Error::BadFile)?;
        Ok(Portions { of, unused, taken })
    }

    /// The next records; `None` = these were all.
    pub(super) async fn next(&mut self) -> Option<Vec<Record>> {
        self.taken.recv().await
    }
}

/// The file in UTF-8. What is written anew takes memory of its own.
fn plain<'f>(
    bytes: &'f [u8],
    encoding: Option<Encoding>,
    memory: Option<&mut Hold>,
) -> Result<Cow<'f, [u8]>, String> {
    let text = text::plain(bytes, encoding).map_err(|error| match error {
        NotText::Looks(looks, _) => format!("{error}, or give the encoding (--encoding {})", looks.as_str()),
        NotText::Broken(_) => error.to_string(),
    })?;
    if let (Cow::Owned(text), Some(memory)) = (&text, memory) {
        memory.grow(text.len()).map_err(|problem| problem.detail.to_string())?;
    }
    Ok(text)
}

fn hand_over(records: Records<'_>, give: &mpsc::Sender<Vec<Record>>) {
    let (mut portion, mut weight) = (Vec::new(), 0);
    for record in records {
        weight += record.identity.as_ref().map_or(0, |ready| ready.weight);
        portion.push(record);
        if portion.len() >= PORTION || weight >= WEIGHT {
            weight = 0;
            if give.blocking_send(std::mem::take(&mut portion)).is_err() {
                return;
            }
        }
    }
    let _ = give.blocking_send(portion);
}
