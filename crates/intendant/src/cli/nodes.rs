//! `nodes …`.

use clap::{Args, Subcommand};

/// `intendant nodes …`.
#[derive(Debug, Subcommand)]
pub enum Nodes {
    /// List the hubs on the journal: who works, and who stands by
    List(List),
    /// Have a hub lay down its work, as before maintenance of its machine: another one takes over at once
    #[command(
        after_help = "What runs may end within the grace period (stop.grace). The hub stays, and takes no work until `intendant nodes \
                      resume`, or until it is started anew."
    )]
    Drain(Drain),
    /// Let a hub take work again that was drained
    Resume(Resume),
}

/// `intendant nodes drain`.
#[derive(Debug, Args)]
pub struct Drain {
    /// Its host, or where a host has several its process, or its life as --json names it; without it the hub of this machine
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Also when no other hub could work: then nobody does
    #[arg(long)]
    pub force: bool,
}

/// `intendant nodes resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// Its host, or where a host has several its process, or its life as --json names it; without it the hub of this machine
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// `intendant nodes list`.
#[derive(Debug, Args)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
