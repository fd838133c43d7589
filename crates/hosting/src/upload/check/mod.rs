//! What is looked at before anything is taken: names, contents, archives. Pure: what is read is an argument.

mod archive;
mod kind;
mod name;

pub(crate) use archive::{Bad, look};
pub(crate) use kind::{HEAD, fits};
pub(crate) use name::{extension, file_name};
