//! `holds(text, column, …)`: whether a text is part of one of the columns, whatever the case of its letters. Unlike
//! SQLite's own `LIKE` it knows the letters of every language.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};
use uuid::Uuid;

/// Teaches a connection the function.
pub(super) fn teach(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("holds", -1, flags, holds)
}

/// The text comes in lower case. Ids, which are bytes, are compared as they are written.
fn holds(call: &Context<'_>) -> Result<bool> {
    let text = call.get_raw(0).as_str().map_err(|e| Error::UserFunctionError(Box::new(e)))?;
    let mut written = [0; uuid::fmt::Hyphenated::LENGTH];
    Ok((1..call.len()).any(|column| match call.get_raw(column) {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).is_ok_and(|column| contains(column, text)),
        ValueRef::Blob(bytes) => {
            Uuid::from_slice(bytes).is_ok_and(|id| contains(id.hyphenated().encode_lower(&mut written), text))
        }
        _ => false,
    }))
}

/// Whether a text holds another one, which is in lower case.
fn contains(text: &str, lower: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(lower);
    }
    lower.is_empty()
        || text.as_bytes().windows(lower.len()).any(|part| part.eq_ignore_ascii_case(lower.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn case_does_not_matter_in_any_language() {
        for (text, lower, expected) in [
            ("identity:66C2", "66c2", true),
            ("Échec: l'élève a été refusé", "échec", true),
            ("ÉLÈVE", "élève", true),
            ("IDENTITY_UPDATE", "update", true),
            ("update", "updates", false),
            ("", "a", false),
            ("abc", "", true),
        ] {
            assert_eq!(contains(text, lower), expected, "{lower:?} in {text:?}");
        }
    }
}
