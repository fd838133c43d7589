//! `nodes …`.

use clap::{Args, Subcommand};

/// `intendant nodes …`.
#[derive(Debug, Subcommand)]
pub enum Nodes {
    /// List the hubs on the journal: who works, and who stands by
    List(List),
}

/// `intendant nodes list`.
#[derive(Debug, Args)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
