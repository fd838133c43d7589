//! What a double answers.

use serde_json::{Value, json};

/// An answer over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body; empty = none.
    pub body: Vec<u8>,
}

impl Reply {
    /// A status without a body.
    pub fn empty(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A document.
    pub fn json(status: u16, body: &Value) -> Reply {
        let body = body.to_string().into_bytes();
        Reply { body, ..Reply::empty(status) }.with("content-type", "application/json; charset=UTF-8")
    }

    /// The page of a gateway before the service.
    pub fn html(status: u16) -> Reply {
        let body = format!(
            "<!DOCTYPE html>\n<html lang=en><title>Error {status}</title><p>Try again in 30 seconds."
        );
        Reply { body: body.into_bytes(), ..Reply::empty(status) }
            .with("content-type", "text/html; charset=UTF-8")
    }

    /// An error as Google writes it.
    pub fn error(status: u16, reason: &str, message: &str) -> Reply {
        let limits = reason.contains("imitExceeded") || reason == "quotaExceeded";
        let domain = if limits && status != 400 { "usageLimits" } else { "global" };
        let one = json!({ "domain": domain, "reason": reason, "message": message });
        let error = json!({ "code": status, "message": message, "errors": [one] });
        Reply::json(status, &json!({ "error": error }))
    }

    /// The same with a header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The body as a document; null = it is none.
    pub fn document(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
