//! Tokens of programs: shown once, kept hashed.

use engine::{Actor, AuditEntry, carry};
use jiff::Timestamp;
use model::Code;
use model::believe::is_ahead;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::limit::Asker;
use super::origin::Origin;
use super::secret::{self, Fresh};
use super::store::{Kept, Store};
use super::{Access, name};
use crate::dto::{MadeToken, NewToken, TokenView};
use http::{Caller, Problem, Proof, Scopes};

/// What every token begins with, so that one that leaked is recognised.
pub const TOKEN_PREFIX: &str = "itd_";
/// The last use of a token is written down this often at most.
const NOTED: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Token {
    name: String,
    hash: String,
    scopes: Vec<String>,
    created_at: Timestamp,
    created_by: String,
    expires_at: Option<Timestamp>,
    used_at: Option<Timestamp>,
    /// What it submits bears its id beside its name, so that it is not taken for what another token of that name
    /// submitted before. Those of earlier versions have only the name.
    #[serde(default)]
    apart: bool,
}

impl Kept for Token {
    const KIND: &'static str = "token";

    fn state(&self) -> &'static str {
        "active"
    }

    fn label(&self) -> &str {
        &self.name
    }
}

impl Access {
    /// All tokens, by name.
    pub fn tokens(&self) -> Vec<TokenView> {
        let mut tokens: Vec<_> =
            self.0.tokens.all().into_iter().map(|(id, row)| view(id, row.value)).collect();
        tokens.sort_by(|a, b| a.name.cmp(&b.name));
        tokens
    }

    /// Makes a token. Its text is in the answer and nowhere else.
    pub async fn make_token(&self, new: NewToken, by: &Caller) -> Result<MadeToken, Problem> {
        let (access, by) = (self.clone(), by.clone());
        carry(async move { access.keep_token(new, &by).await }).await
    }

    async fn keep_token(&self, new: NewToken, by: &Caller) -> Result<MadeToken, Problem> {
        name::check(&new.name)?;
        let now = self.0.hub.now();
        if new.scopes.is_empty() {
            return Err(Problem::bad_request(
                "a token needs a scope at least: submit, read, operate, admin, …",
            ));
        }
        if let Some(unknown) = new.scopes.iter().find_map(|name| self.0.rules.scopes.find(name).err()) {
            return Err(Problem::bad_request(unknown));
        }
        if new.expires_at.is_some_and(|at| at.0 <= now) {
            return Err(Problem::bad_request("expires_at is in the past: the token would never work"));
        }
        let _turn = self.0.turn.lock().await;
        if self.0.tokens.all().iter().any(|(_, row)| row.value.name == new.name) {
            return Err(Problem::taken(format!("there is a token named {}: choose another name", new.name)));
        }
        let (id, secret) = (secret::name()?, Fresh::new()?);
        let token = Token {
            name: new.name,
            hash: secret.hash(),
            scopes: new.scopes,
            created_at: now,
            created_by: by.actor.0.clone(),
            expires_at: new.expires_at.map(|at| at.0),
            used_at: None,
            apart: true,
        };
        let entry = entry(&token, "made", by).after(shown(&token));
        self.0.tokens.put(&id, 0, &token, Some(entry)).await?;
        let view = view(id.clone(), token);
        Ok(MadeToken { secret: format!("{TOKEN_PREFIX}{id}_{}", secret.expose()), token: view })
    }

    /// Revokes a token, named by id or name: it does not work any more.
    pub async fn revoke_token(&self, which: &str, by: &Caller) -> Result<(), Problem> {
        let (access, which, by) = (self.clone(), which.to_owned(), by.clone());
        carry(async move { access.drop_token(&which, &by).await }).await
    }

    async fn drop_token(&self, which: &str, by: &Caller) -> Result<(), Problem> {
        let _turn = self.0.turn.lock().await;
        if self.0.tokens.is_void(which) {
            let code = Code::from_static("revoked");
            let entry =
                AuditEntry::new(&by.actor, format!("token {which}"), code, "revoked: it could not be read");
            return self.0.tokens.clear(which, Some(entry)).await;
        }
        // A use of it that is written down at the same moment changes its revision.
        self.write_as_it_stands(|| {
            let mut all = self.0.tokens.all().into_iter();
            let found = all.find(|(id, row)| id == which || row.value.name == which);
            let (id, row) = found.ok_or_else(|| Problem::missing(format!("token {which}")))?;
            let entry = entry(&row.value, "revoked", by).before(shown(&row.value));
            Ok((vec![Store::<Token>::removal(&id, row.rev)], Some(entry)))
        })
        .await
    }

    /// Who holds the token with this text.
    pub(super) async fn holder(&self, text: &str, origin: &Origin) -> Result<Caller, Problem> {
        let wrong = || {
            let detail = "this token is not known here: it was mistyped or revoked, or is of another hub";
            Problem { detail: detail.into(), ..Problem::unauthenticated() }
        };
        let (id, secret) =
            text.strip_prefix(TOKEN_PREFIX).and_then(|text| text.split_once('_')).ok_or_else(wrong)?;
        let row = self.known(&self.0.tokens, id, origin).await?.ok_or_else(wrong)?;
        if !secret::matches(secret, &row.value.hash) {
            return Err(wrong());
        }
        let now = self.0.hub.now();
        if let Some(expired) = row.value.expires_at.filter(|at| *at <= now) {
            let detail = format!("the token {} expired at {expired}: ask for a new one", row.value.name);
            return Err(Problem { detail: detail.into(), ..Problem::unauthenticated() });
        }
        self.0.by_token.check(Asker::of(&[id.as_bytes()]), now)?;
        let noted = |used: Timestamp| now.duration_since(used) < NOTED && !is_ahead(used, now);
        if !row.value.used_at.is_some_and(noted) {
            let used = Token { used_at: Some(now), ..row.value.clone() };
            // Of two uses at once, one is written down.
            let _ = self.0.tokens.put(id, row.rev, &used, None).await;
        }
        Ok(Caller {
            actor: Actor(format!("token:{}", row.value.name)),
            scopes: self.0.rules.scopes.among(&row.value.scopes),
            by: Proof::Token { id: id.to_owned(), apart: row.value.apart },
        })
    }

    /// What a token lets do; `None` = it does not work any more.
    pub(super) fn scopes_of(&self, token: &str, now: Timestamp) -> Option<Scopes> {
        let token = self.0.tokens.get(token)?.value;
        token.expires_at.is_none_or(|at| at > now).then(|| self.0.rules.scopes.among(&token.scopes))
    }
}

fn entry(token: &Token, verb: &'static str, by: &Caller) -> AuditEntry {
    let Token { name, .. } = token;
    AuditEntry::new(&by.actor, format!("token {name}"), Code::from_static(verb), verb)
}

/// What the audit shows.
fn shown(token: &Token) -> Value {
    json!({ "scopes": token.scopes, "expires_at": token.expires_at })
}

fn view(id: String, token: Token) -> TokenView {
    TokenView {
        id,
        name: token.name,
        scopes: token.scopes,
        created_at: token.created_at.into(),
        created_by: token.created_by,
        expires_at: token.expires_at.map(Into::into),
        used_at: token.used_at.map(Into::into),
    }
}
