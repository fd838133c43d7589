//! The accounts of a customer, and the rules that hold among them.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::account::{Account, Version};
use super::settling::{Settling, count};
use crate::reply::Reply;

/// The number of the first account.
const FIRST: u128 = 100_000_000_000_000_000_001;
/// Of one account.
const ALIASES: usize = 30;
/// A deleted account can be had back for so long.
const DELETED: SignedDuration = SignedDuration::from_hours(20 * 24);

/// The accounts.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) customer: String,
    pub(super) domains: Vec<String>,
    pub(super) settling: Settling,
    accounts: BTreeMap<String, Account>,
    /// Who has an address, in small letters.
    addresses: HashMap<String, String>,
    /// Addresses that were given up, and for how many calls they are still taken.
    freed: HashMap<String, usize>,
}

/// What a caller gets, or the answer that refuses it.
pub(super) type Done<T> = Result<T, Reply>;

impl Directory {
    pub(super) fn new() -> Directory {
        Directory {
            customer: "C01double".to_owned(),
            domains: vec!["gadz.org".to_owned(), "gadzarts.org".to_owned()],
            settling: Settling::default(),
            accounts: BTreeMap::new(),
            addresses: HashMap::new(),
            freed: HashMap::new(),
        }
    }

    /// All, the deleted ones too.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// Who is meant by an id or an address, alive.
    pub(super) fn find(&self, key: &str) -> Option<&Account> {
        let id = self.addresses.get(&key.to_lowercase()).map_or(key, String::as_str);
        self.accounts.get(id).filter(|account| account.now.deleted.is_none())
    }

    /// One that is to be read, as it is seen at this moment.
    pub(super) fn read(&mut self, key: &str, stale: bool) -> Done<Value> {
        let customer = self.customer.clone();
        let by_id = self.accounts.contains_key(key);
        if by_id && self.find_mut(key).is_some_and(|account| count(&mut account.left.invisible_by_id)) {
            return Err(nobody());
        }
        let stale = stale || self.find_mut(key).is_some_and(|account| count(&mut account.left.stale_reads));
        let named = |account: &&Account| account.id == key || has(account.seen(stale), key);
        let found = if stale { self.accounts.values().find(named) } else { self.find(key) };
        let seen = found.and_then(|account| Some((account, account.seen(stale)?)));
        seen.map(|(account, version)| version.resource(&account.id, &customer)).ok_or_else(nobody)
    }

    /// Makes an account.
    pub(super) fn insert(&mut self, sent: &Map<String, Value>, now: Timestamp) -> Done<Value> {
        let address = sent["primaryEmail"].as_str().unwrap_or_default().to_owned();
        self.own_domain(&address)?;
        self.free(&address, None)?;
        let id = (FIRST + self.accounts.len() as u128).to_string();
        let mut account = Account::new(id.clone(), now, self.settling);
        account.write(self.settling, |version| version.take(sent));
        self.keep(account);
        Ok(self.resource(&id))
    }

    /// Changes an account.
    pub(super) fn update(&mut self, key: &str, sent: &Map<String, Value>) -> Done<Value> {
        let mut account = self.writable(key)?;
        let old = account.now.primary().to_owned();
        let new = sent.get("primaryEmail").and_then(Value::as_str).unwrap_or(&old).to_owned();
        let renamed = new.to_lowercase() != old.to_lowercase();
        if renamed {
            self.own_domain(&new)?;
            self.free(&new, Some(&account.id))?;
        }
        account.write(self.settling, |version| {
            version.take(sent);
            if renamed {
                version.rename(&old);
            }
        });
        if renamed {
            account.left.duplicate_after_rename = self.settling.duplicate_after_rename;
        }
        let id = account.id.clone();
        self.keep(account);
        Ok(self.resource(&id))
    }

    /// Deletes an account.
    pub(super) fn delete(&mut self, key: &str, now: Timestamp) -> Done<()> {
        let mut account = self.writable(key)?;
        account.write(self.settling, |version| version.deleted = Some(now));
        self.keep(account);
        Ok(())
    }

    /// Brings a deleted account back.
    pub(super) fn undelete(&mut self, id: &str, unit: Option<&str>, now: Timestamp) -> Done<()> {
        let mut account = self.accounts.get(id).cloned().ok_or_else(nobody)?;
        let deleted =
            account.now.deleted.ok_or_else(|| Reply::error(400, "invalid", "The user is not deleted."))?;
        if now.duration_since(deleted) > DELETED {
            return Err(nobody());
        }
        for address in account.now.addresses() {
            self.free(&address, None)?;
        }
        account.write(self.settling, |version| {
            version.deleted = None;
            if let Some(unit) = unit {
                version.user.insert("orgUnitPath".to_owned(), unit.into());
            }
        });
        self.keep(account);
        Ok(())
    }

    /// The aliases of an account.
    pub(super) fn aliases(&mut self, key: &str, stale: bool) -> Done<Value> {
        let user = self.read(key, stale)?;
        let aliases = user["aliases"].as_array().cloned().unwrap_or_default();
        let entries = aliases.iter().map(|alias| entry(&user, alias.as_str().unwrap_or_default()));
        let mut listing = json!({ "kind": "admin#directory#aliases", "etag": user["etag"] });
        if !aliases.is_empty() {
            listing["aliases"] = entries.collect();
        }
        Ok(listing)
    }

