//! The library's state in this process, and how it begins, forks and ends.

use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};

use mapistore_wire::code;
use mapistore_wire::legacy::status;

use crate::callback::Manager;
use crate::descriptor::{Cord, whole};
use crate::desk::Desk;
use crate::inbox::{Answer, Dispatch};
use crate::key::Key;
use crate::line::Line;
use crate::mutex::{Guard, Mutex};
use crate::settings::Transport;
use crate::{queue, system, thread};

/// What there is of it.
pub(crate) struct Library {
    pub(crate) desk: Desk,
    pub(crate) transport: Option<Transport>,
    /// All that the thread has in its hands: nothing of it is lost in the child of a fork, where there is no thread.
    pub(crate) line: Option<Line>,
    /// Wakes the thread.
    bell: Option<Cord>,
    /// Tells the host that notifications wait.
    lamp: Option<Cord>,
    thread: Option<libc::pthread_t>,
    is_prepared: bool,
    pub(crate) is_ending: bool,
}

static LIBRARY: Mutex<Library> = Mutex::new(Library {
    desk: Desk::new(),
    transport: None,
    line: None,
    bell: None,
    lamp: None,
    thread: None,
    is_prepared: false,
    is_ending: false,
});

/// The library, for as long as the guard is held. Nothing that waits and nothing of the host is called meanwhile.
pub(crate) fn library() -> Guard<Library> {
    LIBRARY.lock()
}

/// Registers or unregisters; what the caller is told.
pub(crate) fn user_command(status: u16, key: &Key) -> i32 {
    let mut library = library();
    match library.transport() {
        Transport::Queue(generation) => {
            let generation = *generation;
            drop(library);
            queue::send(generation, status, key)
        }
        Transport::Unknown => code::MSG_SEND,
        Transport::Socket(_) => {
            let (code, ring) = if status == status::REGISTER {
                let done = library.desk.register(key.text());
                library.start();
                done
            } else {
                (code::SUCCESS, library.desk.unregister(key.text()))
            };
            library.ring(ring);
            code
        }
    }
}

/// Notes who takes a backend's notifications; what the caller is told.
pub(crate) fn manage(backend: &str, manager: Option<Manager>) -> i32 {
    let mut library = library();
    if !matches!(library.transport(), Transport::Socket(_)) {
        return code::NOT_IMPLEMENTED;
    }
    let managed = library.desk.inbox.manage(backend, manager);
    let ring = library.desk.news();
    library.ring(ring);
    managed
}

/// Hands the notifications that wait to their backends, in the calling thread; how many there were.
pub(crate) fn dispatch() -> usize {
    let waiting = {
        let library = library();
        if let Some(lamp) = library.lamp {
            lamp.quiet();
        }
        library.desk.inbox.waiting()
    };
    let handed = (0..waiting).take_while(|_| hand_over()).count();
    let library = library();
    if library.desk.inbox.waiting() > 0 {
        library.light();
    }
    handed
}

fn hand_over() -> bool {
    let Some((call, manager)) = library().desk.inbox.next_call() else { return false };
    let (code, uri) = manager.map_or((code::NOT_IMPLEMENTED, None), |manager| manager.call(&call));
    let mut library = library();
    library.desk.inbox.answer(Answer { id: call.id, code, uri });
    let ring = library.desk.news();
    library.ring(ring);
    true
}

impl Library {
    pub(crate) fn transport(&mut self) -> &Transport {
        self.transport.get_or_insert_with(Transport::of_environment)
    }

    /// Starts the thread, unless it runs. What fails now is tried again with the next registration.
    fn start(&mut self) {
        if self.thread.is_some() || self.is_ending || !self.prepare() {
            return;
        }
        if self.bell().is_some() {
            self.thread = system::start(thread::run);
        }
    }

    /// From the first moment on at which a fork or the end of the process would matter.
    fn prepare(&mut self) -> bool {
        if !self.is_prepared {
            // Should anything panic, the host is told by a code, and nothing is printed for it.
            std::panic::set_hook(Box::new(|_| {}));
            self.is_prepared = system::at_fork(before_fork, after_fork_in_parent, after_fork_in_child)
                && system::at_exit(at_exit);
        }
        self.is_prepared
    }

    /// What wakes the thread; made anew when the host has closed it. `None` = there is none to be had.
    pub(crate) fn bell(&mut self) -> Option<BorrowedFd<'static>> {
        self.bell = whole(self.bell);
        self.bell?.heard()
    }

    /// The bell was heard.
    pub(crate) fn silence(&self) {
        if let Some(bell) = self.bell {
            bell.quiet();
        }
    }

    fn ring(&self, needed: bool) {
        if let Some(bell) = self.bell.filter(|_| needed) {
            bell.pull();
        }
    }

    /// Tells the host that notifications wait.
    pub(crate) fn light(&self) {
        if let Some(lamp) = self.lamp {
            lamp.pull();
        }
    }

    /// What tells the host that notifications wait, which it will ask for from now on. Made anew when the host has closed it.
    pub(crate) fn lamp(&mut self) -> Option<RawFd> {
        if self.prepare() {
            self.lamp = whole(self.lamp);
        }
        let lamp = self.lamp?.heard()?;
        if self.desk.inbox.dispatch == Dispatch::Nowhere {
            self.desk.inbox.dispatch = Dispatch::Host;
        }
        if self.desk.inbox.waiting() > 0 {
            self.light();
        }
        Some(lamp.as_raw_fd())
    }

    /// Notifications are handed over in the library's own thread, or no longer are.
    pub(crate) fn dispatch_on_thread(&mut self, on: bool) {
        self.desk.inbox.dispatch = match (on, self.lamp) {
            (true, _) => Dispatch::Thread,
            (false, Some(_)) => Dispatch::Host,
            (false, None) => Dispatch::Nowhere,
        };
    }
}

/// No fork happens while the library is in the middle of something.
unsafe extern "C" fn before_fork() {
    std::mem::forget(LIBRARY.lock());
}

unsafe extern "C" fn after_fork_in_parent() {
    // SAFETY: `before_fork` has locked it, in this thread.
    drop(unsafe { LIBRARY.held() });
}

/// The child has no thread, no connection and has registered nobody; the host's descriptor is one of its own.
unsafe extern "C" fn after_fork_in_child() {
    // SAFETY: `before_fork` has locked it, in the thread that this one is the copy of.
    let mut library = unsafe { LIBRARY.held() };
    if let Some(socket) = library.line.take().and_then(|line| line.socket) {
        socket.close();
    }
    if let Some(bell) = library.bell.take() {
        bell.close();
    }
    if let Some(lamp) = &mut library.lamp {
        lamp.renew();
    }
    library.thread = None;
    library.is_ending = false;
    library.desk.forget();
}

/// The thread says goodbye and ends. What the host still unregisters is counted, and told to nobody: there is no need.
extern "C" fn at_exit() {
    let thread = {
        let mut library = library();
        library.is_ending = true;
        library.desk.bell.wake();
        library.ring(true);
        library.thread.take()
    };
    if let Some(thread) = thread {
        system::join(thread);
    }
}
