//! The additional authenticated data (AAD) of sealed values: which row each is of, and what that row says in clear.

use jiff::Timestamp;
use model::{
    Class, Code, DeliveryId, DeliveryTo, EntityKey, Job, JobId, OnError, OutcomeKind, RecordKind, Subject,
};

use crate::change::NewJob;
use crate::seal::Format;

/// The additional authenticated data of a sealed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aad {
    bytes: Vec<u8>,
    /// So many of them are bound in the format [`Format::Id`].
    id: usize,
    /// A row may rightly have become this one.
    otherwise: Option<Box<Aad>>,
}

/// What of a job decides, and is in clear. It is given once, and never changes; only its class may become interactive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deciding<'a> {
    pub(crate) id: JobId,
    pub(crate) source: &'a str,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) action: &'a str,
    pub(crate) subject: Option<&'a Subject>,
    pub(crate) class: Class,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) dry_run: bool,
    pub(crate) accepted_at: Timestamp,
    pub(crate) replay_of: Option<JobId>,
}

impl<'a> From<&'a Job> for Deciding<'a> {
    fn from(job: &'a Job) -> Self {
        Deciding {
            id: job.id,
            source: &job.source,
            external_id: job.external_id.as_deref(),
            action: &job.action,
            subject: job.subject.as_ref(),
            class: job.class,
            deadline: job.deadline,
            not_before: job.not_before,
            dry_run: job.dry_run,
            accepted_at: job.accepted_at,
            replay_of: job.replay_of,
        }
    }
}

impl<'a> From<&'a NewJob> for Deciding<'a> {
    fn from(job: &'a NewJob) -> Self {
        Deciding {
            id: job.id,
            source: &job.source,
            external_id: job.external_id.as_ref().map(|id| id.value.as_str()),
            action: &job.action,
            subject: job.subject.as_ref(),
            class: job.class,
            deadline: job.deadline,
            not_before: job.not_before,
            dry_run: job.dry_run,
            accepted_at: job.accepted_at,
            replay_of: job.replay_of,
        }
    }
}

/// How an attempt ended, as far as it is in clear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) at: Option<Timestamp>,
    pub(crate) kind: Option<OutcomeKind>,
    pub(crate) status: i32,
    pub(crate) code: Option<&'a Code>,
    pub(crate) message: Option<&'a str>,
}

