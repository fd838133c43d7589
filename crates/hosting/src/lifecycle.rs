//! How an establishment moves: from a state and an event to the next state and what follows from it, or a refusal. Pure.

use crate::state::{State, Work};

/// Where an establishment stands, as far as it decides what may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// The work of that state goes on. A deletion that failed leaves the state as it is, and no work in it.
    pub at_work: bool,
}

/// What happens to an establishment: these, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client asks for it, with the values that it has.
    PostSame,
    /// A client asks for it with other values.
    PostOther,
    /// A client changes what is known of it.
    Put,
    /// A client wants it removed.
    Delete,
    /// The school has handed its databases over.
    HandedOver,
    /// The school has handed others over after an error.
    NewUpload,
    /// The work of its state is done.
    Done,
    /// That work failed for good.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// It was superseded, or its time ran out.
    Dropped,
    /// The state wants work, and no live job does it.
    Lost,
    /// An operator has it tried again.
    Retry,
    /// Its exports were kept for as long as they are to be.
    RetentionPassed,
    /// Its key was replaced.
    KeyRotated,
}

impl Event {
    /// All of them.
    pub const ALL: [Event; 14] = [
        Event::PostSame,
        Event::PostOther,
        Event::Put,
        Event::Delete,
        Event::HandedOver,
        Event::NewUpload,
        Event::Done,
        Event::Failed,
        Event::Cancelled,
        Event::Dropped,
        Event::Lost,
        Event::Retry,
        Event::RetentionPassed,
        Event::KeyRotated,
    ];

    /// What it is that the school has handed databases over, in this state.
    pub fn upload(state: State) -> Self {
        if state.is_error() { Event::NewUpload } else { Event::HandedOver }
    }
}

/// What follows from a move, beside the state itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Backends are asked for this.
    Ask(Work),
    /// It begins anew: another generation, of which nothing is known yet but what the client says.
    Renew,
    /// It has another key; the one before, and all that was signed with it, is void.
    Rekey,
    /// The new values wait until the work is done.
    Hold,
    /// The new values hold from now on.
    Adopt,
    /// The new values are dropped.
    Forgo,
    /// What it takes to connect is what the backends say.
    Connect,
    /// What was exported is kept for download; all else is forgotten.
    Export,
    /// Nothing of it is kept.
    Forget,
}

/// A move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The next state; the same, where it stays.
    pub to: State,
    /// What follows, in order.
    pub effects: &'static [Effect],
}

/// Why something cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is one already, with other values.
    Exists,
    /// Not in this state.
    NotNow,
    /// It is deleted already.
    Gone,
    /// The work goes on: there is nothing to try again.
    UnderWay,
    /// Nothing failed.
    NothingFailed,
    /// No work is waited for, or another one.
    NoWork,
    /// It is to be kept.
    Kept,
}

/// Where an event leads.
pub fn step(standing: Standing, event: Event) -> Result<Step, Refusal> {
    use Effect as F;
    use Event as E;
    use State as S;
    let Standing { state, at_work } = standing;
    let stay = |effects| Ok(Step { to: state, effects });
    let go = |to, effects| Ok(Step { to, effects });
    match event {
        E::PostSame => match state {
            S::StartError => go(S::Start, &[F::Ask(Work::Create)]),
            S::Deleted => go(S::Start, &[F::Renew, F::Ask(Work::Create)]),
            _ => stay(&[]),
        },
        E::PostOther => match state {
            S::Deleted => go(S::Start, &[F::Renew, F::Ask(Work::Create)]),
            _ => Err(Refusal::Exists),
        },
        E::Put => match state {
            S::Ready => go(S::Alter, &[F::Hold, F::Ask(Work::Alter)]),
            _ => Err(Refusal::NotNow),
        },
        E::Delete => match state {
            S::Deleted => Err(Refusal::Gone),
            S::Delete if at_work => stay(&[]),
            _ => go(S::Delete, &[F::Forgo, F::Ask(Work::Delete)]),
        },
        E::HandedOver if state == S::DbWait => go(S::Uploaded, &[F::Ask(Work::Mount)]),
        E::NewUpload if state == S::UploadedError => go(S::Uploaded, &[F::Ask(Work::Mount)]),
        E::HandedOver | E::NewUpload => Err(Refusal::NotNow),
        E::Done if at_work => match state {
            S::Start => go(S::DbWait, &[]),
            S::Uploaded => go(S::UploadedRight, &[F::Ask(Work::Open)]),
            S::UploadedRight => go(S::Ready, &[F::Connect]),
            S::Alter => go(S::Ready, &[F::Adopt, F::Connect]),
            S::Delete => go(S::Deleted, &[F::Export]),
            _ => Err(Refusal::NoWork),
        },
        E::Failed | E::Cancelled | E::Dropped if at_work => match state {
            S::Start => go(S::StartError, &[]),
            S::Uploaded | S::UploadedRight => go(S::UploadedError, &[]),
            S::Alter => go(S::Ready, &[F::Forgo]),
            S::Delete => stay(&[]),
            _ => Err(Refusal::NoWork),
        },
        E::Lost if at_work => match state {
            S::Start => stay(&[F::Ask(Work::Create)]),
            S::Uploaded => stay(&[F::Ask(Work::Mount)]),
            S::UploadedRight => stay(&[F::Ask(Work::Open)]),
            S::Alter => stay(&[F::Ask(Work::Alter)]),
            S::Delete => stay(&[F::Ask(Work::Delete)]),
            _ => Err(Refusal::NoWork),
        },
        E::Done | E::Failed | E::Cancelled | E::Dropped | E::Lost => Err(Refusal::NoWork),
        E::Retry => match state {
            S::StartError => go(S::Start, &[F::Ask(Work::Create)]),
            S::UploadedError => go(S::Uploaded, &[F::Ask(Work::Mount)]),
            S::Delete if !at_work => stay(&[F::Ask(Work::Delete)]),
            _ if state.work().is_some() => Err(Refusal::UnderWay),
            _ => Err(Refusal::NothingFailed),
        },
        E::RetentionPassed => match state {
            S::Deleted => stay(&[F::Forget]),
            _ => Err(Refusal::Kept),
        },
        E::KeyRotated => stay(&[F::Rekey]),
    }
}

/// Whether an establishment can come from one state to another at once: what a history may hold.
pub fn leads(from: State, to: State) -> bool {
    let standings = [true, false].map(|at_work| Standing { state: from, at_work });
    let mut steps = standings
        .into_iter()
        .flat_map(|at| Event::ALL.into_iter().filter_map(move |event| step(at, event).ok()));
    from != to && steps.any(|step| step.to == to)
}

#[cfg(test)]
mod tests;
