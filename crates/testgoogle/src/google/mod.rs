//! The double of Google's Directory API.

mod account;
mod check;
mod directory;
mod document;
mod fields;
mod list;
mod prose;
mod quota;
mod settling;
mod site;
mod token;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::desk::{Desk, Order};
use crate::serve::Server;
use account::Version;
use site::Directories;

pub use document::document;
pub use settling::Settling;
pub use token::{ALIAS_SCOPE, READ_SCOPE, SCOPE, TokenTrouble};

/// A Workspace with its directory and its token endpoint, on a free port of loopback. Its end fails when anything was
/// asked, or answered, that is not in Google's description.
pub struct Google {
    server: Server,
    site: Arc<Directories>,
}

impl Google {
    /// Starts one: the domains `gadz.org` and `gadzarts.org` and nobody in them but the administrator, no quota, and
    /// nothing that has to settle.
    pub fn start() -> Google {
        let site = Arc::new(Directories::new());
        let server = Server::start(Arc::clone(&site) as Arc<_>);
        site.world().tokens.root = server.url();
        let google = Google { server, site };
        google.add(
            json!({ "primaryEmail": google.admin(), "name": { "givenName": "Ada", "familyName": "Min" } }),
        );
        google
    }

    /// What is decided of it, and read of its calls.
    pub fn desk(&self) -> &Desk {
        &self.site.desk
    }

    /// Orders something for the calls to come, as [`Desk::order`].
    pub fn order(&self, order: Order) {
        self.desk().order(order);
    }

    /// Where it is, with a last slash: what `rootUrl` is in the description.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where tokens are given.
    pub fn token_uri(&self) -> String {
        self.site.world().tokens.token_uri()
    }

    /// Where a person lets an installed program in; this one consents at once.
    pub fn authorize_uri(&self) -> String {
        format!("{}o/oauth2/v2/auth", self.url())
    }

    /// Nobody listens any more, until [`Google::up`]. What was there stays.
    pub fn down(&self) {
        self.server.down();
    }

    /// Listens again, on the same port.
    pub fn up(&self) {
        self.server.up();
    }

    /// The administrator in whose name a service account works.
    pub fn admin(&self) -> String {
        self.site.world().tokens.admins[0].clone()
    }

    /// The key file of the service account, as Google hands it out, with the key that is valid now.
    pub fn service_account(&self) -> Value {
        let mut world = self.site.world();
        let key = world.tokens.key().pem.clone();
        json!({
            "type": "service_account",
            "project_id": "double",
            "private_key_id": "0123456789abcdef0123456789abcdef01234567",
            "private_key": key,
            "client_email": token::ACCOUNT,
            "client_id": "100000000000000000000",
            "auth_uri": format!("{}o/oauth2/v2/auth", self.url()),
            "token_uri": world.tokens.token_uri(),
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "universe_domain": "googleapis.com",
        })
    }

    /// Writes the key file, `service_account_credentials.json`, into a folder.
    pub fn key_file(&self, folder: &Path) -> PathBuf {
        let file = folder.join("service_account_credentials.json");
        std::fs::write(&file, self.service_account().to_string()).unwrap();
        file
    }

    /// The file of an installed program, `client_secret.json`.
    pub fn client_secret(&self) -> Value {
        json!({ "installed": {
            "client_id": token::CLIENT_ID,
            "client_secret": token::CLIENT_SECRET,
            "project_id": "double",
            "auth_uri": self.authorize_uri(),
            "token_uri": self.token_uri(),
            "redirect_uris": ["http://localhost"],
        } })
    }

    /// The service account gets another key: what is signed with the old one is refused.
    pub fn rotate_key(&self) {
        self.site.world().tokens.rotate();
    }

    /// The scopes in the delegation table; at first [`SCOPE`] alone.
    pub fn delegate(&self, scopes: &[&str]) {
        self.site.world().tokens.delegated = owned(scopes);
    }

    /// Who has the rights of an administrator; the first one is [`Google::admin`].
    pub fn admins(&self, addresses: &[&str]) {
        self.site.world().tokens.admins = owned(addresses);
    }

