//! Accounts of people.

use engine::{AuditEntry, CHANGED, carry};
use jiff::Timestamp;
use model::Code;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::password::Whose;
use super::store::{Kept, Row, Store};
use super::{Access, name};
use crate::dto::{AccountChange, AccountView, NewAccount};
use http::Problem;
use http::Role;
use http::{Caller, Proof};

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) role: Role,
    /// Argon2id; none for people who sign in elsewhere only.
    pub(super) password: Option<String>,
    pub(super) disabled: bool,
    pub(super) created_at: Timestamp,
    /// Where the person signs in instead of here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) elsewhere: Option<Elsewhere>,
}

/// A person as an OpenID Connect provider knows it: the two together never mean anybody else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Elsewhere {
    pub(super) issuer: String,
    pub(super) subject: String,
}

impl Kept for Account {
    const KIND: &'static str = "account";

    fn state(&self) -> &'static str {
        if self.disabled { "disabled" } else { "active" }
    }

    fn label(&self) -> &str {
        &self.name
    }
}

impl Access {
    /// Whether there is no account yet.
    pub fn is_new(&self) -> bool {
        self.0.accounts.is_empty()
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Vec<AccountView> {
        self.0.accounts.all().into_iter().map(|(_, row)| self.view(row)).collect()
    }

    /// An account.
    pub fn account(&self, name: &str) -> Result<AccountView, Problem> {
        let row = self.0.accounts.get(name).ok_or_else(|| Problem::missing(format!("account {name}")))?;
        Ok(self.view(row))
    }

    /// Makes an account.
    pub async fn make_account(&self, new: NewAccount, by: &Caller) -> Result<AccountView, Problem> {
        self.make_account_by(None, new, by).await
    }

    /// The same with a sign-in link, which is used up in the same commit.
    pub(super) async fn make_account_by(
        &self,
        link: Option<String>,
        new: NewAccount,
        by: &Caller,
    ) -> Result<AccountView, Problem> {
        name::check(&new.name)?;
        let password = match &new.password {
            Some(password) => Some(self.0.passwords.hash(&new.name, password).await?),
            None => None,
        };
        let (access, by) = (self.clone(), by.clone());
        carry(async move { access.keep_account(link, new, password, &by).await }).await
    }

    async fn keep_account(
        &self,
        link: Option<String>,
        new: NewAccount,
        password: Option<String>,
        by: &Caller,
    ) -> Result<AccountView, Problem> {
        let _turn = self.0.turn.lock().await;
        if self.0.accounts.is_void(&new.name) {
            self.0.accounts.clear(&new.name, None).await?;
        }
        let account = Account {
            name: new.name.clone(),
            role: new.role,
            password,
            disabled: false,
            created_at: self.0.hub.now(),
            elsewhere: None,
        };
        self.write_as_it_stands(|| {
            if self.0.accounts.get(&new.name).is_some() {
                let detail = format!("there is an account named {}: choose another name", new.name);
                return Err(Problem::taken(detail));
            }
            let mut writes = vec![Store::writing(&new.name, 0, &account)?];
            if let Some(link) = &link {
                writes.append(&mut self.links_ended(None, Some(link))?);
            }
            Ok((writes, Some(entry("made", None, Some(&account), new.password.is_some(), by))))
        })
        .await?;
        self.account(&new.name)
    }

    /// Changes an account. `rev` is the one that was looked at; `None` = whatever it is now.
    pub async fn change_account(
        &self,
        name: &str,
        rev: Option<u64>,
        change: AccountChange,
        by: &Caller,
    ) -> Result<AccountView, Problem> {
        self.change_account_by(None, name, rev, change, by).await
    }

    /// The same with a sign-in link, which is used up in the same commit.
    pub(super) async fn change_account_by(
        &self,
        link: Option<String>,
        name: &str,
        rev: Option<u64>,
        change: AccountChange,
        by: &Caller,
    ) -> Result<AccountView, Problem> {
        let password = match &change.password {
            Some(password) => Some(self.0.passwords.hash(name, password).await?),
            None => None,
        };
        let (access, name, by) = (self.clone(), name.to_owned(), by.clone());
        carry(async move { access.write_account(link, &name, rev, change, password, &by).await }).await
    }

    /// The links and sessions that end with it end in the same commit.
    async fn write_account(
        &self,
        link: Option<String>,
        name: &str,
        rev: Option<u64>,
        change: AccountChange,
        password: Option<String>,
        by: &Caller,
    ) -> Result<AccountView, Problem> {
        let _turn = self.0.turn.lock().await;
        self.write_as_it_stands(|| {
            let Row { rev, value: before } = self.looked_at(name, rev)?;
            if let (Some(elsewhere), true) = (&before.elsewhere, password.is_some()) {
                return Err(no_password(name, elsewhere));
            }
            let after = Account {
                role: change.role.unwrap_or(before.role),
                disabled: change.disabled.unwrap_or(before.disabled),
                password: password.clone().or_else(|| before.password.clone()),
                ..before.clone()
            };
            self.keep_an_admin(name, &after)?;
            let entry = entry("changed", Some(&before), Some(&after), password.is_some(), by);
            let mut writes = vec![Store::writing(name, rev, &after)?];
            writes.extend(self.take_turn()?);
            writes.append(&mut self.links_ended(Some(name), link.as_deref())?);
            if after.disabled || password.is_some() {
                writes.append(&mut self.session_ends(name, by));
            }
            Ok((writes, Some(entry)))
        })
        .await?;
        self.account(name)
    }

    /// Removes an account and ends its sessions.
    pub async fn remove_account(&self, name: &str, rev: Option<u64>, by: &Caller) -> Result<(), Problem> {
        let (access, name, by) = (self.clone(), name.to_owned(), by.clone());
        carry(async move { access.drop_account(&name, rev, &by).await }).await
    }

    /// All that the account has goes in the same commit.
    async fn drop_account(&self, name: &str, rev: Option<u64>, by: &Caller) -> Result<(), Problem> {
        let _turn = self.0.turn.lock().await;
        if self.0.accounts.is_void(name) {
            let code = Code::from_static("removed");
            let what = format!("account {name}");
            let entry = AuditEntry::new(&by.actor, what, code, "removed: it could not be read");
            self.0.accounts.clear(name, Some(entry)).await?;
            let ends = || {
                let mut writes = self.links_ended(Some(name), None)?;
                writes.append(&mut self.session_ends(name, by));
                Ok((writes, None))
            };
            return self.write_as_it_stands(ends).await;
        }
        self.write_as_it_stands(|| {
            let Row { rev, value: before } = self.looked_at(name, rev)?;
            self.keep_an_admin(name, &Account { disabled: true, ..before.clone() })?;
            let entry = entry("removed", Some(&before), None, false, by);
            let mut writes = vec![Store::<Account>::removal(name, rev)];
            writes.extend(self.take_turn()?);
            writes.append(&mut self.links_ended(Some(name), None)?);
            writes.append(&mut self.browsers_forgotten(name, 0));
            writes.append(&mut self.session_ends(name, by));
            Ok((writes, Some(entry)))
        })
        .await
    }

    /// Changes the caller's own password; its other sessions end.
    pub async fn change_password(&self, by: &Caller, old: &str, new: String) -> Result<(), Problem> {
        let Proof::Session { .. } = by.by else {
            return Err(Problem::bad_request("only people have passwords"));
        };
        let name = by.name().to_owned();
        self.0.attempts.by_owner(&name, self.0.hub.now())?;
        let row = self.0.accounts.get(&name).ok_or_else(Problem::unauthenticated)?;
        if !self.0.passwords.verify(old, row.value.password, Whose::Known).await? {
            return Err(Problem::bad_request("the present password is not this one"));
        }
        let change = AccountChange { password: Some(new), ..AccountChange::default() };
        self.change_account(&name, Some(row.rev), change, by).await.map(drop)
    }

    fn view(&self, row: Row<Account>) -> AccountView {
        let Row { rev, value } = row;
        AccountView {
            used_at: self.last_use(&value.name).map(Into::into),
            name: value.name,
            role: value.role,
            disabled: value.disabled,
            password: value.password.is_some(),
            provider: value.elsewhere.map(|elsewhere| elsewhere.issuer),
            created_at: value.created_at.into(),
            rev,
        }
    }

    /// An account as an operator looked at it, if nobody changed it since.
    fn looked_at(&self, name: &str, rev: Option<u64>) -> Result<Row<Account>, Problem> {
        let row = self.0.accounts.get(name).ok_or_else(|| Problem::missing(format!("account {name}")))?;
        if rev.is_some_and(|rev| rev != row.rev) {
            return Err(Problem::changed_meanwhile(format!("the account {name}")));
        }
        Ok(row)
    }

    /// Refuses to leave the hub without anybody who could administer it.
    fn keep_an_admin(&self, name: &str, after: &Account) -> Result<(), Problem> {
        let counts = |account: &Account| account.role == Role::Admin && !account.disabled;
        let others = self.0.accounts.all();
        let was = others.iter().any(|(_, row)| row.value.name == name && counts(&row.value));
        let mut others = others.iter().filter(|(_, row)| row.value.name != name);
        if counts(after) || !was || others.any(|(_, row)| counts(&row.value)) {
            return Ok(());
        }
        Err(Problem::taken(format!("{name} is the last administrator: make another one first")))
    }
}

/// Who signs in elsewhere has no password here.
pub(super) fn no_password(name: &str, elsewhere: &Elsewhere) -> Problem {
    Problem::taken(format!("{name} signs in at {} and has no password here", elsewhere.issuer))
}

pub(super) fn entry(
    verb: &'static str,
    before: Option<&Account>,
    after: Option<&Account>,
    password: bool,
    by: &Caller,
) -> AuditEntry {
    let name = before.or(after).map(|account| account.name.as_str()).unwrap_or_default();
    let mut entry = AuditEntry::new(&by.actor, format!("account {name}"), Code::from_static(verb), verb);
    entry.changed.before = before.map(shown);
    entry.changed.after = after.map(shown);
    if let (Some(Value::Object(after)), true) = (&mut entry.changed.after, password) {
        after.insert("password".to_owned(), CHANGED.into());
    }
    entry
}

/// What the audit may show.
fn shown(account: &Account) -> Value {
    let mut shown = json!({ "role": account.role, "disabled": account.disabled });
    if let (Some(elsewhere), Value::Object(shown)) = (&account.elsewhere, &mut shown) {
        shown.insert("provider".to_owned(), elsewhere.issuer.clone().into());
        shown.insert("subject".to_owned(), elsewhere.subject.clone().into());
    }
    shown
}
