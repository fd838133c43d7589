//! What every front door does alike, whatever it speaks: keeps the order of a subject and its connection, has patience
//! with the journal, answers what came before, and begins and ends with its hub.

mod instance;
mod patience;

use std::collections::HashMap;
use std::fmt;

use model::word::code;
use model::{Effects, Job, JobId, Request, Subject};

use crate::clock::Clock;
use crate::desk::hub::{Accepted, Hub};
use crate::desk::link::{Link, Pacer};
use crate::desk::story::Story;
use crate::error::Error;
use crate::intake::{Why, find_subject};
use crate::port::View;

pub use instance::{Running, Source, Sources, Stopped};
pub use patience::Patience;

/// What became of a request, as far as whoever sent it has to hear of it.
#[derive(Debug)]
pub enum Entered {
    /// A new job, on disk.
    New(JobId),
    /// It came before, and its job has not ended: whoever sent it again hears of that end.
    Live(JobId),
    /// It came before, and nothing runs: this is how it ended.
    Ended(Box<Story>),
    /// It came so long ago that how it ended is no longer kept.
    Forgotten,
    /// It merely told something, and nobody here wants to know.
    Unclaimed,
    /// Not accepted. The source decides whether it is kept as a refusal ([`Hub::refuse`]).
    Refused(Why),
}

impl Hub {
    /// Whom a request is about, as intake finds it: what of the same subject is not handed over in order is not run in
    /// order.
    pub fn subject_of(&self, request: &Request) -> Option<Subject> {
        request.subject.clone().or_else(|| find_subject(&request.body, &self.action(&request.action).spec))
    }

    /// Hands a request over, and finds out how it ended when it came before. An error means that nothing was accepted
    /// and the source must keep the message.
    pub async fn enter(&self, request: Request) -> Result<Entered, Error> {
        Ok(match self.accept(request, Effects::default()).await? {
            Accepted::New(job) => Entered::New(job),
            Accepted::Known(job, Some(known)) if known.state.is_terminal() => {
                Entered::Ended(Box::new(self.story(job).await?))
            }
            Accepted::Known(job, Some(_)) => Entered::Live(job),
            Accepted::Known(_, None) => Entered::Forgotten,
            Accepted::Unclaimed => Entered::Unclaimed,
            Accepted::Refused(why) => Entered::Refused(why),
        })
    }
}

/// What was taken together, in lines that may go beside each other: one for each subject, in the order in which its
/// first came. What is about nobody is a line by itself.
pub fn by_subject<T>(
    taken: impl IntoIterator<Item = T>,
    subject: impl Fn(&T) -> Option<Subject>,
) -> Vec<Vec<T>> {
    let (mut lines, mut places) = (Vec::<Vec<T>>::new(), HashMap::new());
    for one in taken {
        let place = subject(&one).map(|subject| *places.entry(subject).or_insert(lines.len()));
        match place.and_then(|place| lines.get_mut(place)) {
            Some(line) => line.push(one),
            None => lines.push(vec![one]),
        }
    }
    lines
}

/// Whether a source tells what becomes of a job: whoever took one over tells it, too.
pub fn is_told_by(source: &str, view: &View<'_>) -> bool {
    view.job.source == source && !was_taken_over(view.job)
}

/// Whether somebody else does the job.
pub fn was_taken_over(job: &Job) -> bool {
    job.code == Some(code::TAKEN_OVER)
}

/// Why a source leaves what only one hub can have.
const LEFT: &str =
    "PostgreSQL has confirmed nothing for a while: what only one hub can have is left to another one";

/// Keeps a source connected, once this hub leads: `life` is one life of its connections, and ends with why they are lost. It is ended as soon as
/// another hub may be about to work on the journal, since that one cannot have the queue as long as we hold it.
pub async fn keep<F, E>(hub: &Hub, link: &Link, clock: &Clock, life: impl Fn() -> F)
where
    F: Future<Output = E>,
    E: fmt::Display,
{
    link.waits(!hub.is_leading());
    if !hub.leads().await {
        return;
    }
    link.waits(false);
    let mut pacer = Pacer::new(link, clock);
    loop {
        hub.sure().await;
        let why = tokio::select! {
            why = life() => why.to_string(),
            () = hub.doubted() => LEFT.to_owned(),
        };
        pacer.lost(&why).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subject_has_a_line_in_the_order_of_arrival() {
        let subject = |one: &&str| Subject::new("account", one.split_once(' ')?.0);
        let taken = ["b 0", "a 1", "nobody", "b 2", "a 3", "none", "b 4"];
        let lines = by_subject(taken, subject);
        assert_eq!(lines, [vec!["b 0", "b 2", "b 4"], vec!["a 1", "a 3"], vec!["nobody"], vec!["none"]]);
        let many: Vec<usize> = (0..100).collect();
        assert_eq!(by_subject(many.clone(), |_| None).concat(), many);
    }
}
