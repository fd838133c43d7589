//! The account referential GrAM: accounts are read from it, and the id of the Google account is written back. Nothing else
//! of it is ever written.

mod account;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use model::Secret;

use crate::client::{Unanswered, body, segment};

pub use account::Account;

/// How the hub signs in.
#[derive(Clone)]
pub struct SignIn {
    /// The client's name.
    pub user: String,
    /// Its password.
    pub password: Secret<String>,
}

/// A client of it. Cheap to clone.
#[derive(Clone)]
pub struct Gram {
    client: Client,
    base: String,
    sign_in: SignIn,
}

/// How a call went that brought no success.
#[derive(Clone, Debug, PartialEq)]
pub enum GramTrouble {
    /// There is no such account.
    NotFound,
    /// Several have the number that should be one's own.
    Several(usize),
    /// It does not let us in, or not do this: what it says.
    NotLetIn(String),
    /// It does not take what is written: why, field by field.
    Refused(Value),
    /// It cannot be asked now.
    Away(String),
}

impl Gram {
    /// The one at this address, which ends in `/api/v2/`.
    pub fn new(client: Client, base: &str, sign_in: SignIn) -> Self {
        Gram { client, base: base.trim_end_matches('/').to_owned(), sign_in }
    }

    /// The account with this UUID, with its password hash where we may see it.
    pub async fn account(&self, uuid: &str) -> Result<Account, GramTrouble> {
        self.read(uuid, "?show_password_hash=true").await
    }

    /// The same without it.
    pub async fn known(&self, uuid: &str) -> Result<Account, GramTrouble> {
        self.read(uuid, "").await
    }

    async fn read(&self, uuid: &str, query: &str) -> Result<Account, GramTrouble> {
        let url = format!("{}/accounts/{}.json{query}", self.base, segment(uuid));
        let said = self.send(self.client.get(url)).await?;
        Account::read(said).ok_or_else(odd)
    }

    /// The UUID of the one account with this number.
    pub async fn uuid_of_number(&self, number: &str) -> Result<String, GramTrouble> {
        self.uuid_where("id_soce", number).await
    }

    /// The UUID of the one account that has this Google account.
    pub async fn uuid_of_google(&self, google_id: &str) -> Result<String, GramTrouble> {
        self.uuid_where("gapps_id", google_id).await
    }

    async fn uuid_where(&self, attribute: &str, value: &str) -> Result<String, GramTrouble> {
        let url = format!("{}/accounts.json?{attribute}={}", self.base, segment(value));
        let Value::Array(found) = self.send(self.client.get(url)).await? else { return Err(odd()) };
        let fits = |account: &Account| account.text(attribute).as_deref() == Some(value);
        let mut found: Vec<_> = found.into_iter().filter_map(Account::read).filter(fits).collect();
        match (found.len(), found.pop()) {
            (1, Some(account)) => Ok(account.uuid),
            (0, _) => Err(GramTrouble::NotFound),
            (several, _) => Err(GramTrouble::Several(several)),
        }
    }

    /// A page of all accounts, from 1; an empty one is behind the last. What of it is no account stays empty.
    pub async fn page(&self, page: usize) -> Result<Vec<Option<Account>>, GramTrouble> {
        let url = format!("{}/accounts.json?page={page}", self.base);
        let Value::Array(rows) = self.send(self.client.get(url)).await? else { return Err(odd()) };
        Ok(rows.into_iter().map(Account::read).collect())
    }

    /// Writes the id of the account's Google account, or that it has none, and nothing else.
    pub async fn save(&self, uuid: &str, google_id: Option<&str>) -> Result<(), GramTrouble> {
        let url = format!("{}/accounts/{}.json", self.base, segment(uuid));
        let body = json!({ "gapps_id": google_id }).to_string();
        let request = self.client.put(url).header(CONTENT_TYPE, "application/json").body(body);
        self.send(request).await.map(drop)
    }

    /// Whether it lets us in.
    pub async fn look(&self) -> Result<(), GramTrouble> {
        let url = format!("{}/accounts.json?id_soce=0", self.base);
        self.send(self.client.get(url)).await.map(drop)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, GramTrouble> {
        let SignIn { user, password } = &self.sign_in;
        let request = request.basic_auth(user, Some(password.expose())).header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| away(Unanswered::of(error)))?;
        let status = response.status();
        let body = body(response).await.map_err(away)?;
        let said: Option<Value> = serde_json::from_slice(&body).ok();
        let text = |status: StatusCode| {
            let said = said.as_ref().and_then(|said| said.get("message").or_else(|| said.get("error")));
            let said = said.and_then(Value::as_str).map(|text| format!(": {text}")).unwrap_or_default();
            format!("it answers {status}{said}")
        };
        match status.as_u16() {
            204 => Ok(Value::Null),
            200..=299 => said.ok_or_else(odd),
            404 => Err(GramTrouble::NotFound),
            // Whoever is not signed in is sent to the page where people do that.
            300..=399 | 401 => Err(GramTrouble::NotLetIn(format!(
                "it does not know the client {user} or its password ({status})"
            ))),
            403 => Err(GramTrouble::NotLetIn(text(status))),
            422 => Err(GramTrouble::Refused(said.unwrap_or_default())),
            _ => Err(GramTrouble::Away(text(status))),
        }
    }
}

fn odd() -> GramTrouble {
    GramTrouble::Away("what it answers is not understood".to_owned())
}

fn away(unanswered: Unanswered) -> GramTrouble {
    match unanswered {
        Unanswered::Unsent(why) | Unanswered::Lost(why) => GramTrouble::Away(why),
    }
}
