//! An account of the directory, as it is and as it was before its last write.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::settling::Settling;

/// The domain of addresses that every account has beside its own, and nobody can edit.
const TEST_DOMAIN: &str = "test-google-a.com";

/// An account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) now: Version,
    /// `None` = it was not there.
    pub(super) before: Option<Version>,
    /// What of it has still to settle, in calls.
    pub(super) left: Settling,
}

/// What an account is between two writes.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) number: u64,
    /// What may be written, but for the password.
    pub(super) user: Map<String, Value>,
    pub(super) password: Option<String>,
    pub(super) hash_function: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) created: Timestamp,
    pub(super) deleted: Option<Timestamp>,
}

impl Account {
    pub(super) fn new(id: String, created: Timestamp, settling: Settling) -> Account {
        let (user, aliases) = (Map::new(), Vec::new());
        let now =
            Version { number: 0, user, password: None, hash_function: None, aliases, created, deleted: None };
        Account { id, now, before: None, left: settling.of_a_new_one() }
    }

    /// Writes to it.
    pub(super) fn write(&mut self, settling: Settling, change: impl FnOnce(&mut Version)) {
        if self.now.number > 0 {
            self.before = Some(self.now.clone());
        }
        self.now.number += 1;
        self.left.stale_reads = settling.stale_reads;
        change(&mut self.now);
    }

    /// It, or what it was.
    pub(super) fn seen(&self, stale: bool) -> Option<&Version> {
        let version = if stale { self.before.as_ref() } else { Some(&self.now) };
        version.filter(|version| version.deleted.is_none())
    }
}

impl Version {
    /// Its primary address.
    pub(super) fn primary(&self) -> &str {
        self.user.get("primaryEmail").and_then(Value::as_str).unwrap_or_default()
    }

    /// Addresses that come with it.
    pub(super) fn not_editable(&self) -> Vec<String> {
        vec![format!("{}.{TEST_DOMAIN}", self.primary())]
    }

    /// Every address under which it is found, in small letters.
    pub(super) fn addresses(&self) -> Vec<String> {
        let own = std::iter::once(self.primary().to_owned());
        own.chain(self.aliases.clone())
            .chain(self.not_editable())
            .map(|address| address.to_lowercase())
            .collect()
    }

    /// Takes what a client sent: what is absent stays, null clears, lists are taken whole.
    pub(super) fn take(&mut self, sent: &Map<String, Value>) {
        for (name, value) in sent {
            match (name.as_str(), value) {
                ("id", _) => {}
                ("password", value) => self.password = value.as_str().map(str::to_owned),
                ("hashFunction", value) => self.hash_function = value.as_str().map(str::to_owned),
                (_, Value::Null) => {
                    self.user.remove(name);
                }
                ("name", Value::Object(parts)) => {
                    let name = self.user.entry("name").or_insert_with(|| json!({}));
                    name.as_object_mut().unwrap().extend(parts.clone());
                }
                (_, value) => {
                    self.user.insert(name.clone(), value.clone());
                }
            }
        }
    }

    /// Moves it to another primary address: the old one becomes an alias.
    pub(super) fn rename(&mut self, old: &str) {
        let new = self.primary().to_lowercase();
        self.aliases.retain(|alias| alias.to_lowercase() != new);
        if !old.is_empty() && old.to_lowercase() != new {
            self.aliases.push(old.to_owned());
        }
    }

    /// It, as it is answered.
    pub(super) fn resource(&self, id: &str, customer: &str) -> Value {
        let mut user = self.user.clone();
        if let Some(Value::Object(name)) = user.get_mut("name") {
            let part = |part: &str| name.get(part).and_then(Value::as_str).unwrap_or_default();
            let full = format!("{} {}", part("givenName"), part("familyName"));
            name.insert("fullName".to_owned(), full.into());
        }
        let entry = |address: String| {
            let mut entry = json!({ "address": address });
            if address == self.primary().to_lowercase() {
                entry["primary"] = json!(true);
            }
            entry
        };
        let emails = self.addresses().into_iter().map(entry);
        let mut put = |name: &str, value: Value| user.insert(name.to_owned(), value);
        put("emails", emails.collect());
        put("kind", json!("admin#directory#user"));
        put("id", json!(id));
        put("etag", json!(format!("\"{id}/{}\"", self.number)));
        put("customerId", json!(customer));
        put("creationTime", json!(self.created.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()));
        put("lastLoginTime", json!("1970-01-01T00:00:00.000Z"));
        put("nonEditableAliases", json!(self.not_editable()));
        for no in [
            "isAdmin",
            "isDelegatedAdmin",
            "agreedToTerms",
            "isMailboxSetup",
            "isEnrolledIn2Sv",
            "isEnforcedIn2Sv",
        ] {
            put(no, json!(false));
        }
        if !self.aliases.is_empty() {
            put("aliases", json!(self.aliases));
        }
        if let Some(deleted) = self.deleted {
            put("deletionTime", json!(deleted.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()));
        }
        for no in ["suspended", "archived", "changePasswordAtNextLogin"] {
            user.entry(no).or_insert(json!(false));
        }
        user.entry("orgUnitPath").or_insert(json!("/"));
        if user["suspended"] == true {
            user.insert("suspensionReason".to_owned(), json!("ADMIN"));
        }
        Value::Object(user)
    }
}
