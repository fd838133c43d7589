//! The backend's side of a notification: what it has given us to call.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use mapistore_wire::{LONGEST_TEXT, code};

use crate::copy;
use crate::inbox::Call;

/// Makes the URI of a folder or message. What is not known is NULL.
pub(crate) type GenerateUri = unsafe extern "C" fn(
    mem_ctx: *mut c_void,
    user: *const c_char,
    folder: *const c_char,
    message: *const c_char,
    root_uri: *const c_char,
    uri: *mut *mut c_char,
) -> c_int;

/// Gives back what [`GenerateUri`] has made.
pub(crate) type ReleaseUri = unsafe extern "C" fn(mem_ctx: *mut c_void, uri: *mut c_char);

/// Takes a notification.
pub(crate) type Notify =
    unsafe extern "C" fn(closure: *mut c_void, notification: *const Notification) -> c_int;

/// `struct mapistore_manager`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Manager {
    /// The structure's size, as the program was compiled.
    pub(crate) size: usize,
    pub(crate) generate_uri: Option<GenerateUri>,
    release_uri: Option<ReleaseUri>,
    notify: Option<Notify>,
    mem_ctx: *mut c_void,
    closure: *mut c_void,
}

// SAFETY: the pointers are the backend's; it is told in which thread they come back to it.
unsafe impl Send for Manager {}

/// `struct mapistore_notification`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Notification {
    size: usize,
    backend: *const c_char,
    username: *const c_char,
    vuser: *const c_char,
    folder: *const c_char,
    message: *const c_char,
    uri: *const c_char,
}

impl Manager {
    /// One that makes nothing.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self {
            size: size_of::<Self>(),
            generate_uri: None,
            release_uri: None,
            notify: None,
            mem_ctx: null_mut(),
            closure: null_mut(),
        }
    }

    /// Hands a notification to the backend: what it returned, and the URI that it made.
    pub(crate) fn call(&self, call: &Call) -> (i32, Option<String>) {
        let (made, uri) = self.uri(call);
        if made != code::SUCCESS {
            return (made, None);
        }
        let told = self.notify.map_or(code::SUCCESS, |notify| {
            let notification = Notification {
                size: size_of::<Notification>(),
                backend: call.backend.as_ptr(),
                username: call.username.as_ptr(),
                vuser: call.vuser.as_ptr(),
                folder: pointer(call.folder.as_ref()),
                message: pointer(call.message.as_ref()),
                uri: pointer(uri.as_ref()),
            };
            // SAFETY: the backend's function, with what it was promised; everything outlives the call.
            unsafe { notify(self.closure, &raw const notification) }
        });
        (told, uri.and_then(|uri| uri.into_string().ok()))
    }

    /// The URI, copied: `None` when the backend makes none.
    fn uri(&self, call: &Call) -> (i32, Option<CString>) {
        let Some(generate_uri) = self.generate_uri else { return (code::NOT_IMPLEMENTED, None) };
        let mut uri = null_mut();
        let (folder, message, root) =
            (pointer(call.folder.as_ref()), pointer(call.message.as_ref()), pointer(call.root.as_ref()));
        // SAFETY: the backend's function, with what it was promised; everything outlives the call.
        let made =
            unsafe { generate_uri(self.mem_ctx, call.vuser.as_ptr(), folder, message, root, &raw mut uri) };
        if uri.is_null() {
            return (made, None);
        }
        // SAFETY: not NULL: the backend has made a C string, which is copied before it is given back.
        let copy = copied(unsafe { CStr::from_ptr(uri) });
        if let Some(release) = self.release_uri {
            // SAFETY: the backend's function, with what the backend has made.
            unsafe { release(self.mem_ctx, uri) };
        }
        match (made, copy) {
            (code::SUCCESS, Err(code)) => (code, None),
            (made, copy) => (made, copy.ok()),
        }
    }
}

/// What can be sent of a backend's text; the code that the hub is told otherwise.
fn copied(uri: &CStr) -> Result<CString, i32> {
    let bytes = uri.to_bytes();
    if bytes.len() > LONGEST_TEXT || str::from_utf8(bytes).is_err() {
        return Err(code::INVALID_DATA);
    }
    copy::c_string(bytes).ok_or(code::NO_MEMORY)
}

fn pointer(text: Option<&CString>) -> *const c_char {
    text.map_or(null(), |text| text.as_ptr())
}
