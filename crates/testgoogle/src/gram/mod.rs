//! The double of GrAM, the referential of accounts.

mod account;
mod site;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::desk::{Desk, Order};
use crate::serve::Server;
use site::Referential;

/// Under which name and with which password the double's client asks.
const CLIENT: (&str, &str) = ("intendant", "of the double: with % and é");

/// The referential with its API, on a free port of loopback. Its end fails when anything was asked that it does not have.
pub struct Gram {
    server: Server,
    site: Arc<Referential>,
}

impl Gram {
    /// Starts one, without accounts.
    pub fn start() -> Gram {
        let site = Arc::new(Referential::new(CLIENT));
        let server = Server::start(Arc::clone(&site) as Arc<_>);
        Gram { server, site }
    }

    /// What is decided of it, and read of its calls: `accounts.get`, `accounts.list` and `accounts.update`.
    pub fn desk(&self) -> &Desk {
        &self.site.desk
    }

    /// Orders something for the calls to come, as [`Desk::order`].
    pub fn order(&self, order: Order) {
        self.desk().order(order);
    }

    /// The base of its API, `http://127.0.0.1:PORT/api/v2/`.
    pub fn url(&self) -> String {
        format!("{}api/v2/", self.server.url())
    }

    /// The name and the password of the client, for HTTP basic.
    pub fn client(&self) -> (&'static str, &'static str) {
        CLIENT
    }

    /// Nobody listens any more, until [`Gram::up`]. What was there stays.
    pub fn down(&self) {
        self.server.down();
    }

    /// Listens again, on the same port.
    pub fn up(&self) {
        self.server.up();
    }

    /// Whether the client has the role that reads hashes; without it the password is the word `HIDDEN`.
    pub fn may_read_hashes(&self, may: bool) {
        self.site.state().hashes = may;
    }

    /// Adds an account: `uuid`, and what differs from a common one. `password` is its hash.
    pub fn add(&self, account: Value) {
        let account: Map<String, Value> = account.as_object().unwrap().clone();
        self.site.state().add(account);
    }

    /// Adds an account of which nothing matters but these, and says its hash.
    pub fn add_person(&self, uuid: &str, id_soce: u64, first_name: &str, last_name: &str) -> String {
        let hash = format!("{:040x}", u128::from(id_soce) * 0x1_0000_0001_u128 + 0xda39_a3ee);
        self.add(json!({
            "uuid": uuid, "id_soce": id_soce, "firstname": first_name, "lastname": last_name, "password": hash,
        }));
        hash
    }

    /// Changes fields of an account by hand, whatever rules there are.
    pub fn change(&self, uuid: &str, fields: Value) {
        self.site.state().account_mut(uuid).unwrap().extend(fields.as_object().unwrap().clone());
    }

    /// Removes an account.
    pub fn remove(&self, uuid: &str) {
        self.site.state().remove(uuid);
    }

    /// An account, with its hash.
    pub fn account(&self, uuid: &str) -> Option<Value> {
        self.site.state().account(uuid).cloned().map(Value::Object)
    }

    /// The id of the Google account that is stored with an account.
    pub fn gapps_id(&self, uuid: &str) -> Option<String> {
        self.account(uuid)?["gapps_id"].as_str().map(str::to_owned)
    }

    /// The bodies that were sent to change accounts, in their order.
    pub fn written(&self) -> Vec<Value> {
        self.desk().calls_of("accounts.update").into_iter().map(|call| call.body).collect()
    }

    /// Is called after each change that a client made, with the uuid and the changes, `{"gapps_id": [null, "1"]}`: what the
    /// real one publishes as `notify.account.updated`.
    pub fn on_change(&self, told: impl Fn(&str, &Value) + Send + Sync + 'static) {
        self.site.state().told = Some(Arc::new(told));
    }
}

impl Drop for Gram {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.desk().assert_nothing_strange();
        }
    }
}
