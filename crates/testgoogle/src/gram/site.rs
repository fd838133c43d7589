//! How a call to the referential becomes an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::account::{invalid, new, shown};
use crate::desk::{Call, Desk};
use crate::reply::Reply;
use crate::serve::{Asked, Site, View};

/// Accounts on a page.
const PAGE: usize = 50;

type Told = dyn Fn(&str, &Value) + Send + Sync;

/// What stands behind the listener.
pub(super) struct Referential {
    pub(super) desk: Desk,
    /// What the header has to be.
    basic: String,
    state: Mutex<State>,
}

/// All that it knows.
pub(super) struct State {
    pub(super) hashes: bool,
    pub(super) told: Option<Arc<Told>>,
    /// By their uuids.
    accounts: BTreeMap<String, Map<String, Value>>,
}

impl State {
    pub(super) fn add(&mut self, account: Map<String, Value>) {
        let account = new(account);
        let uuid = account["uuid"].as_str().unwrap().to_owned();
        assert!(self.accounts.insert(uuid, account).is_none(), "the uuid is taken");
    }

    pub(super) fn remove(&mut self, uuid: &str) {
        self.accounts.remove(uuid);
    }

    pub(super) fn account(&self, uuid: &str) -> Option<&Map<String, Value>> {
        self.accounts.get(uuid)
    }

    pub(super) fn account_mut(&mut self, uuid: &str) -> Option<&mut Map<String, Value>> {
        self.accounts.get_mut(uuid)
    }

    /// Saves what was sent of an account; its changes, or what is wrong with it.
    fn save(&mut self, uuid: &str, sent: &Map<String, Value>) -> Result<Value, Reply> {
        let old = self.account(uuid).cloned().ok_or_else(not_found)?;
        let mut account = old.clone();
        let ours = |name: &String| !["uuid", "url", "aliases", "groups", "roles"].contains(&name.as_str());
        for (name, value) in sent.iter().filter(|(name, _)| old.contains_key(*name) && ours(name)) {
            let blank = name == "gapps_id" && value.as_str().is_some_and(|text| text.trim().is_empty());
            account.insert(name.clone(), if blank { Value::Null } else { value.clone() });
        }
        let id = account["gapps_id"].clone();
        let mut others = self.accounts.values().filter(|other| other["uuid"] != uuid);
        let taken = !id.is_null() && others.any(|other| other["gapps_id"] == id);
        if let Some(wrong) = invalid(&account, taken) {
            return Err(Reply::json(422, &wrong));
        }
        let changed = account.iter().filter(|(name, value)| old.get(*name) != Some(*value));
        let changes = changed.map(|(name, value)| (name.clone(), json!([old[name], value]))).collect();
        *self.account_mut(uuid).ok_or_else(not_found)? = account;
        Ok(Value::Object(changes))
    }
}

impl Referential {
    pub(super) fn new((name, password): (&str, &str)) -> Referential {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")));
        let state = State { hashes: true, told: None, accounts: BTreeMap::new() };
        Referential { desk: Desk::new(), basic, state: Mutex::new(state) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, uuid: &str, asked: &Asked, view: View) -> Reply {
        let state = self.state();
        let hash = hash_wanted(asked).then_some(state.hashes && !view.hidden);
        state.account(uuid).map_or_else(not_found, |account| Reply::json(200, &shown(account, hash)))
    }

    fn list(&self, asked: &Asked, view: View) -> Reply {
        let state = self.state();
        let hash = hash_wanted(asked).then_some(state.hashes && !view.hidden);
        let exact = asked.query("exact_search") != Some("false");
        let fits = |account: &&Map<String, Value>| {
            let filters = asked.query.iter().filter(|(name, _)| account.contains_key(name));
            filters.clone().all(|(name, wanted)| {
                let found = match &account[name] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                found == *wanted || !exact && found.to_lowercase().contains(&wanted.to_lowercase())
            })
        };
        let page = asked.query("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).max(1);
        let found = state.accounts.values().filter(fits).skip((page - 1) * PAGE).take(PAGE);
        Reply::json(200, &found.map(|account| shown(account, hash)).collect())
    }

    fn update(&self, uuid: &str, asked: &Asked) -> Reply {
        let body = asked.body.get("account").unwrap_or(&asked.body);
        let Some(sent) = body.as_object() else {
            return Reply::json(400, &json!({ "error": "no document" }));
        };
        let mut state = self.state();
        let changes = match state.save(uuid, sent) {
            Ok(changes) => changes,
            Err(refused) => return refused,
        };
        let reply =
            state.account(uuid).map_or_else(not_found, |account| Reply::json(200, &shown(account, None)));
        let told = state.told.clone().filter(|_| changes != json!({}));
        drop(state);
        if let Some(told) = told {
            told(uuid, &changes);
        }
        reply
    }
}

impl Site for Referential {
    fn name(&self, asked: &Asked) -> (String, String) {
        let (method, uuid) = route(asked).unwrap_or_default();
        (method.to_owned(), uuid.to_owned())
    }

    fn serve(&self, asked: &Asked, _: &Call, view: View) -> Reply {
        if asked.header("authorization") != Some(self.basic.as_str()) {
            return Reply::empty(302).with("location", "/clients/sign_in.json");
        }
        match route(asked) {
            Some(("accounts.get", uuid)) => self.get(uuid, asked, view),
            Some(("accounts.list", _)) => self.list(asked, view),
            Some((_, uuid)) => self.update(uuid, asked),
            None => {
                self.desk.strange(format!("{} /{}: GrAM has no such call", asked.verb, asked.path.join("/")));
                Reply::json(404, &json!({ "status": 404, "error": "Not Found" }))
            }
        }
    }

    fn desk(&self) -> &Desk {
        &self.desk
    }
}

/// What is called, and about which account.
fn route(asked: &Asked) -> Option<(&'static str, &str)> {
    let path: Vec<&str> = asked.path.iter().map(|segment| segment.trim_end_matches(".json")).collect();
    match (asked.verb.as_str(), path.as_slice()) {
        ("GET", ["api", "v2", "accounts"]) => Some(("accounts.list", "")),
        ("GET", ["api", "v2", "accounts", uuid]) if !uuid.is_empty() => Some(("accounts.get", uuid)),
        ("PUT" | "PATCH", ["api", "v2", "accounts", uuid]) if !uuid.is_empty() => {
            Some(("accounts.update", uuid))
        }
        _ => None,
    }
}

fn hash_wanted(asked: &Asked) -> bool {
    asked.query("show_password_hash") == Some("true")
}

fn not_found() -> Reply {
    Reply::json(404, &json!({ "error_code": 404, "error": "Gram Account not found" }))
}
