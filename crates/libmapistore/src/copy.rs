//! Copies that may fail: a host that has no memory left is told so, or is not notified, but never ended.

use std::ffi::CString;

/// A C string of these bytes; `None` = there is no memory, or a U+0000 among them.
pub(crate) fn c_string(bytes: &[u8]) -> Option<CString> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len() + 1).ok()?;
    copy.extend_from_slice(bytes);
    copy.push(0);
    CString::from_vec_with_nul(copy).ok()
}

/// The same text; `None` = there is no memory.
pub(crate) fn text(text: &str) -> Option<Box<str>> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).ok()?;
    copy.push_str(text);
    Some(copy.into_boxed_str())
}