    /// What the token endpoint refuses everybody with, from now on.
    pub fn token_trouble(&self, trouble: Option<TokenTrouble>) {
        self.site.world().tokens.trouble = trouble;
    }

    /// The person at [`Google::authorize_uri`] does not consent.
    pub fn deny_consent(&self, deny: bool) {
        self.site.world().tokens.deny_consent = deny;
    }

    /// Tokens that are given from now on live so long; an hour at first.
    pub fn token_life(&self, life: Duration) {
        self.site.world().tokens.life = life.try_into().unwrap();
    }

    /// A token of the administrator, for clients that do not fetch one.
    pub fn token(&self, scopes: &[&str]) -> String {
        let (admin, now) = (self.admin(), self.desk().now());
        self.site.world().tokens.grant(&admin, scopes, now)
    }

    /// No token is valid any more.
    pub fn revoke_tokens(&self) {
        self.site.world().tokens.revoke();
    }

    /// The customer's own domains.
    pub fn domains(&self, domains: &[&str]) {
        self.site.world().directory.domains = owned(domains);
    }

    /// What accounts show for a while after a write, from now on.
    pub fn settle(&self, settling: Settling) {
        self.site.world().directory.settling = settling;
    }

    /// So many queries may come within a sliding minute; `None` = any number. More are refused with 403
    /// `userRateLimitExceeded`.
    pub fn quota(&self, limit: Option<usize>) {
        self.site.world().quota.limit = limit;
    }

    /// The most queries, refused ones too, that ever came within a sliding minute.
    pub fn busiest_minute(&self) -> usize {
        self.site.world().quota.busiest()
    }

    /// How many queries the quota refused.
    pub fn refused_by_quota(&self) -> usize {
        self.site.world().quota.refused()
    }

    /// Makes an account by hand, with `aliases` among its fields if it has any, and says its id.
    pub fn add(&self, user: Value) -> String {
        let now = self.desk().now();
        self.site.world().directory.by_hand(None, |version| by_hand(version, &user), now)
    }

    /// Changes an account by hand.
    pub fn change(&self, key: &str, user: Value) {
        let now = self.desk().now();
        self.site.world().directory.by_hand(Some(key), |version| by_hand(version, &user), now);
    }

    /// Deletes an account by hand.
    pub fn remove(&self, key: &str) {
        let now = self.desk().now();
        self.site.world().directory.by_hand(Some(key), |version| version.deleted = Some(now), now);
    }

    /// The account with this id or address, as Google shows it.
    pub fn user(&self, key: &str) -> Option<Value> {
        let world = self.site.world();
        let account = world.directory.find(key)?;
        Some(account.now.resource(&account.id, &world.directory.customer))
    }

    /// All accounts but the administrator's, in the order in which they were made; deleted ones are not among them.
    pub fn users(&self) -> Vec<Value> {
        let world = self.site.world();
        let admin = world.tokens.admins[0].clone();
        let there = world.directory.accounts().filter(|account| account.now.deleted.is_none());
        let others = there.filter(|account| account.now.primary() != admin);
        others.map(|account| account.now.resource(&account.id, &world.directory.customer)).collect()
    }

    /// What was last pushed as the password of an account, and in which form.
    pub fn password(&self, key: &str) -> Option<(String, Option<String>)> {
        let world = self.site.world();
        let version = &world.directory.find(key)?.now;
        Some((version.password.clone()?, version.hash_function.clone()))
    }
}

impl Drop for Google {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.desk().assert_nothing_strange();
        }
    }
}

fn by_hand(version: &mut Version, user: &Value) {
    let mut user: Map<String, Value> = user.as_object().unwrap().clone();
    if let Some(aliases) = user.remove("aliases") {
        version.aliases =
            aliases.as_array().unwrap().iter().map(|alias| alias.as_str().unwrap().to_owned()).collect();
    }
    let old = version.primary().to_owned();
    version.take(&user);
    if version.primary() != old {
        version.rename(&old);
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
