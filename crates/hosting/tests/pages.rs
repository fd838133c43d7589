//! The page of a school and the pages of the back office, as people and their browsers meet them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

#[path = "pages/bed.rs"]
mod bed;
#[path = "pages/look.rs"]
mod look;
#[path = "pages/office.rs"]
mod office;
#[path = "pages/school.rs"]
mod school;
mod support;
