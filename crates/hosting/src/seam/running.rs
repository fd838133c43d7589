//! The establishments of a hub that runs.

use std::sync::Arc;

use module::Running;

use crate::settings::Settings;

/// Hosting, at work.
pub(super) struct Open {
    pub(super) settings: Arc<Settings>,
}

impl Running for Open {}
