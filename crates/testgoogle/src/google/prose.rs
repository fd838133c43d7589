//! What the description says in words only.

use serde_json::Value;

use crate::reply::Reply;

/// Characters of a given or a family name.
const NAME: usize = 60;
/// Bytes of each list.
const SIZES: &[(&str, usize)] = &[
    ("addresses", 10 << 10),
    ("emails", 10 << 10),
    ("externalIds", 2 << 10),
    ("phones", 1 << 10),
    ("organizations", 10 << 10),
    ("relations", 2 << 10),
    ("websites", 2 << 10),
];

/// What no client may send, whatever the account holds: a password that is not in the form that it says.
pub(super) fn strange(body: &Value) -> Option<String> {
    let password = body["password"].as_str().unwrap_or_default();
    match &body["hashFunction"] {
        Value::Null => None,
        Value::String(function) if function == "crypt" => None,
        Value::String(function) if function == "SHA-1" || function == "MD5" => {
            let digits = if function == "MD5" { 32 } else { 40 };
            let is_hash = password.len() == digits && password.bytes().all(|byte| byte.is_ascii_hexdigit());
            (!is_hash).then(|| format!("the password is no {function} in hexadecimal digits"))
        }
        other => Some(format!("{other} is no hashFunction")),
    }
}

/// What is refused for its content.
pub(super) fn refused(body: &Value) -> Option<Reply> {
    let invalid = |what: &str| Some(Reply::error(400, "invalid", &format!("Invalid Input: {what}")));
    for part in ["givenName", "familyName"] {
        let name = body["name"][part].as_str();
        if name.is_some_and(|name| name.chars().count() > NAME || name.contains(['<', '>'])) {
            return invalid(part);
        }
    }
    let address = body["primaryEmail"].as_str();
    if address.is_some_and(|address| address.split('@').filter(|part| !part.is_empty()).count() != 2) {
        return invalid("primary_user_email");
    }
    SIZES
        .iter()
        .find(|(field, most)| body[*field].to_string().len() > *most)
        .and_then(|(field, _)| invalid(field))
}
