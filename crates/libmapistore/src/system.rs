//! What the library asks of the system, and only C can ask for.

use std::ffi::{CStr, CString, OsString, c_char, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::os::unix::ffi::OsStringExt as _;
use std::ptr::{null, null_mut};

/// The thread's stack, in bytes. It keeps its buffers elsewhere; a host with much thread-local data gets the usual size.
const STACK: usize = 256 << 10;

/// How long the end of the process waits for the thread, in seconds, should a callback of the host keep it.
const PATIENCE: i64 = 2;

unsafe extern "C" {
    /// Of glibc, and not in the crate of its functions.
    fn secure_getenv(name: *const c_char) -> *mut c_char;
}

/// A setting of the environment; nothing in a program that has more rights than who started it.
pub(crate) fn environment(name: &CStr) -> Option<OsString> {
    // SAFETY: the name is a C string. What is returned is copied at once.
    let value = unsafe { secure_getenv(name.as_ptr()) };
    // SAFETY: not NULL, so it is a C string.
    (!value.is_null()).then(|| OsString::from_vec(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec()))
}

/// Puts a descriptor under the number of another one, too.
pub(crate) fn replace(old: RawFd, new: RawFd) -> bool {
    // SAFETY: plain numbers. The old one stays a descriptor, of something else.
    unsafe { libc::dup3(new, old, libc::O_CLOEXEC) == old }
}

/// Sends one byte, which may be one too many: then there are some to be read. No signal comes of it, whoever listens.
pub(crate) fn tell(socket: BorrowedFd<'_>) {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: the byte is there.
    unsafe { libc::send(socket.as_raw_fd(), [1_u8].as_ptr().cast(), 1, flags) };
}

/// Starts a thread that no signal is delivered to.
pub(crate) fn start(run: extern "C" fn(*mut c_void) -> *mut c_void) -> Option<libc::pthread_t> {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: the places are there, and written before they are read.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
    }
    let thread = create(run);
    // SAFETY: it holds what was there before.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut()) };
    thread
}

fn create(run: extern "C" fn(*mut c_void) -> *mut c_void) -> Option<libc::pthread_t> {
    let (mut attributes, mut thread) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: the attributes are initialised before they are used, and destroyed once; `run` uses no argument.
    let (small, usual) = unsafe {
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
        let small = libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), run, null_mut());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        (
            small,
            if small == 0 { 0 } else { libc::pthread_create(thread.as_mut_ptr(), null(), run, null_mut()) },
        )
    };
    // SAFETY: written when one of the two has succeeded.
    (small == 0 || usual == 0).then(|| unsafe { thread.assume_init() })
}

/// Waits for the thread's end, not for ever.
pub(crate) fn join(thread: libc::pthread_t) {
    let mut until = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place is there; the thread is one that was started here and is joined once.
    unsafe {
        libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut until);
        until.tv_sec += PATIENCE;
        libc::pthread_timedjoin_np(thread, null_mut(), &raw const until);
    }
}

/// Names the calling thread, for who looks at the process.
pub(crate) fn name_thread(name: &CStr) {
    // SAFETY: a C string of less than 16 bytes.
    unsafe { libc::pthread_setname_np(libc::pthread_self(), name.as_ptr()) };
}

/// What is called before a fork, and after it in both processes.
pub(crate) fn at_fork(
    prepare: unsafe extern "C" fn(),
    parent: unsafe extern "C" fn(),
    child: unsafe extern "C" fn(),
) -> bool {
    // SAFETY: the functions stay: the library is never unloaded.
    unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) == 0 }
}

/// What is called when the process ends by itself.
pub(crate) fn at_exit(end: extern "C" fn()) -> bool {
    // SAFETY: the function stays: the library is never unloaded.
    unsafe { libc::atexit(end) == 0 }
}

/// Puts a message into a queue that is made if there is none, without waiting for room.
///
/// The queue is opened for each message: one that a reader has removed and made anew is found.
pub(crate) fn send(queue: &str, message: &[u8], priority: u32) -> bool {
    let Ok(name) = CString::new(queue) else { return false };
    let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_CREAT | libc::O_CLOEXEC;
    let mode: libc::c_uint = 0o644;
    // SAFETY: a C string, and the two arguments that O_CREAT asks for.
    let queue = unsafe { libc::mq_open(name.as_ptr(), flags, mode, null_mut::<libc::mq_attr>()) };
    if queue < 0 {
        return false;
    }
    // SAFETY: the message is as long as it says; the queue is open, and closed once.
    unsafe {
        let sent = libc::mq_send(queue, message.as_ptr().cast(), message.len(), priority) == 0;
        libc::mq_close(queue);
        sent
    }
}
