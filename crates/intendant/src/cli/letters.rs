//! `jobs refusals …`, `jobs deliveries …`.

use clap::{Args, Subcommand};
use model::{CauseId, DeliveryState};
use uuid::Uuid;

/// `intendant jobs refusals …`.
#[derive(Debug, Subcommand)]
pub enum Refusals {
    /// List what could not be accepted, newest first
    List(RefusalList),
    /// Show one refusal
    Show(RefusalShow),
    /// List those that nothing has settled by what they have in common: source, code and message
    Causes(LetterCauses),
    /// Hand refused messages in again, once the cause is gone
    Resubmit(Resubmit),
    /// Set refused messages aside that nobody has to do anything about
    Aside(AsideRefusals),
}

/// `intendant jobs refusals list`.
#[derive(Debug, Args)]
pub struct RefusalList {
    /// At most so many; the search goes on until they are found or all were looked at
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Continue after the last one of an earlier page
    #[arg(long, value_name = "NUMBER")]
    pub before: Option<i64>,
    /// Only those that nothing has settled
    #[arg(long)]
    pub dead: bool,
    /// Those of this source
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Those of this code
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Those of this cause, as `causes` names it
    #[arg(long, value_name = "CAUSE")]
    pub cause: Option<CauseId>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs refusals show`.
#[derive(Debug, Args)]
pub struct RefusalShow {
    /// Its number
    #[arg(value_name = "NUMBER")]
    pub number: i64,
    /// Print the message as it came, secrets included: read from the journal itself, with the key
    #[arg(long, conflicts_with = "json")]
    pub reveal: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs refusals causes` and `intendant jobs deliveries causes`.
#[derive(Debug, Args)]
pub struct LetterCauses {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which refusals.
#[derive(Debug, Args)]
pub struct WhichRefusals {
    /// Their numbers
    #[arg(value_name = "NUMBER", required_unless_present = "all", conflicts_with = "all")]
    pub numbers: Vec<i64>,
    /// All of them, or all of the source, code and cause named here
    #[arg(long)]
    pub all: bool,
    /// Those of this source
    #[arg(long, value_name = "NAME", requires = "all")]
    pub source: Option<String>,
    /// Those of this code
    #[arg(long, value_name = "CODE", requires = "all")]
    pub code: Option<String>,
    /// Those of this cause, as `causes` names it
    #[arg(long, value_name = "CAUSE", requires = "all")]
    pub cause: Option<CauseId>,
}

/// `intendant jobs refusals resubmit`.
#[derive(Debug, Args)]
pub struct Resubmit {
    /// Which.
    #[command(flatten)]
    pub which: WhichRefusals,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs refusals aside`.
#[derive(Debug, Args)]
pub struct AsideRefusals {
    /// Which.
    #[command(flatten)]
    pub which: WhichRefusals,
    /// Why nobody has to do anything about them
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs deliveries …`.
#[derive(Debug, Subcommand)]
pub enum Deliveries {
    /// List deliveries, newest first: those that could not be made, or those in another state
    List(DeliveryList),
    /// List those that could not be made by what they have in common: courier and message
    Causes(LetterCauses),
    /// Send those again that could not be made
    Retry(Resend),
    /// Drop those that could not be made, for a reason that the audit keeps
    Drop(DropDeliveries),
}

/// `intendant jobs deliveries list`.
#[derive(Debug, Args)]
pub struct DeliveryList {
    /// At most so many; the search goes on until they are found or all were looked at
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Continue after the last one of an earlier page
    #[arg(long, value_name = "NUMBER")]
    pub before: Option<i64>,
    /// In this state: pending, delivered, undeliverable or dropped
    #[arg(long, value_name = "STATE", default_value = "undeliverable", value_parser = state)]
    pub state: DeliveryState,
    /// Those of this courier, such as webhook
    #[arg(long, value_name = "NAME")]
    pub courier: Option<String>,
    /// Those to this address
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Those of this cause, as `causes` names it
    #[arg(long, value_name = "CAUSE", conflicts_with = "state")]
    pub cause: Option<CauseId>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which of the deliveries that could not be made.
#[derive(Debug, Args)]
pub struct WhichDeliveries {
    /// Their ids
    #[arg(value_name = "DELIVERY", required_unless_present = "all", conflicts_with = "all")]
    pub ids: Vec<Uuid>,
    /// All of them, or all of the courier, address and cause named here
    #[arg(long)]
    pub all: bool,
    /// Those of this courier, such as webhook
    #[arg(long, value_name = "NAME", requires = "all")]
    pub courier: Option<String>,
    /// Those to this address
    #[arg(long, value_name = "ADDRESS", requires = "all")]
    pub address: Option<String>,
    /// Those of this cause, as `causes` names it
    #[arg(long, value_name = "CAUSE", requires = "all")]
    pub cause: Option<CauseId>,
}

/// `intendant jobs deliveries retry`.
#[derive(Debug, Args)]
pub struct Resend {
    /// Which.
    #[command(flatten)]
    pub which: WhichDeliveries,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs deliveries drop`.
#[derive(Debug, Args)]
pub struct DropDeliveries {
    /// Which.
    #[command(flatten)]
    pub which: WhichDeliveries,
    /// Why nobody has to be told any more
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn state(word: &str) -> Result<DeliveryState, String> {
    let words = || DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    let found = DeliveryState::ALL.into_iter().find(|state| state.as_str() == word);
    found.ok_or_else(|| format!("there is no such state; the states are {}", words()))
}
