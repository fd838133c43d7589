//! The page kit: what every page for people has in common, whichever module it belongs to.
//!
//! A module says in a [`Part`] which pages it has and in which words; the command makes one [`Kit`] of all parts.
//! Handlers take a [`Visit`] (who looks, in which language) and answer with [`Visit::page`]. [`routes`] serves what all
//! pages need, and [`around`] turns problems into pages and asks who is not signed in to do so.
//!
//! Pages work without JavaScript: forms post, links lead somewhere. With it, a page that says what it is about
//! ([`Page::live`]) is read again when that changes.

mod agree;
mod around;
mod asset;
mod cookie;
mod form;
mod kit;
mod lang;
mod layout;
mod look;
mod lost;
mod route;
mod text;
mod visit;
mod when;

pub use agree::{Agree, Disagreed};
pub use around::around;
pub use asset::Assets;
pub use form::Form;
pub use kit::{Group, Kit, NavItem, Part};
pub use lang::Lang;
pub use layout::Page;
pub use look::routes;
pub use lost::{Lost, Told};
pub use route::{PageRoute, PageRoutes, Who};
pub use text::{Args, Texts};
pub use visit::{Theme, Visit, Whole, local_path};
pub use when::When;
