//! How far sealing anew has come after a change of key. All tables are gone through until nothing was found that had to be
//! sealed anew: what was on its way to the writer when the key was changed may lie behind the cursor.

use serde_json::json;

use crate::api::Renewal;

/// So many rows are looked at in one go, and about so many bytes.
pub(crate) const ROWS: i64 = 256;
pub(crate) const BYTES: usize = 1 << 20;

/// Where the next step begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// So many rounds were made before.
    pub(crate) round: u32,
    /// The place of the table; that after the last one stands for entities.
    pub(crate) table: usize,
    /// After this row.
    pub(crate) after: i64,
    /// After this entity.
    pub(crate) entity: (String, String),
    /// Something was sealed anew since the first table.
    pub(crate) renewed: bool,
}

impl Cursor {
    /// From its text. What cannot be read begins anew: that costs time only.
    pub(crate) fn read(text: Option<Vec<u8>>) -> Self {
        let read = text.and_then(|text| serde_json::from_slice(&text).ok());
        let (round, table, after, entity, renewed) = read.unwrap_or_default();
        Cursor { round, table, after, entity, renewed }
    }

    pub(crate) fn text(&self) -> Vec<u8> {
        json!([self.round, self.table, self.after, self.entity, self.renewed]).to_string().into_bytes()
    }

    /// How much lies behind it of so many tables, when so many hundredths of the one it is in do.
    pub(crate) fn renewal(&self, done: i64, tables: usize) -> Renewal {
        let tables = i64::try_from(tables + 1).unwrap_or(i64::MAX);
        let before = i64::try_from(self.table).unwrap_or(i64::MAX);
        let percent = u8::try_from((100 * before + done.clamp(0, 100)) / tables).unwrap_or(100);
        Renewal::Under { percent, again: self.round > 0 }
    }

    /// Hundredths of a table whose last number is this, where so many of the cursor's numbers make one of it.
    pub(crate) fn hundredths(&self, of_each: i64, last: i64) -> i64 {
        (100 * (self.after / of_each) / last.max(1)).clamp(0, 100)
    }

    /// Where it goes on behind a step that found something or not, and came to the end of the last table or not; `None` = all
    /// is done.
    pub(crate) fn behind(mut self, found: bool, ends: bool) -> Option<Self> {
        self.renewed |= found;
        match (ends, self.renewed) {
            (false, _) => Some(self),
            (true, true) => Some(Cursor { round: self.round + 1, ..Cursor::default() }),
            (true, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_its_text_and_begins_anew_without_one() {
        let cursor = Cursor { round: 1, table: 3, after: 9, entity: ("a".into(), "b".into()), renewed: true };
        assert_eq!(Cursor::read(Some(cursor.text())), cursor);
        assert_eq!(Cursor::read(None), Cursor::default());
        assert_eq!(Cursor::read(Some(b"[".to_vec())), Cursor::default());
    }

    #[test]
    fn rounds_are_made_until_nothing_is_found() {
        let last = || Cursor { table: 7, ..Cursor::default() };
        assert_eq!(last().behind(true, false).map(|cursor| cursor.renewed), Some(true));
        assert_eq!(last().behind(true, true), Some(Cursor { round: 1, ..Cursor::default() }));
        assert_eq!(last().behind(false, true), None);
    }
}
