//! The C library with which backends of OpenChange register their users at the hub.
//!
//! A backend calls `mapistore_mgmt_backend_register_user` when a context is created and
//! `mapistore_mgmt_backend_unregister_user` when it is deleted. Both count in a table of the process and return at
//! once; a thread of the library tells the hub what the table says, and says it anew after every interruption. The
//! functions are described in `man/` and declared in `include/`; README says what must hold.

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("the structures that are read are those of 64-bit Linux");

mod attempt;
#[forbid(unsafe_code)]
mod bell;
mod callback;
#[forbid(unsafe_code)]
mod conversation;
#[forbid(unsafe_code)]
mod copy;
mod descriptor;
#[forbid(unsafe_code)]
mod desk;
mod export;
#[forbid(unsafe_code)]
mod inbox;
#[forbid(unsafe_code)]
mod index;
mod info;
mod key;
mod library;
#[forbid(unsafe_code)]
mod line;
mod mutex;
#[forbid(unsafe_code)]
mod queue;
#[forbid(unsafe_code)]
mod settings;
mod system;
#[forbid(unsafe_code)]
mod table;
#[forbid(unsafe_code)]
mod thread;

pub use export::{
    mapistore_dispatch, mapistore_dispatch_on_thread, mapistore_mgmt_backend_register_manager,
    mapistore_mgmt_backend_register_user, mapistore_mgmt_backend_unregister_user, mapistore_poll_fd,
};
