//! Cookies that keep how somebody likes to look at pages. Nothing depends on them.

use axum::http::{HeaderMap, HeaderValue, header};

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let given = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    given
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(given, value)| (given == name).then_some(value))
}

/// Keeps a word for a year.
pub(super) fn keep(name: &'static str, word: &'static str) -> HeaderValue {
    let cookie = format!("{name}={word}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
    HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}
