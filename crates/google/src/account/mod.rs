//! What an account is, what is written of it, and what is told of it. Pure.

mod address;
mod adopt;
mod alias;
mod body;
mod person;
mod user;

pub use address::{same, sorted};
pub use adopt::{Adopt, Holder, Whose, whose};
pub use alias::{MOST_ALIASES, Plan, TooMany, plan};
pub use body::{differs, insertion, merged, update};
pub(crate) use person::is_uuid;
pub use person::{BadHash, Mark, PasswordHash, Person, marked, said_by};
pub use user::{FIELDS, User};