    /// Gives an account one more alias.
    pub(super) fn insert_alias(&mut self, key: &str, alias: &str) -> Done<Value> {
        let mut account = self.writable(key)?;
        if !alias.contains('@') {
            return Err(Reply::error(400, "invalid", "Invalid Input: alias"));
        }
        self.own_domain(alias)?;
        self.free(alias, None)?;
        if account.now.aliases.len() >= ALIASES {
            return Err(Reply::error(400, "limitExceeded", "The user has as many aliases as there can be."));
        }
        account.write(self.settling, |version| version.aliases.push(alias.to_owned()));
        let id = account.id.clone();
        self.keep(account);
        Ok(entry(&self.resource(&id), alias))
    }

    /// Takes an alias from an account.
    pub(super) fn delete_alias(&mut self, key: &str, alias: &str) -> Done<()> {
        let mut account = self.writable(key)?;
        let alias = alias.to_lowercase();
        if !account.now.aliases.iter().any(|own| own.to_lowercase() == alias) {
            return Err(Reply::error(404, "notFound", "Resource Not Found: alias"));
        }
        account.write(self.settling, |version| version.aliases.retain(|own| own.to_lowercase() != alias));
        self.keep(account);
        Ok(())
    }

    /// An account, for whoever makes or changes one by hand: nothing settles, and no domain is foreign.
    pub(super) fn by_hand(
        &mut self,
        key: Option<&str>,
        change: impl FnOnce(&mut Version),
        now: Timestamp,
    ) -> String {
        let found =
            key.map(|key| self.find(key).unwrap_or_else(|| panic!("there is no account {key}")).clone());
        let id = (FIRST + self.accounts.len() as u128).to_string();
        let mut account = found.unwrap_or_else(|| Account::new(id, now, Settling::default()));
        account.write(Settling::default(), change);
        let id = account.id.clone();
        for address in account.now.addresses() {
            let holder = self.addresses.get(&address).filter(|holder| **holder != id);
            assert!(holder.is_none(), "{address} is taken");
        }
        self.keep(account);
        id
    }

    fn find_mut(&mut self, key: &str) -> Option<&mut Account> {
        let id = self.addresses.get(&key.to_lowercase()).map_or(key, String::as_str).to_owned();
        self.accounts.get_mut(&id).filter(|account| account.now.deleted.is_none())
    }

    /// One that is to be written, unless it has still to settle.
    fn writable(&mut self, key: &str) -> Done<Account> {
        let account = self.find_mut(key).ok_or_else(nobody)?;
        if count(&mut account.left.incomplete) {
            return Err(Reply::error(412, "conditionNotMet", "User creation is not complete."));
        }
        if count(&mut account.left.forbidden) {
            return Err(forbidden());
        }
        if count(&mut account.left.duplicate_after_rename) {
            return Err(duplicate());
        }
        Ok(account.clone())
    }

    /// Puts an account in its place, and its addresses.
    fn keep(&mut self, account: Account) {
        let old = self.accounts.get(&account.id).map(|old| old.now.addresses()).unwrap_or_default();
        let alive = account.now.deleted.is_none();
        let new = if alive { account.now.addresses() } else { Vec::new() };
        for address in old.into_iter().filter(|address| !new.contains(address)) {
            if self.addresses.get(&address) == Some(&account.id) {
                self.addresses.remove(&address);
                self.freed.insert(address, self.settling.freed_is_held);
            }
        }
        for address in new {
            self.addresses.insert(address, account.id.clone());
        }
        self.accounts.insert(account.id.clone(), account);
    }

    fn resource(&self, id: &str) -> Value {
        self.accounts[id].now.resource(id, &self.customer)
    }

    /// Refuses addresses of others.
    fn own_domain(&self, address: &str) -> Done<()> {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
        if self.domains.contains(&domain) { Ok(()) } else { Err(forbidden()) }
    }

    /// Refuses an address that somebody has, or had a moment ago.
    fn free(&mut self, address: &str, but_for: Option<&str>) -> Done<()> {
        let address = address.to_lowercase();
        let holder = self.addresses.get(&address).map(String::as_str);
        let taken = holder.is_some() && holder != but_for;
        let held = !taken && self.freed.get_mut(&address).is_some_and(count);
        if taken || held { Err(duplicate()) } else { Ok(()) }
    }
}

fn has(version: Option<&Version>, key: &str) -> bool {
    version.is_some_and(|version| version.addresses().contains(&key.to_lowercase()))
}

fn entry(user: &Value, alias: &str) -> Value {
    json!({
        "kind": "admin#directory#alias", "id": user["id"], "etag": user["etag"], "alias": alias,
        "primaryEmail": user["primaryEmail"],
    })
}

pub(super) fn nobody() -> Reply {
    Reply::error(404, "notFound", "Resource Not Found: userKey")
}

pub(super) fn forbidden() -> Reply {
    Reply::error(403, "forbidden", "Not Authorized to access this resource/api")
}

fn duplicate() -> Reply {
    Reply::error(409, "duplicate", "Entity already exists.")
}
