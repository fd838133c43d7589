//! How a call becomes an answer: the description, the token, the quota, then the accounts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::directory::{Directory, forbidden};
use super::document::{self, Method};
use super::fields::Fields;
use super::quota::Quota;
use super::token::Tokens;
use super::{check, prose};
use crate::desk::{Call, Desk};
use crate::reply::Reply;
use crate::serve::{Asked, Site, View};

/// What stands behind the listener.
pub(super) struct Directories {
    pub(super) desk: Desk,
    world: Mutex<World>,
}

/// All that a double of Google knows.
pub(super) struct World {
    pub(super) directory: Directory,
    pub(super) tokens: Tokens,
    pub(super) quota: Quota,
}

impl Directories {
    pub(super) fn new() -> Directories {
        document::get();
        let (directory, tokens) = (Directory::new(), Tokens::new(String::new()));
        let world = World { directory, tokens, quota: Quota::default() };
        Directories { desk: Desk::new(), world: Mutex::new(world) }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_method(&self, method: &Method, keys: &[String], asked: &Asked, view: View) -> Reply {
        let mut wrong = check::request(document::get(), method, asked);
        wrong.extend(prose::strange(&asked.body));
        if !wrong.is_empty() {
            return self.strange(asked, &wrong.join("; "), 400);
        }
        let (mut world, now) = (self.world(), self.desk.now());
        if let Err(refused) = world.admit(method, asked, now) {
            return refused;
        }
        if let Some(refused) = prose::refused(&asked.body) {
            return refused;
        }
        let done = match world.call(method, keys, asked, now, view) {
            Ok(done) => done,
            Err(refused) => return refused,
        };
        drop(world);
        let Some(body) = done else { return Reply::empty(204) };
        let body = match asked.query("fields").map(Fields::read) {
            None => body,
            Some(Some(fields)) => fields.of(&body),
            Some(None) => return Reply::error(400, "invalidParameter", "Invalid field selection"),
        };
        for wrong in check::answer(document::get(), method, &body) {
            self.desk.strange(format!("the double's own answer to {}: {wrong}", method.id));
        }
        Reply::json(200, &body)
    }

    fn strange(&self, asked: &Asked, what: &str, status: u16) -> Reply {
        self.desk.strange(format!("{} /{}: {what}", asked.verb, asked.path.join("/")));
        let reason = if status == 404 { "notFound" } else { "invalid" };
        Reply::error(status, reason, what)
    }
}

impl Site for Directories {
    fn name(&self, asked: &Asked) -> (String, String) {
        if let Some(page) = page(asked) {
            return (page.to_owned(), String::new());
        }
        let Some((method, keys)) = document::get().find(&asked.verb, &asked.path) else {
            return (String::new(), String::new());
        };
        let key = keys.into_iter().next().or_else(|| asked.body["primaryEmail"].as_str().map(str::to_owned));
        (method.id.trim_start_matches("directory.").to_owned(), key.unwrap_or_default())
    }

    fn serve(&self, asked: &Asked, _: &Call, view: View) -> Reply {
        match page(asked) {
            Some("token") => return self.world().tokens.token(asked, self.desk.now()),
            Some(_) => return self.world().tokens.authorize(asked),
            None => {}
        }
        match document::get().find(&asked.verb, &asked.path) {
            Some((method, keys)) => self.of_method(method, &keys, asked, view),
            None => self.strange(asked, "there is no such method", 404),
        }
    }

    fn desk(&self) -> &Desk {
        &self.desk
    }
}

/// What is no method of the directory: the token endpoint, and the page for people.
fn page(asked: &Asked) -> Option<&'static str> {
    match (asked.verb.as_str(), asked.path.join("/").as_str()) {
        ("POST", "token") => Some("token"),
        ("GET", "o/oauth2/v2/auth") => Some("authorize"),
        _ => None,
    }
}

impl World {
    /// Refuses whoever may not, and who asks too often.
    fn admit(&mut self, method: &Method, asked: &Asked, now: jiff::Timestamp) -> Result<(), Reply> {
        let bearer = asked.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
        let token = bearer.or_else(|| asked.query("access_token")).or_else(|| asked.query("oauth_token"));
        let token = token.ok_or_else(|| Reply::error(401, "required", "Login Required."))?;
        let grant = self.tokens.of(token, now);
        let grant = grant.ok_or_else(|| Reply::error(401, "authError", "Invalid Credentials"))?;
        if !self.quota.count(now) {
            let message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'";
            return Err(Reply::error(403, "userRateLimitExceeded", message));
        }
        if !grant.scopes.iter().any(|scope| method.scopes.contains(scope)) {
            let message = "Request had insufficient authentication scopes.";
            return Err(Reply::error(403, "insufficientPermissions", message));
        }
        let subject = grant.subject.to_lowercase();
        let rights = self.tokens.admins.iter().any(|admin| admin.to_lowercase() == subject);
        if rights { Ok(()) } else { Err(forbidden()) }
    }

    /// Does what the method says; `None` = there is nothing to tell.
    fn call(
        &mut self,
        method: &Method,
        keys: &[String],
        asked: &Asked,
        now: jiff::Timestamp,
        view: View,
    ) -> Result<Option<Value>, Reply> {
        let directory = &mut self.directory;
        let (body, key) = (asked.body.as_object(), keys.first().map(String::as_str).unwrap_or_default());
        let body = body.cloned().unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let done = match method.id.as_str() {
            "directory.users.get" => directory.read(key, view.stale)?,
            "directory.users.insert" => directory.insert(&body, now)?,
            "directory.users.update" | "directory.users.patch" => directory.update(key, &body)?,
            "directory.users.list" => directory.list(asked, now, view)?,
            "directory.users.aliases.list" => directory.aliases(key, view.stale)?,
            "directory.users.aliases.insert" => {
                directory.insert_alias(key, text("alias").unwrap_or_default())?
            }
            "directory.users.delete" => return directory.delete(key, now).map(|()| None),
            "directory.users.undelete" => {
                return directory.undelete(key, text("orgUnitPath"), now).map(|()| None);
            }
            "directory.users.aliases.delete" => return directory.delete_alias(key, &keys[1]).map(|()| None),
            other => {
                let message = format!("the double does not do {other}");
                return Err(Reply::json(501, &json!({ "error": { "code": 501, "message": message } })));
            }
        };
        Ok(Some(done))
    }
}
