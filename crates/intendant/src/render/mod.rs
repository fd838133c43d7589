//! The story of a job, as a person sees it.

pub mod job;
pub mod progress;
pub mod reason;
pub mod step;
pub mod story;

pub use module::terminal::{Align, Cell, Look, Mark, Paint, Table, Times, text, time};
