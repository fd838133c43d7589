//! People as files bring them: nobody is lost, nobody is somebody else, and what a person decided stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use intendant_identities::register::{Filter, Selection};
use intendant_identities::state::{Deed, State};
use serde_json::{Value, json};
use support::{Bed, actor};

fn one(id: &str) -> Selection {
    Selection::Ids(vec![id.to_owned()])
}

/// The lines that could not be used, and why.
fn bad(report: &Value) -> Vec<(u64, String)> {
    let records = report["bad"].as_array().unwrap();
    let line = |bad: &Value| (bad["line"].as_u64().unwrap(), bad["reason"].as_str().unwrap().to_owned());
    records.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_aside_stays_so_with_its_new_document() {
    let bed = Bed::new().await;
    let person = r#"{"_id":"aside1","inetOrgPerson":{"uid":"aside1","cn":"Person Aside","sn":"Aside"}}"#;
    bed.import("", "a.ndjson", person, "").await;
    bed.register.move_to(one("aside1"), State::NotToSynchronise, &actor()).await.unwrap();
    let changed = person.replace(r#""Aside"}"#, r#""Aside","title":"x"}"#);
    let report = bed.import("?validated=true", "a.ndjson", &changed, "").await;
    assert_eq!(report["changed"], 1, "{report}");
    let left = bed.register.carry_out(one("aside1"), Deed::Synchronise, &actor()).await.unwrap();
    assert_eq!((left.done, left.examples[0].code.as_str()), (0, "set_aside"));
    let identity = bed.register.get("aside1").await.unwrap();
    assert_eq!(identity.state, State::NotToSynchronise);
    assert_eq!(identity.kept.document["inetOrgPerson"]["title"], "x");
    bed.register.move_to(one("aside1"), State::ToSynchronise, &actor()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_comes_back_with_the_same_file() {
    let bed = Bed::new().await;
    let person = r#"{"_id":"back1","inetOrgPerson":{"uid":"back1","cn":"Person Back","sn":"Back"}}"#;
    bed.import("?validated=true", "b.ndjson", person, "").await;
    for deed in [Deed::Synchronise, Deed::Delete] {
        bed.register.carry_out(one("back1"), deed, &actor()).await.unwrap();
        bed.at_rest().await;
    }
    assert_eq!(bed.state("back1").await, State::Deleted);
    let report = bed.import("?validated=true", "b.ndjson", person, "").await;
    assert_eq!((&report["changed"], &report["unchanged"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(bed.state("back1").await, State::ToSynchronise);
    let report = bed.import("?validated=true", "b.ndjson", person, "").await;
    assert_eq!(report["unchanged"], 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_belongs_to_one_identity() {
    let bed = Bed::new().await;
    let row = |number: u32, uid: &str| format!("employeeNumber,uid,cn,sn\n{number},{uid},ROCHE Jean,ROCHE\n");
    let key = "key: [employeeNumber]";
    assert_eq!(bed.import("", "a.csv", &row(901, "jroche"), key).await["new"], 1);
    let id = bed.register.find(&Filter::default(), None, 9).await.unwrap().identities[0].id.clone();
    let taken = |report: Value| {
        let bad = bad(&report);
        assert!(bad.len() == 1 && bad[0].0 == 2 && bad[0].1.contains(&id), "{report}");
        assert!(bad[0].1.contains("belongs to the identity"), "{report}");
    };
    for query in ["?dry_run=true", ""] {
        taken(bed.import(query, "b.csv", &row(902, "JRoche "), key).await);
    }
    let edited = json!({"inetOrgPerson": {"uid": ["JROCHE"], "cn": "a", "sn": "b"}});
    let said = bed.register.put("other", edited.clone(), None, &actor()).await.unwrap_err();
    assert!(said.to_string().contains(&id), "{said}");

    // It is free once nobody has it.
    let moved = row(901, "jean.roche");
    assert_eq!(bed.import("", "a.csv", &moved, key).await["changed"], 1);
    assert_eq!(bed.import("", "b.csv", &row(902, "jroche"), key).await["new"], 1);
    taken_by_other(&bed, &row(903, "jean.roche")).await;
    bed.register.carry_out(one(&id), Deed::Delete, &actor()).await.unwrap();
    assert_eq!(bed.import("", "c.csv", &row(903, "jean.roche"), key).await["new"], 1);
    bed.register.erase(&id, &actor()).await.unwrap();
}

async fn taken_by_other(bed: &Bed, file: &str) {
    let report = bed.import("", "c.csv", file, "key: [employeeNumber]").await;
    assert_eq!(bad(&report).len(), 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_there_is_found_however_many_there_are() {
    let bed = Bed::new().await;
    let rows: String = (0..6001).map(|n| format!("p{n:04},Person{n:04} X,X\n")).collect::<Vec<_>>().concat();
    let report = bed.import("", "people.csv", &format!("uid,cn,sn\n{rows}"), "").await;
    assert_eq!(report["new"], 6001, "{report}");
    for n in [0, 3000, 5999, 6000] {
        let filter = Filter { text: Some(format!("person{n:04}")), ..Filter::default() };
        let found = bed.register.find(&filter, None, 10).await.unwrap();
        assert_eq!((found.identities.len(), found.next), (1, None), "{n}");
    }
    let (status, page) = bed.ask("GET", "/api/v1/identities?text=nobody", None).await;
    assert_eq!((status.as_u16(), &page), (200, &json!({"identities": [], "next": null})));
}

#[tokio::test(flavor = "multi_thread")]
async fn accents_and_blanks_make_nobody_another() {
    let bed = Bed::new().await;
    let report = bed
        .import("", "a.csv", "uid,cn,sn\nren\u{e9}e,REN\u{c9}E,R\nrene\u{301}e,RENE\u{301}E,R\n", "")
        .await;
    assert_eq!(report["new"], 1, "{report}");
    assert_eq!(bad(&report), [(3, "it is the same identity as on line 2".to_owned())]);
    for text in ["ren\u{e9}e", "rene\u{301}e"] {
        let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(bed.register.find(&filter, None, 9).await.unwrap().identities.len(), 1, "{text}");
    }
    let file = concat!(
        r#"{"inetOrgPerson":{"uid":"c1\u0000x","cn":"C One\nuserPassword: x","sn":"One"}}"#,
        "\n",
        r#"{"inetOrgPerson":{"uid":"c2 ","cn":"C Two","sn":"Two"}}"#,
        "\n"
    );
    let report = bed.import("", "b.ndjson", file, "").await;
    assert!(bad(&report).len() == 1 && bad(&report)[0].1.contains("control character"), "{report}");
    let filter = Filter { text: Some("c2".to_owned()), ..Filter::default() };
    let found = bed.register.find(&filter, None, 9).await.unwrap().identities;
    assert_eq!(found[0].kept.document["inetOrgPerson"]["uid"], "c2");
}

/// What each identity is, by uid.
async fn everybody(bed: &Bed) -> std::collections::BTreeMap<String, Value> {
    let found = bed.register.find(&Filter::default(), None, 1000).await.unwrap().identities;
    let person = |document: &serde_json::Map<String, Value>| document["inetOrgPerson"].clone();
    let named = |person: &Value| person["uid"].as_str().unwrap().to_owned();
    found.iter().map(|one| person(&one.kept.document)).map(|person| (named(&person), person)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_ldif_ends_where_another_begins() {
    let file = "dn: uid=one,ou=people,dc=example,dc=org\nuid: one\ncn: Person One\nsn: One\nmail: one@example.org\n\
                dn: uid=two,ou=people,dc=example,dc=org\nuid: two\ncn: Person Two\nsn: Two\nmail: two@example.org\n";
    for (mapping, mail) in [("", json!("one@example.org")), ("lists: [mail]\n", json!(["one@example.org"]))] {
        let bed = Bed::new().await;
        let report = bed.import("", "p.ldif", file, mapping).await;
        assert_eq!((&report["new"], bad(&report)), (&json!(2), vec![]), "{report}");
        let people = everybody(&bed).await;
        assert_eq!((&people["one"]["mail"], &people["two"]["cn"]), (&mail, &json!("Person Two")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_ldif_are_those_that_are_meant() {
    let bed = Bed::new().await;
    let file = "version: 1\n\ndn: uid=added,ou=people,dc=example,dc=org\nchangeType: Add\nuid: added\ncn: Person Added\nsn: Added\n\n\
                dn: uid=tagged,ou=people,dc=example,dc=org\nuid: tagged\ncn;lang-en: Name In English\ncn: Nom Principal\n\
                sn;lang-en: English\nsn: Principal\n\n\
                dn: uid=empty,ou=people,dc=example,dc=org\nuid: empty\ncn:\ncn: Nom Principal\nsn: Principal\n\n\
                dn: uid=foreign,ou=people,dc=example,dc=org\nuid: foreign\ncn;lang-en: Only This\nsn: S\n";
    let report = bed.import("", "p.ldif", file, "").await;
    assert_eq!((&report["new"], bad(&report)), (&json!(4), vec![]), "{report}");
    let people = everybody(&bed).await;
    assert_eq!(people["added"]["cn"], "Person Added");
    assert_eq!(
        (&people["tagged"]["cn"], &people["tagged"]["sn"]),
        (&json!("Nom Principal"), &json!("Principal"))
    );
    assert_eq!(
        (&people["empty"]["cn"], &people["foreign"]["cn"]),
        (&json!("Nom Principal"), &json!("Only This"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_the_mapping_names_and_the_table_lacks_is_told_before_anything_is_written() {
    let bed = Bed::new().await;
    let mapping = "fields:\n  uid: LOGIN\n  cn: \"{NOM} {PRENOM}\"\n  sn: NOM\n  mail: COURRIEL\n";
    let right = "LOGIN;NOM;PRENOM;COURRIEL\nmap1;LEROY;Alma;alma@example.org\n";
    assert_eq!(bed.import("", "p.csv", right, mapping).await["new"], 1);
    let file = "LOGIN;NOM;Prénom;MAIL\nmap1;LEROY;Alma;alma@example.org\nmap2;MOREL;Zoé;zoe@example.org\n";
    let (status, told) = bed.send(support::form("", "p.csv", file, mapping)).await;
    let said = told["detail"].as_str().unwrap();
    assert!(status == 422 && said.contains("COURRIEL, PRENOM") && said.contains("Prénom, MAIL"), "{told}");
    let people = everybody(&bed).await;
    assert_eq!((people.len(), &people["map1"]["cn"]), (1, &json!("LEROY Alma")));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_as_spreadsheets_write_them() {
    let q = |n: u32| format!("q{n},Person {n},P{n}\n");
    let open: String = (3..=22).map(q).collect();
    let open = format!("uid,cn,sn\nq1,Person One,One\nq2,\"Person Two,Two\n{open}");
    for (file, new, wrong) in [
        ("sep=;\r\nuid;cn;sn\r\nsep1;Person One;One\r\nsep2;Person Two;Two\r\n", 2, vec![]),
        (
            "\"uid\";\"cn\";\"sn\";\"departmentNumber (site, floor, room, other)\"\ncom1;Person One;One;x\n",
            1,
            vec![],
        ),
        (
            "uid,cn,sn\r\nl2,A,A\r\nl3,B\r\nl4,C,C\r\n,D,D\r\nl6,E,E\r\n",
            3,
            vec![(3, "it has 2 cells"), (5, "it has no uid")],
        ),
        ("uid,cn,sn\n\n\nb4,A,A\n\nb6,B\n", 1, vec![(6, "it has 2 cells")]),
        (
            &open,
            21,
            vec![(3, "a quotation mark is opened on line 3 and never closed: what went into it (20 lines)")],
        ),
        ("uid,cn\na,\"x\ny\"\nb,\"z\n", 1, vec![(4, "opened on line 4 and never closed")]),
        ("_id,state,uid,cn,sn\nrt1,to_validate,rt1,Round One,One\n,,rt9,Round Nine,Nine\n", 2, vec![]),
        ("uid,cn,sn\nAMartin,MARTIN Ada,MARTIN\namartin,MARTIN Ada,MARTIN\n", 1, vec![(3, "line 2")]),
    ] {
        let bed = Bed::new().await;
        let report = bed.import("", "p.csv", file, "").await;
        assert_eq!(report["new"], new, "{file}: {report}");
        let bad = bad(&report);
        assert_eq!(bad.len(), wrong.len(), "{file}: {report}");
        for ((line, why), (expected, part)) in bad.iter().zip(&wrong) {
            assert!(line == expected && why.contains(part), "{file}: {report}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_named_once_in_a_file() {
    let bed = Bed::new().await;
    let file = "employeeNumber,uid,cn,sn\n901,jroche,ROCHE Jean,ROCHE\n902,jroche,ROCHE Jeanne,ROCHE\n";
    for query in ["?dry_run=true", ""] {
        let report = bed.import(query, "p.csv", file, "key: [employeeNumber]\n").await;
        assert_eq!(report["new"], 1, "{report}");
        assert!(bad(&report)[0].0 == 3 && bad(&report)[0].1.contains("identity on line 2"), "{report}");
    }
    assert_eq!(everybody(&bed).await["jroche"]["cn"], "ROCHE Jean");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_become_nothing_are_named() {
    let bed = Bed::new().await;
    let unknown = "uid,cn,sn,e-mail,employee number\nunk1,Person One,One,one@example.org,7\n";
    assert_eq!(bed.import("", "p.csv", unknown, "").await["unused"], json!(["e-mail", "employee number"]));
    let dots = "uid,cn,sn,N. tel.,Ext. mail\ndot1,Person One,One,12,one@example.org\n";
    assert_eq!(bed.import("", "p.csv", dots, "").await["unused"], json!(["N. tel.", "Ext. mail"]));
    let known = bed.register.find(&Filter::default(), None, 9).await.unwrap().identities;
    assert!(known.iter().all(|one| one.kept.document.keys().eq(["inetOrgPerson"])), "{known:?}");
    let twice = "uid,cn,sn,mail,Mail\ntwice1,Person One,One,,one@example.org\n";
    let (status, told) = bed.send(support::form("", "p.csv", twice, "")).await;
    assert!(status == 422 && told["detail"].as_str().unwrap().contains("have one name"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_comes_back_changes_nothing() {
    let bed = Bed::new().await;
    let file = concat!(
        r#"{"_id":"rt1","inetOrgPerson":{"uid":"rt1","cn":"Round One","sn":"One","mail":["one@example.org","uno@example.org"],"employeeNumber":["7","8"]}}"#,
        "\n",
        r#"{"_id":"rt2","inetOrgPerson":{"uid":"rt2","cn":"Round Two","sn":"Two","employeeNumber":42}}"#,
        "\n"
    );
    assert_eq!(bed.import("?validated=true", "p.ndjson", file, "").await["new"], 2);
    let before = everybody(&bed).await;
    let (_, table) = bed.ask("GET", "/api/v1/identities/export?format=csv", None).await;
    let report = bed.import("", "p.csv", table.as_str().unwrap(), "").await;
    assert_eq!((&report["unchanged"], report.get("unused")), (&json!(2), None), "{report}");
    assert_eq!(everybody(&bed).await, before);
    assert_eq!(bed.state("rt1").await, State::ToSynchronise);
    // What is meant to change does.
    let edited = table.as_str().unwrap().replace("Round Two", "Round Three");
    assert_eq!(bed.import("", "p.csv", &edited, "").await["changed"], 1);
    assert_eq!(everybody(&bed).await["rt2"]["employeeNumber"], 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_for_is_found_by_account_and_lists_are_sorted_as_people_read() {
    let bed = Bed::new().await;
    let file =
        "uid,cn,sn\nzlefevre,Lef\u{e8}vre Zo\u{e9},L\namuller,M\u{fc}ller Anna,M\nezola,\u{c9}mile Zola,Z\n";
    assert_eq!(bed.import("?validated=true", "people.csv", file, "").await["new"], 3);
    let (status, one) = bed.ask("GET", "/api/v1/identities/AMULLER", None).await;
    assert_eq!((status.as_u16(), &one["uid"]), (200, &json!("amuller")), "{one}");
    let id = one["id"].as_str().unwrap().to_owned();
    let (status, _) = bed.ask("GET", "/api/v1/identities/nobody", None).await;
    assert_eq!(status, 404);
    let (_, listed) = bed.ask("GET", "/api/v1/identities?sort=name&limit=2", None).await;
    let names = |page: &Value| -> Vec<String> {
        let all = page["identities"].as_array().unwrap().iter();
        all.map(|one| one["uid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&listed), &listed["total"]), (vec!["ezola".into(), "zlefevre".into()], &json!(3)));
    let next: String = form_urlencoded::byte_serialize(listed["next"].as_str().unwrap().as_bytes()).collect();
    let (_, rest) = bed.ask("GET", &format!("/api/v1/identities?sort=name&limit=2&after={next}"), None).await;
    assert_eq!((names(&rest), &rest["next"]), (vec!["amuller".to_owned()], &json!(null)));
    let (_, found) = bed.ask("GET", "/api/v1/identities?sort=-uid&text=LEFEVRE", None).await;
    assert_eq!((names(&found), &found["total"]), (vec!["zlefevre".to_owned()], &json!(1)));
    assert_eq!(bed.ask("GET", "/api/v1/identities?sort=age", None).await.0, 400);

    let asked = json!({"ids": ["amuller", "nobody"]});
    let (status, report) = bed.ask("POST", "/api/v1/identities/synchronise", Some(asked)).await;
    assert_eq!((status.as_u16(), &report["done"], &report["left"]), (200, &json!(1), &json!(1)), "{report}");
    bed.at_rest().await;
    assert_eq!(bed.state(&id).await, State::Synchronised);
    let (_, jobs) = bed.ask("GET", "/api/v1/identities/amuller/jobs", None).await;
    assert_eq!(jobs["jobs"][0]["name"], json!("M\u{fc}ller Anna \u{b7} amuller"), "{jobs}");
    let password = json!({"new_password": "s3cr3t-s3cr3t"});
    let (status, set) = bed.ask("POST", "/api/v1/identities/amuller/password", Some(password)).await;
    assert_eq!((status.as_u16(), &set["state"]), (200, &json!("succeeded")), "{set}");
    let disable = json!({"ids": [id, id]});
    bed.ask("POST", "/api/v1/identities/disable", Some(disable.clone())).await;
    bed.at_rest().await;
    let (_, report) = bed.ask("POST", "/api/v1/identities/disable", Some(disable)).await;
    assert_eq!(report["examples"][0]["name"], json!("M\u{fc}ller Anna \u{b7} amuller"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_brings_back_nobody_who_is_deleted() {
    let bed = Bed::new().await;
    bed.import("?validated=true", "p.csv", "_id,uid,cn,sn\ngone,gone,G O,O\nhere,here,H E,E\n", "").await;
    for deed in [Deed::Synchronise, Deed::Delete] {
        bed.register.carry_out(one("gone"), deed, &actor()).await.unwrap();
        bed.at_rest().await;
    }
    for format in ["ndjson", "csv"] {
        let (_, export) = bed.ask("GET", &format!("/api/v1/identities/export?format={format}"), None).await;
        let report =
            bed.import("?validated=true", &format!("e.{format}"), export.as_str().unwrap(), "").await;
        assert_eq!((&report["unchanged"], &report["refused"]), (&json!(2), &json!(0)), "{format}: {report}");
        assert_eq!(bed.state("gone").await, State::Deleted, "{format}");
    }
    // Who lives here is not taken for deleted because a file says so, and is not changed by it.
    let file = r#"{"_id":"here","deletedFlag":true,"inetOrgPerson":{"uid":"here","cn":"X","sn":"X"}}"#;
    let report = bed.import("", "e.ndjson", file, "").await;
    assert!(bad(&report)[0].1.contains("says that it is deleted"), "{report}");
    assert_eq!(everybody(&bed).await["here"]["cn"], "H E");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cause_is_one_report() {
    let bed = Bed::new().await;
    let rows = (0..300).map(|n| format!("x{n},y\n")).collect::<Vec<_>>().concat();
    let (status, told) = bed.send(support::form("", "p.csv", &format!("nom,prenom\n{rows}"), "")).await;
    let said = told["detail"].as_str().unwrap();
    assert!(
        status == 422 && said.contains("no column becomes uid") && said.contains("nom, prenom"),
        "{told}"
    );
    assert!(said.contains("--mapping"), "{told}");
    let report = bed.import("", "p.csv", &format!("uid,cn,sn\na,A,A\n{rows}b,B,B\n"), "").await;
    assert_eq!((&report["new"], &report["refused"]), (&json!(2), &json!(300)), "{report}");
    let bad = &report["bad"];
    assert_eq!(bad.as_array().unwrap().len(), 1, "{report}");
    assert_eq!(
        (&bad[0]["line"], &bad[0]["count"], &bad[0]["others"]),
        (&json!(3), &json!(300), &json!([[4, 302]]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_read_however_they_are_written() {
    let utf16 =
        |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let table = "\u{feff}uid;cn;sn\r\nzoe;Zo\u{e9} MOREL;MOREL\r\n";
    for (bytes, query) in [
        (table.as_bytes().to_vec(), ""),
        (utf16(table, u16::to_le_bytes), ""),
        (utf16(table, u16::to_be_bytes), ""),
        (utf16(&table[3..], u16::to_le_bytes), "?encoding=utf-16"),
        (b"uid;cn;sn\r\nzoe;Zo\xe9 MOREL;MOREL\r\n".to_vec(), "?encoding=latin-1"),
    ] {
        let bed = Bed::new().await;
        let (status, answer) = bed.send(support::form_of(query, "p.csv", &bytes, "")).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(everybody(&bed).await["zoe"]["cn"], "Zo\u{e9} MOREL", "{query} {bytes:?}");
    }
    let bed = Bed::new().await;
    for (bytes, said) in
        [(&b"uid,cn,sn\na,A,A\nb,Zo\xe9,B\n"[..], "latin-1 (line 3)"), (b"u\0i\0d\0\n\0a\0\n\0", "utf-16")]
    {
        let (status, told) = bed.send(support::form_of("", "p.csv", bytes, "")).await;
        assert!(status == 422 && told["detail"].as_str().unwrap().contains(said), "{told}");
        assert!(told["detail"].as_str().unwrap().contains("--encoding"), "{told}");
    }
    assert!(everybody(&bed).await.is_empty());
    let (status, told) = bed.send(support::form("?encoding=ebcdic", "p.csv", "uid\na\n", "")).await;
    assert!(status == 400 && told["detail"].as_str().unwrap().contains("utf-8, utf-16, latin-1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_who_changes_and_in_what() {
    let bed = Bed::new().await;
    bed.import("", "p.csv", "_id,uid,cn,sn,mail\na,a,A,A,one@x\nb,b,B,B,\n", "").await;
    let file = "_id,uid,cn,sn,mail,title\nb,b,B,B,b@x,\na,a,A,A,two@x,Dr\nc,c,,C,,\n";
    let report = bed.import("?dry_run=true", "p.csv", file, "").await;
    assert_eq!(report["members"], json!({"mail": 2, "title": 1}), "{report}");
    let changes = report["changes"].as_array().unwrap();
    assert_eq!(changes.iter().map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(
        changes[1]["members"],
        json!([{"name": "mail", "before": "one@x", "after": "two@x"}, {"name": "title", "before": null, "after": "Dr"}])
    );
    assert_eq!(report["people"], json!([{"line": 4, "id": "c", "label": "c", "missing": ["cn"]}]));
    assert_eq!(bed.register.get("a").await.unwrap().kept.document["inetOrgPerson"]["mail"], "one@x");
}
