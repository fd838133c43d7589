//! Secrets leave a body at intake and come back only for the backend that needs them.

mod name;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

pub use name::names_secret;

use crate::mask::Mask;
use crate::secret::MASK;

/// The secrets of one body: JSON pointer → string or number. Never printed; overwritten when dropped.
#[derive(Clone, Default, PartialEq)]
pub struct SecretSet {
    values: BTreeMap<String, Value>,
}

impl SecretSet {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Where they belong, as JSON pointers (RFC 6901).
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Gives the secret at a pointer anew, for a replay whose own secrets are no longer kept. Strings and numbers
    /// count, also those inside an array or object; nulls, booleans and empty strings are no secrets.
    pub fn set(&mut self, pointer: &str, mut value: Value) {
        self.take_leaves(&mut value, &mut pointer.to_owned());
    }

    /// Compact JSON, `{"/payload/newPassword":"…"}`, to be sealed.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Room for the worst escaping, so that no half-written copy is left behind by a growing buffer.
        let room: usize =
            self.values.iter().map(|(pointer, value)| 6 * (pointer.len() + size(value)) + 6).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(room + 2));
        // Text and numbers written to memory: there is nothing that could fail.
        let _ = serde_json::to_writer(&mut *bytes, &self.values);
        bytes
    }

    /// Reads what [`SecretSet::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadSecrets> {
        let values = serde_json::from_slice(bytes).map_err(|_| BadSecrets)?;
        Ok(SecretSet { values })
    }

    /// The secrets as text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Zeroizing<String>> {
        self.values.values().filter_map(|value| match value {
            Value::String(text) => Some(Zeroizing::new(text.clone())),
            Value::Number(number) => Some(Zeroizing::new(number.to_string())),
            _ => None,
        })
    }

    /// How many bytes of secrets there are.
    pub(crate) fn size(&self) -> usize {
        self.values.values().map(size).sum()
    }

    /// Moves every secret in `value`, which is at `path`, into the set.
    fn take_leaves(&mut self, value: &mut Value, path: &mut String) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::String(text) if text.is_empty() || text == MASK => {}
            Value::String(_) | Value::Number(_) => {
                let secret = std::mem::replace(value, Value::from(MASK));
                self.values.insert(path.clone(), secret);
            }
            Value::Array(_) | Value::Object(_) => {
                each_child(value, path, &mut |_, child, path| self.take_leaves(child, path));
            }
        }
    }
}

impl Drop for SecretSet {
    fn drop(&mut self) {
        for value in self.values.values_mut() {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

impl fmt::Debug for SecretSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// The bytes of a job's secrets are not what [`SecretSet::to_bytes`] writes. The message shows none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job's sealed secrets cannot be read: give them again with --set, or restore a backup")]
pub struct BadSecrets;

/// Moves the secrets out of a body and leaves [`MASK`] in their place. Secret are strings and numbers
/// - at `pointers` (JSON pointers in which `*` stands for any member or element), and everything below them;
/// - under a key whose name says so (`password`, `new_password`, `apiKey`, …), and everything below it;
/// - anywhere else, when one of the secrets so found is in them.
///
/// A place that holds [`MASK`] already is left alone, see [`masked_pointers`].
pub fn take_secrets(body: &mut Value, pointers: &[String]) -> SecretSet {
    let mut set = SecretSet::default();
    for pointer in pointers {
        take_at(body, inner(pointer), &mut String::new(), &mut set);
    }
    take_named(body, &mut String::new(), &mut set);
    if !set.is_empty() {
        let mask = Mask::new(&set);
        take_repeated(body, &mask, &mut String::new(), &mut set);
    }
    set
}

/// Puts secrets back where [`MASK`] stands for them. A place that was edited in the meantime keeps its new value.
pub fn put_back(body: &mut Value, secrets: &SecretSet) {
    for (pointer, secret) in &secrets.values {
        if let Some(place) = body.pointer_mut(pointer)
            && place == MASK
        {
            place.clone_from(secret);
        }
    }
}

/// Where a body holds [`MASK`] instead of a secret: the places for which a replay needs a value.
pub fn masked_pointers(body: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &mut String, found: &mut Vec<String>) {
        let mut step = |key: &str, child: &Value| {
            let length = path.len();
            push_segment(path, key);
            walk(child, path, found);
            path.truncate(length);
        };
        match value {
            Value::String(text) if text == MASK => found.push(path.clone()),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| step(&index.to_string(), item));
            }
            Value::Object(members) => members.iter().for_each(|(key, member)| step(key, member)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(body, &mut String::new(), &mut found);
    found
}

/// Takes what a pointer names; `None` = all that is here.
fn take_at(value: &mut Value, pointer: Option<&str>, path: &mut String, set: &mut SecretSet) {
    let Some(pointer) = pointer else { return set.take_leaves(value, path) };
    let (segment, rest) =
        pointer.split_once('/').map_or((pointer, None), |(segment, rest)| (segment, Some(rest)));
    if segment == "*" {
        return each_child(value, path, &mut |_, child, path| take_at(child, rest, path, set));
    }
    let key = unescaped(segment);
    let child = match value {
        Value::Object(members) => members.get_mut(&*key),
        Value::Array(items) => {
            // `01` is no index: what is taken there could not be put back.
            let index = key.parse::<usize>().ok().filter(|index| index.to_string() == *key);
            index.and_then(|index| items.get_mut(index))
        }
        _ => None,
    };
    if let Some(child) = child {
        let length = path.len();
        push_segment(path, &key);
        take_at(child, rest, path, set);
        path.truncate(length);
    }
}

/// Takes what stands under a key whose name says that it is secret.
fn take_named(value: &mut Value, path: &mut String, set: &mut SecretSet) {
    each_child(value, path, &mut |key, child, path| {
        if names_secret(key) {
            set.take_leaves(child, path);
        } else {
            take_named(child, path, set);
        }
    });
}

/// Takes what repeats a known secret under a harmless name.
fn take_repeated(value: &mut Value, mask: &Mask, path: &mut String, set: &mut SecretSet) {
    let repeats = match value {
        Value::String(text) => mask.finds(text),
        Value::Number(number) => mask.finds(&number.to_string()),
        _ => false,
    };
    if repeats {
        set.take_leaves(value, path);
    } else {
        each_child(value, path, &mut |_, child, path| take_repeated(child, mask, path, set));
    }
}

/// Calls `visit` with the key, the value and the pointer of each member or element.
fn each_child(value: &mut Value, path: &mut String, visit: &mut dyn FnMut(&str, &mut Value, &mut String)) {
    let mut step = |key: &str, child: &mut Value| {
        let length = path.len();
        push_segment(path, key);
        visit(key, child, path);
        path.truncate(length);
    };
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                step(&index.to_string(), item);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                step(key, member);
            }
        }
        _ => {}
    }
}

/// A JSON pointer without its first slash; `None` = it names the whole. One written without that slash is understood
/// all the same: to mask too little would be worse.
fn inner(pointer: &str) -> Option<&str> {
    (!pointer.is_empty()).then(|| pointer.strip_prefix('/').unwrap_or(pointer))
}

fn unescaped(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') { segment.replace("~1", "/").replace("~0", "~").into() } else { segment.into() }
}

pub(crate) fn push_segment(path: &mut String, key: &str) {
    path.push('/');
    if !key.contains(['~', '/']) {
        return path.push_str(key);
    }
    for c in key.chars() {
        match c {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            _ => path.push(c),
        }
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Number(number) => number.to_string().len(),
        // Nothing else is a secret.
        _ => 5,
    }
}
