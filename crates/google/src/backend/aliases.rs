//! Aliases: what goes goes first, one call each.

use crate::account::{Plan, User, same};
use crate::told::Failure;
use crate::trouble::Op;

use super::attempt::{Attempt, Said, Step, forgetful};

impl Attempt<'_> {
    /// Gives and takes what is planned. `settling` = we wrote to this account a moment ago.
    pub(super) async fn settle_aliases(&self, user: &User, plan: &Plan, settling: bool) -> Step<()> {
        let now = self.work.clock.now();
        self.work.memory.free(&plan.remove, now).await.map_err(forgetful)?;
        let directory = &self.work.directory;
        for alias in &plan.remove {
            // One that is gone already is as good.
            self.ask(Op::AliasDelete, settling, || directory.delete_alias(&user.id, alias)).await?;
        }
        for alias in &plan.insert {
            self.give(user, alias, settling).await?;
        }
        Ok(())
    }

    async fn give(&self, user: &User, alias: &str, settling: bool) -> Step<()> {
        loop {
            let asked = || self.work.directory.insert_alias(&user.id, alias);
            match self.ask(Op::AliasInsert, settling, asked).await? {
                Said::Done(()) => return Ok(()),
                Said::Absent => return Err(self.not_existing(&user.id)),
                Said::Held => {}
            }
            if let Some(holder) = self.user(alias).await? {
                if holder.id == user.id {
                    return Ok(());
                }
                return Err(self.held_by(alias, Some(&holder)));
            }
            let own = self.user(&user.id).await?;
            if own.is_some_and(|own| own.aliases.iter().any(|own| same(own, alias))) {
                return Ok(());
            }
            self.or_is_free_soon(alias, settling).await?;
        }
    }

    /// Waits for an address that nobody holds any more as far as one can see; where none of ours has given it up, somebody
    /// holds it whom we cannot see.
    pub(super) async fn or_is_free_soon(&self, address: &str, settling: bool) -> Step<()> {
        let now = self.work.clock.now();
        let freed = settling || self.work.memory.was_freed(address, now).await.map_err(forgetful)?;
        match (freed, freed && self.pause().await) {
            (_, true) => Ok(()),
            (true, false) => Err(self.unsettled(format!("Google does not yet see that {address} is free"))),
            (false, _) => Err(self.held_by(address, None)),
        }
    }

    /// Somebody else has the address.
    pub(super) fn held_by(&self, address: &str, holder: Option<&User>) -> Box<model::Outcome> {
        let message = match holder {
            Some(holder) if same(&holder.primary_email, address) => {
                format!(
                    "Google account {address} already exists: {} {}, id {}",
                    holder.name.given_name, holder.name.family_name, holder.id
                )
            }
            Some(holder) => format!(
                "{address} is an alias of the Google account {} ({} {}, id {})",
                holder.primary_email, holder.name.given_name, holder.name.family_name, holder.id
            ),
            None => format!(
                "{address} is held by something that cannot be read: a group, or an account that is not ours"
            ),
        };
        let mut data = self.in_the_way(holder);
        data.insert("address".to_owned(), address.into());
        Box::new(Failure::AlreadyExists.hard(self.work.rules.codes, message, data))
    }

    /// The account that is known by this id is not there.
    pub(super) fn not_existing(&self, id: &str) -> Box<model::Outcome> {
        self.fails(Failure::NotExisting, format!("Google Account {id} does not exist"))
    }
}
