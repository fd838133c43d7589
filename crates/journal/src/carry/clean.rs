//! Text that PostgreSQL cannot keep: U+0000 becomes U+FFFD on the way there, as it does in what is written there. What is
//! sealed and bound to such a text is sealed anew.

use jiff::Timestamp;
use model::{Code, EntityKey, JobId};

use super::cell::{Cell, Row};
use super::table::Table;
use crate::aad::{Aad, Ending};
use crate::code::Coded;
use crate::error::Error;
use crate::seal::Seal;

/// Texts that say something, and are not what anything is called.
const SAYING: [&str; 2] = ["message", "label"];

/// Cleans a row; fails when it is called by such a text.
pub(super) fn clean(table: &Table, row: &mut Row, seal: &Seal) -> Result<(), Error> {
    let is_odd = |cell: &Cell| matches!(cell, Cell::Text(text) if text.contains('\0'));
    if !row.iter().any(is_odd) {
        return Ok(());
    }
    let was = aad(table, row);
    for ((name, _), cell) in table.columns.iter().zip(row.iter_mut()) {
        let Cell::Text(text) = cell else { continue };
        if text.contains('\0') {
            if !SAYING.contains(name) {
                return Err(Error::Uncarried(format!(
                    "in {}, {name} {text:?} has a character U+0000 in it, which PostgreSQL cannot keep",
                    table.name
                )));
            }
            *text = text.replace('\0', "\u{fffd}");
        }
    }
    let is = aad(table, row);
    let (Some(was), Some(is)) = (was, is) else { return Ok(()) };
    let sealed = table.columns.iter().zip(row.iter_mut()).find(|((name, _), _)| *name == "sealed");
    if let Some((_, Cell::Bytes(sealed))) = sealed {
        let plain = seal.open(&was, sealed.clone(), table.name)?;
        *sealed = seal.seal(&is, &plain)?;
    }
    Ok(())
}

/// What the sealed value of a row is bound to, where that is more than ids.
fn aad(table: &Table, row: &Row) -> Option<Aad> {
    let cell = |wanted: &str| {
        let found = table.columns.iter().zip(row).find(|((name, _), _)| *name == wanted);
        found.map(|(_, cell)| cell)
    };
    let text = |name: &str| match cell(name) {
        Some(Cell::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let number = |name: &str| match cell(name) {
        Some(Cell::Int(number)) => Some(*number),
        _ => None,
    };
    let time = |name: &str| number(name).and_then(|at| Timestamp::from_millisecond(at).ok());
    let code = text("code").map(|code| Code(code.to_owned().into()));
    match table.name {
        "attempt" => {
            let Some(Cell::Id(job)) = cell("job") else { return None };
            let end = Ending {
                at: time("ended_at"),
                kind: number("kind").and_then(Coded::of_code),
                status: number("status")?.try_into().ok()?,
                code: code.as_ref(),
                message: text("message"),
            };
            let (step, attempt) = (number("step")?.try_into().ok()?, number("number")?.try_into().ok()?);
            Some(Aad::output(JobId(*job), step, attempt, end))
        }
        "record" => {
            let kind = Coded::of_code(number("kind")?)?;
            Some(Aad::record(kind, time("at")?, text("who")?, text("what"), code.as_ref()?, text("message")?))
        }
        "entity" => {
            let key = EntityKey { kind: text("kind")?.to_owned(), key: text("key")?.to_owned() };
            Some(Aad::entity(&key, number("rev")?.unsigned_abs(), text("state")?, text("label")?))
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]
mod tests {
    use uuid::Uuid;

    use super::super::TABLES;
    use super::*;
    use crate::key::Key;
    use crate::seal::{Cipher, Format};

    fn table(name: &str) -> &'static Table {
        TABLES.iter().find(|table| table.name == name).unwrap()
    }

    fn entity(key: &str, label: &str, seal: &Seal) -> Row {
        let named = EntityKey { kind: "identity".to_owned(), key: key.to_owned() };
        let sealed = seal.seal(&Aad::entity(&named, 1, "new", label), b"body").unwrap();
        let text = |text: &str| Cell::Text(text.to_owned());
        vec![text("identity"), text(key), Cell::Int(1), text("new"), text(label), Cell::Bytes(sealed)]
    }

    #[test]
    fn what_is_bound_to_a_text_opens_with_the_clean_one() {
        let cipher = Cipher::new(&Key::from_bytes([7; 32]), Uuid::nil(), Format::Row).unwrap();
        let seal = Seal::new(cipher, None);
        let mut row = entity("1", "Al\0ice", &seal);
        clean(table("entity"), &mut row, &seal).unwrap();
        assert_eq!(row[4], Cell::Text("Al\u{fffd}ice".to_owned()));
        let Cell::Bytes(sealed) = row[5].clone() else { panic!("it is sealed") };
        let plain = seal.open(&aad(table("entity"), &row).unwrap(), sealed, "it").unwrap();
        assert_eq!(plain, b"body");

        let mut sound = entity("1", "Alice", &seal);
        let before = sound.clone();
        clean(table("entity"), &mut sound, &seal).unwrap();
        assert_eq!(sound, before);
        let refused = clean(table("entity"), &mut entity("1\0", "Alice", &seal), &seal);
        assert!(matches!(refused, Err(Error::Uncarried(_))), "{refused:?}");
    }
}
