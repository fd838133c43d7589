//! Notifications that wait for the backend's thread, and what became of them.

use std::collections::VecDeque;
use std::ffi::CString;

use mapistore_wire::{Notify, code};

use crate::callback::Manager;

/// How many notifications wait, and how many answers.
pub(crate) const MOST: usize = 1024;

/// A notification as a backend takes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) id: u64,
    pub(crate) backend: CString,
    pub(crate) username: CString,
    pub(crate) vuser: CString,
    pub(crate) folder: Option<CString>,
    pub(crate) message: Option<CString>,
    pub(crate) root: Option<CString>,
}

impl Call {
    /// Copies what arrived. The texts of the wire contain no U+0000.
    fn new(notify: Notify<'_>) -> Option<Self> {
        let text = |text: Option<&str>| text.and_then(|text| CString::new(text).ok());
        Some(Self {
            id: notify.id,
            backend: text(Some(notify.triple.backend()))?,
            username: text(Some(notify.triple.username()))?,
            vuser: text(Some(notify.triple.vuser()))?,
            folder: text(notify.folder),
            message: text(notify.message),
            root: text(notify.root),
        })
    }
}

/// What became of a notification.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) id: u64,
    pub(crate) code: i32,
    pub(crate) uri: Option<String>,
}

/// A backend that can take notifications, or no longer can, which the hub may not know yet.
struct Managed {
    backend: Box<str>,
    manager: Option<Manager>,
    news: bool,
}

/// In which thread notifications are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dispatch {
    /// Nobody has asked for them.
    #[default]
    Nowhere,
    /// The host calls for them.
    Host,
    /// In the library's own.
    Thread,
}

/// The inbox.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) dispatch: Dispatch,
    managed: Vec<Managed>,
    calls: VecDeque<Call>,
    answers: VecDeque<Answer>,
}

impl Inbox {
    pub(crate) const fn new() -> Self {
        Self {
            dispatch: Dispatch::Nowhere,
            managed: Vec::new(),
            calls: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    /// Notes who takes notifications for a backend from now on.
    pub(crate) fn manage(&mut self, backend: &str, manager: Option<Manager>) {
        match self.managed.iter_mut().find(|managed| *managed.backend == *backend) {
            Some(managed) => (managed.manager, managed.news) = (manager, true),
            None => self.managed.push(Managed { backend: backend.into(), manager, news: true }),
        }
    }

    fn manager(&self, backend: &str) -> Option<Manager> {
        self.managed.iter().find(|managed| *managed.backend == *backend)?.manager
    }

    /// Takes a notification; whether there is one more to hand over.
    pub(crate) fn take(&mut self, notify: Notify<'_>) -> bool {
        let code = match (self.manager(notify.triple.backend()), self.dispatch) {
            (None, _) => code::NOT_IMPLEMENTED,
            (_, Dispatch::Nowhere) => code::NOT_INITIALIZED,
            _ if self.calls.len() >= MOST => code::MSG_RCV,
            _ => match Call::new(notify) {
                Some(call) => {
                    self.calls.push_back(call);
                    return true;
                }
                None => code::INVALID_DATA,
            },
        };
        self.answer(Answer { id: notify.id, code, uri: None });
        false
    }

    /// The notification that waits longest, with who takes it, who may have gone meanwhile.
    pub(crate) fn next_call(&mut self) -> Option<(Call, Option<Manager>)> {
        let call = self.calls.pop_front()?;
        let manager = call.backend.to_str().ok().and_then(|backend| self.manager(backend));
        Some((call, manager))
    }

    /// How many notifications wait.
    pub(crate) fn waiting(&self) -> usize {
        self.calls.len()
    }

    /// Notes what became of a notification.
    pub(crate) fn answer(&mut self, answer: Answer) {
        self.answers.push_back(answer);
    }

    pub(crate) fn next_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    /// Whether so many answers wait that no more should be asked.
    pub(crate) fn is_full(&self) -> bool {
        self.answers.len() >= MOST
    }

    /// A backend of which the hub does not know yet, or no longer, whether it takes notifications.
    pub(crate) fn next_managed(&mut self) -> Option<(&str, bool)> {
        let managed = self.managed.iter_mut().find(|managed| managed.news)?;
        managed.news = false;
        Some((&managed.backend, managed.manager.is_some()))
    }

    /// Whether there is something to tell.
    pub(crate) fn has_news(&self) -> bool {
        !self.answers.is_empty() || self.managed.iter().any(|managed| managed.news)
    }

    /// The hub knows nothing, and has forgotten what it asked: everything is news, and nothing waits.
    pub(crate) fn begin(&mut self) {
        self.calls.clear();
        self.answers.clear();
        self.managed.retain(|managed| managed.manager.is_some());
        self.managed.iter_mut().for_each(|managed| managed.news = true);
    }
}
