//! The numbers that the C functions and callbacks return, as `mapistore_errors.h` had them in October 2011.

/// Done.
pub const SUCCESS: i32 = 0;
/// Something went wrong, and no other number says what.
pub const ERROR: i32 = 1;
/// There was no memory.
pub const NO_MEMORY: i32 = 2;
/// No connection information, or one without context or user name; nobody hands over what arrives.
pub const NOT_INITIALIZED: i32 = 4;
/// An argument is missing.
pub const INVALID_PARAMETER: i32 = 6;
/// A text is no UTF-8.
pub const INVALID_DATA: i32 = 17;
/// The message cannot be sent: too long, the queue is full, or there are too many.
pub const MSG_SEND: i32 = 18;
/// A message could not be taken: too many wait already.
pub const MSG_RCV: i32 = 19;
/// The backend has no manager interface.
pub const NOT_IMPLEMENTED: i32 = 21;

/// What a number means, in the words that the original printed.
pub fn meaning(code: i32) -> &'static str {
    match code {
        SUCCESS => "Success",
        ERROR => "Non-specific error",
        NO_MEMORY => "No memory available",
        NOT_INITIALIZED => "Not initialized",
        INVALID_PARAMETER => "Invalid Parameter",
        INVALID_DATA => "Invalid Data",
        MSG_SEND => "Error while sending message",
        MSG_RCV => "Error receiving message",
        NOT_IMPLEMENTED => "Not implemented",
        _ => "Unknown error",
    }
}
