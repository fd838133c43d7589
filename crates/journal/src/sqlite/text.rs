//! `holds(text, column, …)`: whether a text is part of one of the columns, and `names(text, label)`: whether it is a whole
//! part of a name, see [`crate::text`].

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};
use uuid::Uuid;

use crate::text;

/// Teaches a connection the functions.
pub(super) fn teach(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("holds", -1, flags, holds)?;
    conn.create_scalar_function("names", 2, flags, names)
}

/// Ids, which are bytes, are compared as they are written.
fn holds(call: &Context<'_>) -> Result<bool> {
    let sought = sought(call)?;
    let mut written = [0; uuid::fmt::Hyphenated::LENGTH];
    Ok((1..call.len()).any(|column| match call.get_raw(column) {
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).is_ok_and(|column| text::contains(column, sought))
        }
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes)
            .is_ok_and(|id| text::contains(id.hyphenated().encode_lower(&mut written), sought)),
        _ => false,
    }))
}

fn names(call: &Context<'_>) -> Result<bool> {
    let sought = sought(call)?;
    Ok(call.get_raw(1).as_str().is_ok_and(|label| text::names(label, sought)))
}

fn sought<'c>(call: &'c Context<'_>) -> Result<&'c str> {
    call.get_raw(0).as_str().map_err(|e| Error::UserFunctionError(Box::new(e)))
}
