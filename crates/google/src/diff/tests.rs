use serde_json::json;

use super::*;

fn ours(uuid: &str, given: &str, id: Option<&str>) -> Ours {
    let (given, family) = (given.to_owned(), "B".to_owned());
    Ours { uuid: uuid.to_owned(), number: None, given, family, google_id: id.map(str::to_owned) }
}

fn user(id: &str, given: &str, uuid: Option<&str>) -> User {
    let entries = uuid.map(|uuid| json!([{ "type": "organization", "value": uuid }]));
    let user = json!({
        "id": id, "primaryEmail": format!("{id}@x.org"), "externalIds": entries,
        "name": { "givenName": given, "familyName": "B" },
    });
    serde_json::from_value(user).unwrap()
}

fn uuid(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn seen(accounts: Vec<Ours>, users: Vec<User>) -> Seen {
    let mut seen = Seen::default();
    seen.take(Page::Referential { accounts, odd: Vec::new() });
    seen.take(Page::Google { users, next: None });
    seen
}

#[test]
fn each_account_stands_in_one_way() {
    let ids: Vec<_> = (0..9).map(uuid).collect();
    let all = vec![
        ours(&ids[0], "A", Some("10")),
        ours(&ids[1], "A", Some("11")),
        ours(&ids[2], "A", Some("12")),
        ours(&ids[3], "A", None),
        ours(&ids[4], "A", Some("14")),
        ours(&ids[5], "A", Some("15")),
        ours(&ids[6], "A", Some("15")),
        // It came twice: somebody was added while pages were read.
        ours(&ids[0], "A", Some("10")),
    ];
    let users = vec![
        user("10", "A", Some(&ids[0])),
        user("11", "Other", Some(&ids[1])),
        user("13", "A", Some(&ids[3])),
        user("14", "A", Some(&ids[7])),
        user("15", "A", Some(&ids[5])),
        user("18", "A", Some(&ids[8])),
        user("19", "A", None),
    ];
    let mut seen = seen(all, users);
    assert_eq!(seen.unseen(), ["12"]);
    assert_eq!(seen.strangers(), [ids[7].clone(), ids[8].clone()]);
    let stands = |seen: &Seen| -> Vec<_> {
        let found = compare(seen, |_| Asked::default());
        found.into_iter().map(|found| (found.google_id.unwrap_or_default(), found.situation)).collect()
    };
    let expected = [
        ("10", Situation::Same),
        ("11", Situation::Differs),
        ("12", Situation::Missing),
        ("14", Situation::Disputed),
        ("15", Situation::Disputed),
        ("15", Situation::Disputed),
        ("13", Situation::Moved),
        ("18", Situation::Extra),
    ];
    assert_eq!(stands(&seen), expected.map(|(id, situation)| (id.to_owned(), situation)));
    // Somebody looked: the one is there after all, of the other nobody may say anything.
    seen.take(Page::LookedAtReferential {
        uuids: vec![ids[8].clone()],
        accounts: vec![ours(&ids[8], "A", None)],
    });
    let refused = vec![("12".to_owned(), "forbidden".to_owned())];
    seen.take(Page::LookedAtGoogle { ids: vec!["12".to_owned()], users: Vec::new(), unreadable: refused });
    assert_eq!((seen.unseen().len(), seen.strangers().len(), seen.short_referential), (0, 1, 1));
    let stands = stands(&seen);
    assert!(stands.contains(&("18".to_owned(), Situation::Moved)), "{stands:?}");
    assert!(stands.contains(&("12".to_owned(), Situation::Unreadable)), "{stands:?}");
    assert!(!stands.contains(&("12".to_owned(), Situation::Missing)), "{stands:?}");
}

#[test]
fn every_field_is_compared_that_somebody_decides() {
    let id = uuid(1);
    let asked = Asked {
        primary: Some("Ada@x.org".to_owned()),
        aliases: Some(vec!["B@x.org".to_owned(), "fixed@x.org".to_owned(), "a@x.org".to_owned()]),
        suspended: None,
    };
    let there = |change: serde_json::Value| {
        let mut account = json!({
            "id": "10", "primaryEmail": "ada@X.org", "name": { "givenName": "Ada", "familyName": "B" },
            "aliases": ["a@x.org", "b@x.org"], "nonEditableAliases": ["fixed@x.org"],
            "externalIds": [
                { "type": "organization", "value": id.to_uppercase() }, { "type": "login_id", "value": "theirs" },
            ],
        });
        account.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value::<User>(account).unwrap()
    };
    let differs = |change: serde_json::Value| {
        let seen = seen(vec![ours(&id, "Ada", Some("10"))], vec![there(change)]);
        let mut found = compare(&seen, |_| asked.clone());
        let names = found.remove(0).fields.into_iter().map(|field| (field.name, field.theirs));
        names.collect::<Vec<_>>()
    };
    assert_eq!(differs(json!({})), []);
    for (change, name, theirs) in [
        (json!({ "name": { "givenName": "Grace", "familyName": "B" } }), "first_name", "Grace"),
        (json!({ "name": { "givenName": "Ada", "familyName": "H" } }), "last_name", "H"),
        (json!({ "primaryEmail": "grace@x.org" }), "primary_email", "grace@x.org"),
        (json!({ "aliases": ["c@x.org", "a@x.org"] }), "aliases", "a@x.org, c@x.org"),
        (json!({ "externalIds": [{ "type": "login_id", "value": "theirs" }] }), "external_ids", ""),
        (json!({ "suspended": true }), "suspended", "true"),
    ] {
        assert_eq!(differs(change), [(name.to_owned(), theirs.to_owned())], "{name}");
    }
}

#[test]
fn fingerprints_tell_why_a_field_differs() {
    for (pushed, expected) in [
        (Some("ours"), Why::ChangedAtGoogle),
        (Some("theirs"), Why::NotDelivered),
        (Some("older"), Why::Both),
        (None, Why::Unknown),
    ] {
        assert_eq!(why(pushed, "ours", "theirs"), expected);
    }
}

#[test]
fn a_report_lists_the_worst_first_and_is_read_as_it_was_told() {
    let found = [Situation::Same, Situation::Differs, Situation::Disputed, Situation::Missing];
    let report = Report::of(found.into_iter().map(Found::new).collect(), &[]);
    let listed: Vec<_> = report.accounts.iter().map(|found| found.situation).collect();
    assert_eq!(listed, [Situation::Disputed, Situation::Missing, Situation::Differs]);
    assert_eq!((report.count(Situation::Same), report.count(Situation::Extra)), (1, 0));
    assert_eq!(report.summary(), "1 same, 1 differs, 1 missing, 1 disputed");
    let told = json!({ "steps": [{ "answer": { "status": 0, "data": report } }] });
    assert_eq!(Report::find(&told), Some(report));
    let only = Report::of(found.into_iter().map(Found::new).collect(), &[Situation::Missing]);
    assert_eq!((only.accounts.len(), only.is_same()), (1, false));
}
