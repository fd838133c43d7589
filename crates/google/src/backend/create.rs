//! An account is made: once, whatever happens in between.

use model::Outcome;
use serde_json::{Value, json};

use crate::account::{Holder, MOST_ALIASES, PasswordHash, Person, User, Whose, insertion, plan, whose};
use crate::diff::Asked;
use crate::identity::Identity;
use crate::request::Wish;
use crate::told::{About, Event, Failure, done};
use crate::trouble::Op;

use super::attempt::{Attempt, Said, Step, forgetful};
use super::memory::Kept;
use super::owner::Owner;

impl Attempt<'_> {
    /// Makes the account, has its id kept, gives it its aliases; only then is success told.
    pub(super) async fn create(&self, owner: Owner<'_>, person: &Person, wish: Wish) -> Step<Outcome> {
        self.hides(person);
        let primary = wish.primary.clone().ok_or_else(|| self.no_address())?;
        self.within_bounds(&wish, &primary)?;
        self.hold("address", &primary)?;
        let mut kept = self.work.memory.of(&person.key).await.map_err(forgetful)?;
        let settling = kept.is_settling(self.work.clock.now(), self.work.rules.settle);
        // What was suspended in the place of a deletion is there for those who ask for it again.
        let reopened = kept.retired.then_some(false);
        let there = match self.registered(&owner, person, &primary, &kept, settling).await? {
            Some(user) => Some(user),
            None => self.left_by_us(person, &primary).await?,
        };
        if self.call.dry_run {
            return Ok(would_create(person, &primary, &wish, there.as_ref()));
        }
        kept.asked = Asked { primary: None, aliases: None, suspended: Some(false) };
        kept.asked.ask(&wish, None);
        let asked = kept.asked.clone();
        let (user, is_new) = match there {
            Some(user) => (user, false),
            None => self.insert(person, &primary, kept.clone(), settling).await?,
        };
        self.knows(&user);
        self.hold("google", &user.id)?;
        let mut kept = self.work.memory.of(&person.key).await.map_err(forgetful)?;
        if is_new {
            kept.password = self.fingerprint(person).await?;
        }
        kept.id = Some(user.id.clone());
        kept.primary = Some(user.primary_email.clone());
        kept.asked = asked;
        kept.deleted = false;
        // From here on every attempt finds the account by what the referential says.
        self.save(&owner, &user).await?;
        let user =
            if is_new { user } else { self.push(person, &user, &wish, reopened, &mut kept, true).await?.0 };
        let plan = self.planned(&wish, &user, None, &primary)?;
        self.settle_aliases(&user, &plan, true).await?;
        kept.retired = false;
        self.is_as_asked(person, &user, &mut kept).await?;
        self.about_to_write(&person.key, &mut kept).await?;
        Ok(self.told(&owner, person, &user, &primary, Event::Created))
    }

    /// An identity has no request of its own for making and for bringing up to date: what is there is brought up to date.
    pub(super) async fn create_or_update(&self, owner: Owner<'_>, identity: &Identity) -> Step<Outcome> {
        let (person, wish) = (&identity.person, identity.wish.clone());
        if let Some(id) = owner.google_id() {
            let kept = self.work.memory.of(&person.key).await.map_err(forgetful)?;
            let settling = kept.is_settling(self.work.clock.now(), self.work.rules.settle);
            if self.user_by_id(&id, kept.primary.as_deref(), settling).await?.is_some() {
                return self.update(owner, person, wish, kept.retired.then_some(false)).await;
            }
        }
        self.create(Owner::Own(None), person, wish).await
    }

    /// The account that is registered already. One that an earlier attempt has made is gone on with; one that is not there
    /// counts as none.
    async fn registered(
        &self,
        owner: &Owner<'_>,
        person: &Person,
        primary: &str,
        kept: &Kept,
        settling: bool,
    ) -> Step<Option<User>> {
        let Some(id) = owner.google_id() else { return Ok(None) };
        let ours = settling && !kept.deleted && kept.id.as_deref() == Some(&id);
        let Some(user) = self.user_by_id(&id, Some(primary), ours).await? else { return Ok(None) };
        let is_retired = kept.retired && person.marks.first().is_some_and(|mark| user.carries(mark));
        if is_retired || self.is_ours(person, &user.primary_email, &user) {
            return Ok(Some(user));
        }
        let message =
            format!("Account {} already has a Google account registered: {}", person.key, user.primary_email);
        let data = self.in_the_way(Some(&user));
        Err(Box::new(Failure::AlreadyRegistered.hard(self.work.rules.codes, message, data)))
    }

    /// The account that an earlier attempt may have made, without having heard of it.
    async fn left_by_us(&self, person: &Person, primary: &str) -> Step<Option<User>> {
        if !self.before {
            return Ok(None);
        }
        let Some(user) = self.user(primary).await? else { return Ok(None) };
        Ok(self.is_ours(person, primary, &user).then_some(user))
    }

    fn is_ours(&self, person: &Person, primary: &str, user: &User) -> bool {
        let holder = Holder::Account(Box::new(user.clone()));
        let ours = |mark| whose(&holder, primary, mark, self.before, self.work.rules.adopt) == Whose::Ours;
        person.marks.first().is_some_and(ours)
    }

    async fn insert(&self, person: &Person, primary: &str, kept: Kept, settling: bool) -> Step<(User, bool)> {
        let body = insertion(&with_password(person), primary);
        let noted = Kept {
            primary: Some(primary.to_owned()),
            written_at: Some(self.work.clock.now()),
            deleted: false,
            ..kept
        };
        self.work.memory.keep(&person.key, &noted).await.map_err(forgetful)?;
        loop {
            match self.ask(Op::Insert, settling, || self.work.directory.insert(&body)).await? {
                Said::Done(user) => return Ok((user, true)),
                Said::Absent => return Err(self.not_existing(primary)),
                Said::Held => {}
            }
            match self.user(primary).await? {
                Some(user) if self.is_ours(person, primary, &user) => return Ok((user, false)),
                Some(user) => return Err(self.held_by(primary, Some(&user))),
                None => self.or_is_free_soon(primary, settling).await?,
            }
        }
    }

    /// More aliases than Google gives are refused before anything is asked.
    pub(super) fn within_bounds(&self, wish: &Wish, primary: &str) -> Step<()> {
        // What follows from the domains is not known yet, and is subtracted later.
        let Err(too_many) = plan(wish.aliases.as_deref(), &[], &[], None, primary) else { return Ok(()) };
        let message = format!("{too_many} ({MOST_ALIASES}): leave out some");
        let data =
            serde_json::Map::from_iter([("errors".to_owned(), json!([format!("/aliases: {too_many}")]))]);
        Err(Box::new(Failure::Payload.hard(self.work.rules.codes, message, data)))
    }

    pub(super) fn no_address(&self) -> Box<Outcome> {
        self.fails(
            Failure::Payload,
            "no primary address: neither the request, nor google.addresses, nor google.naming says one",
        )
    }

    /// Success, with reply and notifications.
    pub(super) fn told(
        &self,
        owner: &Owner<'_>,
        person: &Person,
        user: &User,
        primary: &str,
        event: Event,
    ) -> Outcome {
        let number = owner.number();
        let about = About {
            uuid: Some(&person.key),
            number: number.as_deref(),
            google_id: &user.id,
            primary,
            suspended: user.suspended,
        };
        let what = match event {
            Event::Created => "was made",
            Event::Updated => "is up to date",
            Event::Suspended => "is suspended",
            Event::Deleted => "was deleted",
        };
        let notices = about.notices(event, self.front, self.work.rules.notices);
        let data = json!({ "uuid": person.key, "google_id": user.id });
        done(format!("Google account {primary} {what}"), data, notices)
    }
}

/// Google makes no account without a password: who has none here gets one that nobody knows.
fn with_password(person: &Person) -> Person {
    let mut bytes = [0; 20];
    let unknown = getrandom::fill(&mut bytes).ok().and_then(|()| {
        // Two numbers of 80 bits are 40 digits.
        let (first, rest) = bytes.split_at(10);
        let number = |half: &[u8]| half.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        PasswordHash::new(&format!("{:020x}{:020x}", number(first), number(rest))).ok()
    });
    Person { password: person.password.clone().or(unknown), ..person.clone() }
}

/// A body as it may be shown: without the password.
pub(super) fn shown(mut body: serde_json::Map<String, Value>) -> Value {
    body.remove("password");
    body.remove("hashFunction");
    Value::Object(body)
}

fn would_create(person: &Person, primary: &str, wish: &Wish, there: Option<&User>) -> Outcome {
    let message = match there {
        Some(user) => {
            format!("Google account {} is there, and would be gone on with", user.primary_email)
        }
        None => format!("Google account {primary} would be made"),
    };
    let body = shown(insertion(person, primary));
    done(
        message,
        json!({ "body": body, "aliases": wish.aliases, "there": there.map(User::told) }),
        Vec::new(),
    )
}
