//! Where addresses come from that a request does not say: a service that knows them, else a rule for names.

use model::Secret;
use reqwest::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::Value;

pub use crate::template::{BadTemplate, Template};

use crate::client::{Unanswered, body, segment};
use crate::gram::Account;
use crate::request::{Deed, Wish, is_address};
use crate::template::in_address;
use crate::told::{Failure, Front};

use super::attempt::{Attempt, Step};

/// Where addresses come from.
#[derive(Clone)]
pub struct Addresses {
    /// The service that knows them.
    pub service: Option<Service>,
    /// The rule for names, for accounts that are made.
    pub naming: Option<Template>,
}

/// A service that knows addresses.
#[derive(Clone)]
pub struct Service {
    /// Asks.
    pub client: Client,
    /// Its address for an account of the referential.
    pub url: Template,
    /// Proves who asks: the value of a header `Authorization`.
    pub authorization: Option<Secret<String>>,
    /// JSON pointer to the primary address in its answer.
    pub primary: String,
    /// JSON pointer to the list of aliases in its answer.
    pub aliases: Option<String>,
}

impl Addresses {
    /// What is wanted, with what the request does not say. Its own catalogue's requests say all that they want.
    pub(super) async fn wish(
        &self,
        attempt: &Attempt<'_>,
        account: &Account,
        said: Wish,
        deed: Deed,
    ) -> Step<Wish> {
        if attempt.front == Front::GoogleApps || said.primary.is_some() {
            return Ok(said);
        }
        let document = Value::Object(account.shown().clone());
        if let Some(service) = &self.service
            && let Some(found) = service.ask(attempt, &document).await?
        {
            return Ok(Wish { primary: found.primary, aliases: said.aliases.or(found.aliases) });
        }
        let named = self.naming.as_ref().filter(|_| deed == Deed::Create);
        let primary = named.and_then(|naming| naming.fill(&document, in_address));
        Ok(Wish { primary: primary.filter(|address| is_address(address)), ..said })
    }
}

impl Service {
    async fn ask(&self, attempt: &Attempt<'_>, document: &Value) -> Step<Option<Wish>> {
        let Some(url) = self.url.fill(document, segment) else { return Ok(None) };
        let away = |why: String| {
            attempt.again(Failure::Referential, format!("the service of addresses cannot be asked: {why}"))
        };
        let unanswered = |unanswered| match unanswered {
            Unanswered::Unsent(why) | Unanswered::Lost(why) => away(why),
        };
        let mut request = self.client.get(url).header(ACCEPT, "application/json");
        if let Some(proof) = &self.authorization {
            request = request.header(AUTHORIZATION, proof.expose().as_str());
        }
        let response = request.send().await.map_err(|error| unanswered(Unanswered::of(error)))?;
        let status = response.status();
        if status.as_u16() == 404 {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(away(format!("it answers {status}")));
        }
        let said: Value = serde_json::from_slice(&body(response).await.map_err(unanswered)?)
            .map_err(|_| away("its answer is no JSON".to_owned()))?;
        let text = |value: &Value| value.as_str().filter(|text| is_address(text)).map(str::to_owned);
        let Some(primary) = said.pointer(&self.primary).and_then(text) else { return Ok(None) };
        let aliases = self.aliases.as_ref().and_then(|pointer| said.pointer(pointer)?.as_array());
        let aliases = aliases.map(|all| all.iter().filter_map(text).collect());
        Ok(Some(Wish { primary: Some(primary), aliases }))
    }
}
