//! Accounts of people who sign in at the provider: made and brought up to date as they come.

use engine::{Actor, AuditEntry, carry};
use model::Code;

use super::fault::Fault;
use super::token::Claims;
use super::{Oidc, Settings};
use crate::account::{self, Account, Elsewhere};
use crate::store::Row;
use crate::{Access, name};
use http::Role;
use http::{Caller, Proof, Scopes};

impl Access {
    /// The account of somebody whom the provider vouches for, as it is after what the provider says now.
    pub(super) async fn account_of(&self, oidc: &Oidc, claims: &Claims) -> Result<Row<Account>, Fault> {
        let settings = &oidc.settings;
        let subject = claims.get("sub").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let who = Elsewhere { issuer: settings.issuer.clone(), subject };
        let by = Caller {
            actor: Actor(format!("oidc:{}", settings.label)),
            scopes: Scopes::admin(),
            by: Proof::Socket,
        };
        let (access, settings, claims) = (self.clone(), oidc.settings.clone(), claims.clone());
        carry(async move { access.write_account_of(&settings, &claims, who, &by).await }).await
    }

    async fn write_account_of(
        &self,
        settings: &Settings,
        claims: &Claims,
        who: Elsewhere,
        by: &Caller,
    ) -> Result<Row<Account>, Fault> {
        let _turn = self.0.turn.lock().await;
        let own = self.0.accounts.all().into_iter().map(|(_, row)| row);
        let own = own.into_iter().find(|row| row.value.elsewhere.as_ref() == Some(&who));
        let name = account_name(own.as_ref(), settings, claims)?;
        let checked = self.check(own.as_ref(), &name, settings.mapping.role(claims));
        let role = match checked {
            Ok(role) => role,
            Err(fault) => {
                let (what, code) = (format!("account {name}"), Code::from_static("sign_in_refused"));
                let entry = AuditEntry::new(&by.actor, what, code, fault.to_string());
                // What the provider no longer grants ends at once.
                let ends = || if own.is_some() { self.session_ends(&name, by) } else { Vec::new() };
                self.write_as_it_stands(|| Ok((ends(), Some(entry.clone())))).await?;
                return Err(fault);
            }
        };
        self.bring_up_to_date(own, name, role, who, by).await
    }

    /// The role, if nothing is in the way.
    fn check(&self, own: Option<&Row<Account>>, name: &str, role: Option<Role>) -> Result<Role, Fault> {
        if own.is_none() && self.0.accounts.get(name).is_some() {
            return Err(Fault::Taken { name: name.to_owned() });
        }
        if own.is_some_and(|row| row.value.disabled) {
            return Err(Fault::KeptOut { name: name.to_owned() });
        }
        role.ok_or_else(|| Fault::NoRole { name: name.to_owned() })
    }

    async fn bring_up_to_date(
        &self,
        own: Option<Row<Account>>,
        name: String,
        role: Role,
        who: Elsewhere,
        by: &Caller,
    ) -> Result<Row<Account>, Fault> {
        let (verb, rev, before) = match own {
            Some(row) if row.value.role == role => return Ok(row),
            Some(row) => ("changed", row.rev, Some(row.value)),
            None => ("made", 0, None),
        };
        let after = match &before {
            Some(before) => Account { role, ..before.clone() },
            None => Account {
                name: name.clone(),
                role,
                password: None,
                disabled: false,
                created_at: self.0.hub.now(),
                elsewhere: Some(who),
            },
        };
        let entry = account::entry(verb, before.as_ref(), Some(&after), false, by);
        self.0.accounts.put(&name, rev, &after, Some(entry)).await?;
        Ok(Row { rev: rev + 1, value: after })
    }
}

/// The name of an account that is there, or the one that the provider gives.
fn account_name(own: Option<&Row<Account>>, settings: &Settings, claims: &Claims) -> Result<String, Fault> {
    if let Some(own) = own {
        return Ok(own.value.name.clone());
    }
    let given = settings.mapping.name(claims).filter(|given| name::check(given).is_ok());
    given.ok_or_else(|| Fault::Nameless { claim: settings.mapping.name_claim.clone() })
}
