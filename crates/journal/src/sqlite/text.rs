//! `holds(text, column, …)`: whether a text is part of one of the columns, and `names(text, label)`: whether it is a whole
//! part of a name. Neither sees case or accents, in any language; the text comes folded ([`folded`]).

use model::composed::folded;
use model::name::parts;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};
use uuid::Uuid;

/// Teaches a connection the functions.
pub(super) fn teach(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("holds", -1, flags, holds)?;
    conn.create_scalar_function("names", 2, flags, names)
}

/// Ids, which are bytes, are compared as they are written.
fn holds(call: &Context<'_>) -> Result<bool> {
    let text = sought(call)?;
    let mut written = [0; uuid::fmt::Hyphenated::LENGTH];
    Ok((1..call.len()).any(|column| match call.get_raw(column) {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).is_ok_and(|column| contains(column, text)),
        ValueRef::Blob(bytes) => {
            Uuid::from_slice(bytes).is_ok_and(|id| contains(id.hyphenated().encode_lower(&mut written), text))
        }
        _ => false,
    }))
}

fn names(call: &Context<'_>) -> Result<bool> {
    let text = sought(call)?;
    Ok(call.get_raw(1).as_str().is_ok_and(|label| parts(label).any(|part| is(part, text))))
}

fn sought<'c>(call: &'c Context<'_>) -> Result<&'c str> {
    call.get_raw(0).as_str().map_err(|e| Error::UserFunctionError(Box::new(e)))
}

/// Whether a text holds another one, which is folded.
fn contains(text: &str, sought: &str) -> bool {
    if !text.is_ascii() {
        return folded(text).contains(sought);
    }
    let Some(first) = sought.bytes().next() else { return true };
    // Most places are told apart by their first letter.
    text.as_bytes().windows(sought.len()).any(|part| {
        part.first().is_some_and(|byte| byte.eq_ignore_ascii_case(&first))
            && part.eq_ignore_ascii_case(sought.as_bytes())
    })
}

/// Whether a text is another one, which is folded.
fn is(text: &str, sought: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(sought) } else { folded(text) == sought }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_case_nor_accents_matter_in_any_language() {
        for (text, sought, expected) in [
            ("identity:66C2", "66c2", true),
            ("Échec: l'élève a été refusé", "Échec", true),
            ("ÉLÈVE", "eleve", true),
            ("E\u{301}LE\u{300}VE", "élève", true),
            ("IDENTITY_UPDATE", "update", true),
            ("update", "updates", false),
            ("eleve", "élève", true),
            ("MÜLLER Anna · amuller", "muller", true),
            ("", "a", false),
            ("abc", "", true),
        ] {
            assert_eq!(contains(text, &folded(sought)), expected, "{sought:?} in {text:?}");
        }
    }

    #[test]
    fn a_whole_part_is_asked_for() {
        let named = |text: &str| parts("MÜLLER Anna · amuller · 7").any(|part| is(part, &folded(text)));
        assert!(named("AMULLER") && named("muller anna") && named("7"));
        assert!(!named("muller") && !named("amuller · 7"));
    }
}
