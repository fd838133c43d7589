//! Notifications that wait for the backend's thread, and what became of them.

use std::collections::VecDeque;
use std::ffi::CString;

use mapistore_wire::{LONGEST_TEXT, MOST_MANAGERS, Notify, code};

use crate::callback::Manager;
use crate::copy;

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
    /// Copies what arrived; `None` = there is no memory. The texts of the wire contain no U+0000.
    fn new(notify: Notify<'_>) -> Option<Self> {
        let text = |text: &str| copy::c_string(text.as_bytes());
        let text_if_any = |known: Option<&str>| known.map_or(Some(None), |known| text(known).map(Some));
        Some(Self {
            id: notify.id,
            backend: text(notify.triple.backend())?,
            username: text(notify.triple.username())?,
            vuser: text(notify.triple.vuser())?,
            folder: text_if_any(notify.folder)?,
            message: text_if_any(notify.message)?,
            root: text_if_any(notify.root)?,
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
    /// The hub knows of one.
    told: bool,
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

    /// Notes who takes notifications for a backend from now on; what the caller is told.
    pub(crate) fn manage(&mut self, backend: &str, manager: Option<Manager>) -> i32 {
        if let Some(managed) = self.managed.iter_mut().find(|managed| *managed.backend == *backend) {
            (managed.manager, managed.news) = (manager, true);
            // What the hub has never heard of is forgotten at once.
            self.managed.retain(|managed| managed.manager.is_some() || managed.told);
            return code::SUCCESS;
        }
        if manager.is_none() {
            return code::SUCCESS;
        }
        if self.managed.len() >= MOST_MANAGERS || backend.len() > LONGEST_TEXT {
            return code::MSG_SEND;
        }
        let room = self.managed.try_reserve(1).ok();
        let Some(((), backend)) = room.zip(copy::text(backend)) else { return code::NO_MEMORY };
        self.managed.push(Managed { backend, manager, told: false, news: true });
        code::SUCCESS
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
            _ => match self.calls.try_reserve(1).ok().and_then(|()| Call::new(notify)) {
                Some(call) => {
                    self.calls.push_back(call);
                    return true;
                }
                None => code::NO_MEMORY,
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

    /// Notes what became of a notification. Without memory there is no answer: the hub waits for none for ever.
    pub(crate) fn answer(&mut self, answer: Answer) {
        if self.answers.try_reserve(1).is_ok() {
            self.answers.push_back(answer);
        }
    }

    pub(crate) fn next_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    /// Whether so many answers wait that no more should be asked.
    pub(crate) fn is_full(&self) -> bool {
        self.answers.len() >= MOST
    }

    /// Takes a backend of which the hub is to be told whether it takes notifications, and tells of it.
    pub(crate) fn next_managed(&mut self, tell: impl FnOnce(&str, bool)) -> Option<()> {
        let at = self.managed.iter().position(|managed| managed.news)?;
        let managed = self.managed.get_mut(at)?;
        let present = managed.manager.is_some();
        (managed.news, managed.told) = (false, present);
        tell(&managed.backend, present);
        if !present {
            self.managed.swap_remove(at);
        }
        Some(())
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
        self.managed.iter_mut().for_each(|managed| (managed.told, managed.news) = (false, true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of managers now.
    fn told(inbox: &mut Inbox) -> Vec<(String, bool)> {
        let mut told = Vec::new();
        while inbox.next_managed(|backend, present| told.push((backend.to_owned(), present))).is_some() {}
        told
    }

    fn pairs(of: &[(&str, bool)]) -> Vec<(String, bool)> {
        of.iter().map(|(backend, present)| ((*backend).to_owned(), *present)).collect()
    }

    #[test]
    fn managers_are_told_once_and_leave_nothing_when_they_are_taken_back() {
        let mut inbox = Inbox::new();
        assert_eq!(inbox.manage("SOGo", Some(Manager::none())), code::SUCCESS);
        assert_eq!(told(&mut inbox), pairs(&[("SOGo", true)]));
        assert!(!inbox.has_news());
        assert_eq!(inbox.manage("SOGo", None), code::SUCCESS);
        assert_eq!(told(&mut inbox), pairs(&[("SOGo", false)]));
        assert!(inbox.managed.is_empty());
        // Nobody has heard of them.
        for n in 0..1000 {
            let backend = format!("b{n}");
            assert_eq!(inbox.manage(&backend, Some(Manager::none())), code::SUCCESS);
            assert_eq!(inbox.manage(&backend, None), code::SUCCESS);
        }
        assert!(inbox.managed.is_empty() && !inbox.has_news());
    }

    #[test]
    fn there_are_so_many_managers_and_no_more() {
        let mut inbox = Inbox::new();
        for n in 0..MOST_MANAGERS {
            assert_eq!(inbox.manage(&format!("b{n}"), Some(Manager::none())), code::SUCCESS);
        }
        assert_eq!(inbox.manage("one more", Some(Manager::none())), code::MSG_SEND);
        assert_eq!(inbox.manage("b0", Some(Manager::none())), code::SUCCESS, "a known one may change");
        assert_eq!(inbox.manage("never there", None), code::SUCCESS);
        assert_eq!(inbox.manage("b0", None), code::SUCCESS);
        assert_eq!(inbox.manage("one more", Some(Manager::none())), code::SUCCESS);
        assert_eq!(inbox.manage(&"b".repeat(LONGEST_TEXT + 1), Some(Manager::none())), code::MSG_SEND);
        inbox.begin();
        assert_eq!(told(&mut inbox).len(), MOST_MANAGERS);
    }
}
