//! The caller's own id of a request.

use axum::http::HeaderMap;

use crate::problem::Problem;

/// The header `Idempotency-Key`, bare or in quotes.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const RULE: &str = "the header Idempotency-Key must be one text of 1 to 512 visible ASCII characters";
    let mut given = headers.get_all("idempotency-key").iter();
    let Some(value) = given.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if text.is_empty() || text.len() > 512 || given.next().is_some() {
        return Err(Problem::bad_request(RULE));
    }
    Ok(Some(text.to_owned()))
}
