//! What each hub says that it was told: one row for each life, read by all.

use std::collections::BTreeMap;

use super::database::Database;
use super::pen::Role;
use super::row;
use super::session::Session;
use crate::error::Error;
use crate::life::Life;
use crate::report::{Difference, Report};

/// Writes down what this life was told, and says which of those that are there were told something else than the one that leads,
/// by their lives.
pub(crate) async fn compare(
    database: &Database,
    life: &Life,
    own: &Report,
) -> Result<BTreeMap<String, Difference>, Error> {
    let session = Session::open(database).await?;
    let tell =
        "INSERT INTO report (node, said) SELECT node, $3 FROM pen WHERE life = $1 AND seat = $2 AND NOT over
                ON CONFLICT (node) DO UPDATE SET said = excluded.said WHERE report.said <> excluded.said";
    session.execute(tell, &[&life.number(), &life.seat(), &own.to_text()]).await?;
    let all = "SELECT life, seat, role, said FROM pen JOIN report USING (node) WHERE NOT over";
    let mut said = BTreeMap::new();
    let mut leads = None;
    for found in &session.all(all, &[]).await? {
        let life = Life::new(row::get::<String>(found, 1)?, row::get(found, 0)?).to_string();
        let report = Report::of_text(&row::get::<String>(found, 3)?);
        if Role::of(row::get(found, 2)?) == Role::Leads {
            leads = Some(report);
        } else {
            said.insert(life, report);
        }
    }
    let Some(leads) = leads else { return Ok(BTreeMap::new()) };
    let differences = said.into_iter().map(|(life, report)| (life, report.difference(&leads)));
    Ok(differences.filter(|(_, difference)| !difference.is_none()).collect())
}