impl Aad {
    fn new(kind: &str) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(kind.as_bytes());
        Aad { bytes, id: 0, otherwise: None }
    }

    /// With its length before each part, no two lists give the same bytes.
    fn and(mut self, part: &[u8]) -> Self {
        self.bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(part);
        self
    }

    /// A part that may be absent, which is something else than empty.
    fn and_maybe(mut self, part: Option<&[u8]>) -> Self {
        let Some(part) = part else {
            self.bytes.extend_from_slice(&u64::MAX.to_le_bytes());
            return self;
        };
        self.and(part)
    }

    fn and_time(self, time: Option<Timestamp>) -> Self {
        let millis = time.map(|time| time.as_millisecond().to_le_bytes());
        self.and_maybe(millis.as_ref().map(<[u8; 8]>::as_slice))
    }

    /// What was bound up to here says which row it is.
    fn of_row(mut self) -> Self {
        self.id = self.bytes.len();
        self
    }

    pub(crate) fn body(job: Deciding<'_>) -> Self {
        let mut aad = Aad::body_as(job, job.class);
        if job.class == Class::Interactive {
            aad.otherwise = Some(Box::new(Aad::body_as(job, Class::Bulk)));
        }
        aad
    }

    fn body_as(job: Deciding<'_>, class: Class) -> Self {
        let class: &[u8] = match class {
            Class::Interactive => b"interactive",
            Class::Bulk => b"bulk",
        };
        let aad = Aad::new("body")
            .and(job.id.0.as_bytes())
            .of_row()
            .and(job.source.as_bytes())
            .and_maybe(job.external_id.map(str::as_bytes))
            .and(job.action.as_bytes())
            .and_maybe(job.subject.map(|subject| subject.as_str().as_bytes()))
            .and(class)
            .and_time(job.deadline)
            .and_time(Some(job.accepted_at))
            .and_maybe(job.replay_of.as_ref().map(|job| job.0.as_bytes().as_slice()));
        // What older rows do not have is not in theirs.
        let aad = match job.not_before {
            Some(time) => aad.and(b"not before").and_time(Some(time)),
            None => aad,
        };
        if job.dry_run { aad.and(b"dry run") } else { aad }
    }

    /// The plan has no sealed content: that it is this one is all that is sealed.
    pub(crate) fn plan<'a>(job: JobId, steps: impl Iterator<Item = (&'a str, OnError)>) -> Self {
        steps.fold(Aad::new("plan").and(job.0.as_bytes()).of_row(), |aad, (backend, on_error)| {
            let on_error: &[u8] = match on_error {
                OnError::Stop => b"stop",
                OnError::Continue => b"continue",
            };
            aad.and(backend.as_bytes()).and(on_error)
        })
    }

    pub(crate) fn secrets(job: JobId) -> Self {
        Aad::new("secrets").and(job.0.as_bytes()).of_row()
    }

    /// A reply address is sealed before it is known which job it joins: it belongs to the external id, or, without
    /// one, to the job.
    pub(crate) fn reply(source: &str, external_id: Option<&str>, job: JobId) -> Self {
        match external_id {
            Some(value) => Aad::new("reply").and(source.as_bytes()).and(value.as_bytes()).of_row(),
            None => Aad::new("reply").and(job.0.as_bytes()).of_row(),
        }
    }

    pub(crate) fn output(job: JobId, step: u16, number: u32, end: Ending<'_>) -> Self {
        let kind: Option<&[u8]> = end.kind.map(|kind| match kind {
            OutcomeKind::Done => b"done".as_slice(),
            OutcomeKind::Soft => b"soft",
            OutcomeKind::Hard => b"hard",
            OutcomeKind::Wait => b"wait",
        });
        Aad::new("output")
            .and(job.0.as_bytes())
            .and(&step.to_le_bytes())
            .and(&number.to_le_bytes())
            .of_row()
            .and_time(end.at)
            .and_maybe(kind)
            .and(&end.status.to_le_bytes())
            .and_maybe(end.code.map(|code| code.as_str().as_bytes()))
            .and_maybe(end.message.map(str::as_bytes))
    }

    pub(crate) fn delivery(id: DeliveryId, to: &DeliveryTo) -> Self {
        Aad::new("delivery")
            .and(id.0.as_bytes())
            .of_row()
            .and(to.courier.as_bytes())
            .and(to.address.as_bytes())
    }

    pub(crate) fn entity(key: &EntityKey, rev: u64, state: &str, label: &str) -> Self {
        Aad::new("entity")
            .and(key.kind.as_bytes())
            .and(key.key.as_bytes())
            .and(&rev.to_le_bytes())
            .of_row()
            .and(state.as_bytes())
            .and(label.as_bytes())
    }

    /// A record gets its number at commit, later than it is sealed: it is bound to all that it says in clear.
    pub(crate) fn record(
        kind: RecordKind,
        at: Timestamp,
        who: &str,
        what: Option<&str>,
        code: &Code,
        message: &str,
    ) -> Self {
        let kind: &[u8] = match kind {
            RecordKind::Refusal => b"refusal",
            RecordKind::Audit => b"audit",
            RecordKind::Message => b"message",
        };
        Aad::new("record")
            .and(kind)
            .and(&at.as_millisecond().to_le_bytes())
            .and(who.as_bytes())
            .and(what.unwrap_or_default().as_bytes())
            .and(code.as_str().as_bytes())
            .and(message.as_bytes())
            .of_row()
    }

    /// Something that the journal keeps of itself.
    pub(crate) fn meta(name: &str) -> Self {
        Aad::new("meta").and(name.as_bytes()).of_row()
    }

    /// What is authenticated in this format.
    pub(crate) fn bytes(&self, format: Format) -> &[u8] {
        match format {
            Format::Id => self.bytes.get(..self.id).unwrap_or_default(),
            Format::Row => &self.bytes,
        }
    }

    /// What the row may have been when the value was sealed.
    pub(crate) fn otherwise(&self) -> Option<&Aad> {
        self.otherwise.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_first_format_is_as_it_was() {
        let id = JobId(Uuid::from_u128(5));
        let mut expected = b"secrets".to_vec();
        expected.extend_from_slice(&16_u64.to_le_bytes());
        expected.extend_from_slice(id.0.as_bytes());
        assert_eq!(Aad::secrets(id).bytes(Format::Id), expected);
        let to = DeliveryTo { courier: "c".to_owned(), address: "a".to_owned() };
        let delivery = Aad::delivery(DeliveryId(id.0), &to);
        assert_eq!(&delivery.bytes(Format::Id)[8..], &expected[7..]);
        assert!(delivery.bytes(Format::Row).len() > delivery.bytes(Format::Id).len());
    }

    #[test]
    fn no_part_runs_into_the_next() {
        let plan = |steps: &[(&'static str, OnError)]| Aad::plan(JobId(Uuid::nil()), steps.iter().copied());
        let plans = [
            plan(&[]),
            plan(&[("", OnError::Stop)]),
            plan(&[("a", OnError::Stop), ("b", OnError::Stop)]),
            plan(&[("b", OnError::Stop), ("a", OnError::Stop)]),
            plan(&[("ab", OnError::Stop)]),
            plan(&[("a", OnError::Continue), ("b", OnError::Stop)]),
        ];
        for (at, one) in plans.iter().enumerate() {
            assert!(plans.iter().skip(at + 1).all(|other| other != one), "{one:?}");
        }
    }

    #[test]
    fn nothing_is_not_empty() {
        let with = |value: Option<&[u8]>| Aad::new("x").and_maybe(value);
        assert_ne!(with(None), with(Some(b"")));
    }
}
