//! The functions that C programs call. `include/` declares them, `man/` describes them; a test compares.

use std::ffi::{CStr, c_char, c_int};

use mapistore_wire::code;
use mapistore_wire::legacy::status;

use crate::attempt::attempt;
use crate::callback::Manager;
use crate::info::{self, ConnectionInfo};
use crate::key::Key;
use crate::library;

/// Counts a registration of a user on a backend.
///
/// # Safety
/// `conn_info` is NULL or points to a structure as OpenChange hands it to `create_context`; the strings are NULL or C
/// strings. All are borrowed for the call only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mapistore_mgmt_backend_register_user(
    conn_info: *mut ConnectionInfo,
    backend: *const c_char,
    vuser: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    attempt(code::ERROR, || unsafe { user_command(status::REGISTER, conn_info, backend, vuser) })
}

/// Counts one registration less.
///
/// # Safety
/// As for [`mapistore_mgmt_backend_register_user`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mapistore_mgmt_backend_unregister_user(
    conn_info: *mut ConnectionInfo,
    backend: *const c_char,
    vuser: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    attempt(code::ERROR, || unsafe { user_command(status::UNREGISTER, conn_info, backend, vuser) })
}

/// What both do. The order of the checks is that of the original.
unsafe fn user_command(
    status: u16,
    conn_info: *mut ConnectionInfo,
    backend: *const c_char,
    vuser: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    let Some(username) = (unsafe { info::username(conn_info) }) else { return code::NOT_INITIALIZED };
    // SAFETY: the caller's promise.
    let (Some(backend), Some(vuser)) = (unsafe { (text(backend), text(vuser)) }) else {
        return code::INVALID_PARAMETER;
    };
    match Key::new([backend, username, vuser]) {
        Ok(key) => library::user_command(status, &key),
        Err(code) => code,
    }
}

/// # Safety
/// NULL, or a C string that outlives what is returned.
unsafe fn text<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// Says what to call when a backend is to be notified; NULL takes it back.
///
/// # Safety
/// `backend` is NULL or a C string; `manager` is NULL or points to a structure of at least the size that it says, whose functions may
/// be called from then on until the backend takes them back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mapistore_mgmt_backend_register_manager(
    backend: *const c_char,
    manager: *const Manager,
) -> c_int {
    attempt(code::ERROR, || {
        // SAFETY: the caller's promise.
        let Some(backend) = (unsafe { text(backend) }) else { return code::INVALID_PARAMETER };
        let Ok(backend) = backend.to_str() else { return code::INVALID_DATA };
        if manager.is_null() {
            return library::manage(backend, None);
        }
        // SAFETY: not NULL, and then its size can be read. A caller with a smaller structure is one of no version that was.
        if unsafe { (&raw const (*manager).size).read() } < size_of::<Manager>() {
            return code::INVALID_PARAMETER;
        }
        // SAFETY: it is as large as it says.
        let manager = unsafe { manager.read() };
        match manager.generate_uri {
            Some(_) => library::manage(backend, Some(manager)),
            None => code::INVALID_PARAMETER,
        }
    })
}

/// A descriptor that is readable while notifications wait for [`mapistore_dispatch`]; -1 when there is none to be had.
#[unsafe(no_mangle)]
pub extern "C" fn mapistore_poll_fd() -> c_int {
    attempt(-1, || library::library().lamp().unwrap_or(-1))
}

/// Calls the backends for the notifications that wait, in this thread; how many there were, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn mapistore_dispatch() -> c_int {
    attempt(-1, || c_int::try_from(library::dispatch()).unwrap_or(c_int::MAX))
}

/// Other than 0: backends are called in the library's own thread from now on, as soon as a notification arrives.
#[unsafe(no_mangle)]
pub extern "C" fn mapistore_dispatch_on_thread(on: c_int) {
    attempt((), || library::library().dispatch_on_thread(on != 0));
}
