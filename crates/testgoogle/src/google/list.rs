//! Listings, a page at a time.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::directory::{Directory, Done};
use crate::reply::Reply;
use crate::serve::{Asked, View};

/// A token leads to its page for so long.
const TOKEN: SignedDuration = SignedDuration::from_hours(3 * 24);

impl Directory {
    /// A page of accounts.
    pub(super) fn list(&self, asked: &Asked, now: Timestamp, view: View) -> Done<Value> {
        let domain = self.domain(asked)?;
        let deleted = asked.query("showDeleted") == Some("true");
        let mut rows = Vec::new();
        for account in self.accounts() {
            let version = if view.stale { account.before.as_ref() } else { Some(&account.now) };
            let Some(version) = version.filter(|version| version.deleted.is_some() == deleted) else {
                continue;
            };
            let in_domain = domain.is_none_or(|domain| version.primary().ends_with(&format!("@{domain}")));
            let row = version.resource(&account.id, &self.customer);
            if in_domain && matches(asked.query("query").unwrap_or_default(), &row)? {
                rows.push(row);
            }
        }
        let by = match asked.query("orderBy") {
            Some("familyName") => "/name/familyName",
            Some("givenName") => "/name/givenName",
            _ => "/primaryEmail",
        };
        rows.sort_by_key(|row| text(row, by).to_lowercase());
        if asked.query("sortOrder") == Some("DESCENDING") {
            rows.reverse();
        }
        rows.truncate(rows.len().saturating_sub(view.short));
        let begin = asked.query("pageToken").map_or(Ok(0), |token| place(token, now))?;
        let most = asked.query("maxResults").and_then(|most| most.parse().ok()).unwrap_or(100);
        let end = rows.len().min(begin + most);
        let mut page = json!({ "kind": "admin#directory#users", "etag": format!("\"{}\"", rows.len()) });
        if begin < end {
            page["users"] = rows[begin..end].to_vec().into();
        }
        if end < rows.len() {
            let token = format!("{end} {}", now.as_second());
            page["nextPageToken"] = BASE64_URL_SAFE_NO_PAD.encode(token).into();
        }
        Ok(page)
    }

    fn domain<'a>(&self, asked: &'a Asked) -> Done<Option<&'a str>> {
        match (asked.query("customer"), asked.query("domain")) {
            (Some(customer), None) if customer == "my_customer" || customer == self.customer => Ok(None),
            (None, Some(domain)) if self.domains.iter().any(|own| own == domain) => Ok(Some(domain)),
            (None, Some(_)) => Err(Reply::error(404, "domainNotFound", "Domain not found.")),
            _ => Err(Reply::error(400, "badRequest", "Bad Request")),
        }
    }
}

fn place(token: &str, now: Timestamp) -> Done<usize> {
    let wrong = || Reply::error(400, "invalid", "Invalid Input: INVALID_PAGE_TOKEN");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    let (place, given) = text.split_once(' ').ok_or_else(wrong)?;
    let given =
        given.parse().ok().and_then(|second| Timestamp::from_second(second).ok()).ok_or_else(wrong)?;
    if now.duration_since(given) > TOKEN {
        return Err(wrong());
    }
    place.parse().map_err(|_| wrong())
}

/// Whether a row is what is searched: words such as `email:a*`, `externalId=1`, `isSuspended=true`, all of them.
fn matches(query: &str, row: &Value) -> Done<bool> {
    for word in query.split_whitespace() {
        let wrong = || Reply::error(400, "invalid", "Invalid Input: query");
        let place = word.find([':', '=']).ok_or_else(wrong)?;
        let (field, value) = (&word[..place], word[place + 1..].trim_matches('\''));
        let values: Vec<String> = match field {
            "email" => all(row, "emails", "address"),
            "externalId" => all(row, "externalIds", "value"),
            "givenName" | "familyName" => vec![text(row, &format!("/name/{field}")).to_owned()],
            "name" => vec![text(row, "/name/givenName").to_owned(), text(row, "/name/familyName").to_owned()],
            "orgUnitPath" => vec![text(row, "/orgUnitPath").to_owned()],
            "isSuspended" => vec![row["suspended"].to_string()],
            _ => return Err(wrong()),
        };
        let fits = |found: &String| match value.strip_suffix('*') {
            Some(begin) => found.to_lowercase().starts_with(&begin.to_lowercase()),
            None => found.to_lowercase() == value.to_lowercase(),
        };
        if !values.iter().any(fits) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn all(row: &Value, list: &str, field: &str) -> Vec<String> {
    let entries = row[list].as_array().into_iter().flatten();
    entries.filter_map(|entry| entry[field].as_str()).map(str::to_owned).collect()
}

fn text<'r>(row: &'r Value, pointer: &str) -> &'r str {
    row.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
