//! Accounts at Google Workspace, made and kept up to date from the account referential GrAM, or from identities.
//!
//! What is decided stands apart from what is asked: [`account`] says what is written, [`trouble`] what an answer means,
//! [`told`] what requesters hear. [`directory`], [`token`] and [`gram`] ask. The backend puts them together.
#![forbid(unsafe_code)]

pub mod account;
pub mod backend;
mod check;
mod client;
pub mod diff;
pub mod directory;
pub mod gram;
pub mod identity;
mod pages;
pub mod request;
mod seam;
pub mod template;
pub mod token;
pub mod told;
pub mod trouble;

pub use client::{BadWay, Way};
pub use seam::Google;
