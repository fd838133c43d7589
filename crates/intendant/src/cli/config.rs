//! `intendant config`.

use clap::{Args, Subcommand};

/// `intendant config`.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Show each value and where it comes from, and say what is wrong with any
    Check(CheckConfig),
}

/// `intendant config check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Secrets are not shown. Without --role, an older program counts whose settings are found here."
)]
pub struct CheckConfig {
    /// Values that nobody gave, too
    #[arg(long)]
    pub all: bool,
    /// Ask the neighbours too: whether they can be reached, and let us in
    #[arg(long)]
    pub online: bool,
    /// As the hub in the place of an older program, such as sesame-daemon
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
