//! `token …`, `failsafe …`, `login`.

use clap::{Args, Subcommand};

use super::When;

/// `intendant token …`.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token for a program; its text is printed once and kept nowhere
    Make(MakeToken),
    /// List tokens: what they may do, when they were used last
    List(TokenList),
    /// Revoke a token: it does not work any more
    Revoke(OneToken),
    /// Make a link with which a person gets into the console, once
    SignIn(SignIn),
}

/// `intendant token make`.
#[derive(Debug, Args)]
pub struct MakeToken {
    /// Who uses it
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it may do: submit, read, operate, admin, identities:read (several: --scope a,b)
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', required = true)]
    pub scope: Vec<String>,
    /// When it stops working: a date and time, or so long from now, such as 90d
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<When>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant token list`.
#[derive(Debug, Args)]
pub struct TokenList {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant token revoke`.
#[derive(Debug, Args)]
pub struct OneToken {
    /// Its name or id
    #[arg(value_name = "TOKEN")]
    pub token: String,
}

/// `intendant token sign-in`.
#[derive(Debug, Args)]
pub struct SignIn {
    /// For this account; without it whoever opens the link first makes a new account, an administrator's
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant failsafe …`.
#[derive(Debug, Subcommand)]
pub enum Failsafe {
    /// Show the caps and what is held
    List(FailsafeList),
    /// Show the jobs of a set
    Show(HeldSet),
    /// Let the jobs of a set run; works once
    Approve(Decision),
    /// Cancel the jobs of a set; works once
    Reject(Decision),
}

/// `intendant failsafe list`.
#[derive(Debug, Args)]
pub struct FailsafeList {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant failsafe show`.
#[derive(Debug, Args)]
pub struct HeldSet {
    /// The set's name
    #[arg(value_name = "SET")]
    pub set: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant failsafe approve` and `reject`.
#[derive(Debug, Args)]
pub struct Decision {
    /// The set's name
    #[arg(value_name = "SET")]
    pub set: String,
    /// For exactly so many jobs, as `failsafe list` shows; when it holds more by now, nothing is decided
    #[arg(long, value_name = "COUNT")]
    pub jobs: u64,
}

/// `intendant login`.
#[derive(Debug, Args)]
#[command(
    after_help = "The token is read from standard input, so that it stands in no process list and no history."
)]
pub struct Login {
    /// The hub, `https://hub.example.org`
    #[arg(value_name = "URL")]
    pub url: String,
}
