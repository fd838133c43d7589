//! What jobs are about, by name: a subject is called as the entity of its kind and value is.

use model::composed::folded;
use model::{Name, Subject};
use tokio_postgres::Row;

use super::query::can_be;
use super::row::get;
use super::session::Session;
use crate::api::Naming;
use crate::error::Error;
use crate::text::{contains, names};

/// So many names are looked at in one go.
const CHUNK: usize = 2_000;

/// See [`crate::Read::names`].
pub(super) async fn of(sql: &Session, subjects: &[Subject]) -> Result<Vec<(Subject, Name)>, Error> {
    let subjects: Vec<&Subject> = subjects.iter().filter(|subject| can_be(subject.as_str())).collect();
    let (kinds, keys): (Vec<&str>, Vec<&str>) =
        subjects.iter().map(|subject| (subject.kind(), subject.value())).unzip();
    let select =
        "SELECT place, label FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (kind, key, place)
         JOIN entity ON entity.kind = asked.kind AND entity.key = asked.key";
    let mut named = Vec::new();
    for row in &sql.all(select, &[&kinds, &keys]).await? {
        let place = usize::try_from(get::<i64>(row, 0)?).unwrap_or_default();
        named.push((place, get::<String>(row, 1)?));
    }
    named.sort_by_key(|(place, _)| *place);
    let subject = |place: usize| subjects.get(place.wrapping_sub(1)).copied().cloned();
    Ok(named.into_iter().filter_map(|(place, label)| Some((subject(place)?, Name::of(label)?))).collect())
}

/// See [`crate::Read::named`]. Names are looked at here, in some entities at a time.
pub(super) async fn find(
    sql: &Session,
    naming: &Naming,
    at_most: usize,
) -> Result<Vec<(Subject, Name)>, Error> {
    let (fits, text): (fn(&str, &str) -> bool, _) = match naming {
        Naming::Holds(text) => (contains, text),
        Naming::Is(text) => (names, text),
    };
    let text = folded(text);
    let select = format!(
        "SELECT kind, key, label FROM entity WHERE (kind, key) > ($1, $2) AND label <> ''
         ORDER BY kind, key LIMIT {CHUNK}"
    );
    let (mut found, mut after) = (Vec::new(), (String::new(), String::new()));
    loop {
        let rows = sql.all(&select, &[&after.0, &after.1]).await?;
        let fit = |row: &&Row| get::<&str>(row, 2).is_ok_and(|label| fits(label, &text));
        let candidates = rows.iter().filter(fit).filter_map(read).collect();
        found.extend(of_jobs(sql, candidates).await?);
        found.truncate(at_most);
        match rows.last() {
            Some(last) if rows.len() >= CHUNK && found.len() < at_most => {
                after = (get(last, 0)?, get(last, 1)?);
            }
            _ => return Ok(found),
        }
    }
}

/// Those that there are jobs of.
async fn of_jobs(sql: &Session, named: Vec<(Subject, Name)>) -> Result<Vec<(Subject, Name)>, Error> {
    if named.is_empty() {
        return Ok(named);
    }
    let subjects: Vec<&str> = named.iter().map(|(subject, _)| subject.as_str()).collect();
    let select = "SELECT EXISTS (SELECT 1 FROM live WHERE live.subject = asked.subject)
                OR EXISTS (SELECT 1 FROM done WHERE done.subject = asked.subject)
         FROM unnest($1::text[]) WITH ORDINALITY AS asked (subject, place) ORDER BY place";
    let rows = sql.all(select, &[&subjects]).await?;
    let there: Vec<bool> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    Ok(named.into_iter().zip(there).filter_map(|(named, there)| there.then_some(named)).collect())
}

/// A subject with its name; none where they are none.
fn read(row: &Row) -> Option<(Subject, Name)> {
    let text = |column| get::<String>(row, column).ok();
    Some((Subject::new(&text(0)?, &text(1)?)?, Name::of(text(2)?)?))
}
