//! What a backend is handed by OpenChange, of which two members are read and no byte more.

use std::ffi::{CStr, c_char, c_void};
use std::mem::{offset_of, size_of};

/// The beginning of `struct mapistore_connection_info`, as every revision from June 2011 on has it. Some have more behind
/// it, of different kinds: nothing behind it may be touched.
#[repr(C)]
pub struct ConnectionInfo {
    username: *const c_char,
    replica_guid: [u32; 4],
    repl_id: u16,
    mstore_ctx: *const c_void,
}

const _: () = {
    assert!(size_of::<*const c_void>() == 8 && size_of::<libc::c_long>() == 8);
    assert!(offset_of!(ConnectionInfo, username) == 0);
    assert!(offset_of!(ConnectionInfo, replica_guid) == 8);
    assert!(offset_of!(ConnectionInfo, repl_id) == 24);
    assert!(offset_of!(ConnectionInfo, mstore_ctx) == 32);
    assert!(size_of::<ConnectionInfo>() == 40);
};

/// The user of the system, when there is one and it is used within a context.
///
/// # Safety
/// `info` is NULL or points to such a structure, whose user name is NULL or a C string that outlives the call.
pub(crate) unsafe fn username<'a>(info: *const ConnectionInfo) -> Option<&'a CStr> {
    if info.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for the members that are read, each by itself; no reference to the whole is made.
    let (context, username) =
        unsafe { ((&raw const (*info).mstore_ctx).read(), (&raw const (*info).username).read()) };
    // SAFETY: not NULL, and then a C string.
    (!context.is_null() && !username.is_null()).then(|| unsafe { CStr::from_ptr(username) })
}
