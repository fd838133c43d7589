//! The register's pages: in both languages, for whoever may see them, and what their buttons do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use http::Role;
use http::page::{Kit, Lang, Texts, around};
use intendant_identities::pages::{self, PART, Pages, Waiting};
use intendant_identities::register::Selection;
use intendant_identities::schedule::Schedule;
use intendant_identities::schema::Schema;
use intendant_identities::state::{Deed, State};
use serde_json::json;
use support::{Bed, actor, caller, person};
use tower::ServiceExt as _;

fn kit() -> Kit {
    Kit::new("1", &[PART])
}

/// Files that were sent wait for the next request.
static WAITING: LazyLock<Waiting> = LazyLock::new(Waiting::default);

/// A further class, as a site configures it.
static SCHEMAS: LazyLock<Arc<[Schema]>> = LazyLock::new(|| {
    let text = "title: {en: SUPANN directory, fr: Annuaire SUPANN}
properties:
  supannCivilite: {title: Civilité, enum: [M., Mme]}
  supannAutreMail: {title: Autre adresse, type: array, format: email}
required: [supannCivilite]
";
    Arc::from([Schema::parse("supannPerson", text).unwrap()])
});

fn router(bed: &Bed) -> Router {
    let kit = kit();
    let pages = Pages {
        register: bed.register.clone(),
        schedule: Schedule::never(),
        schemas: SCHEMAS.clone(),
        waiting: WAITING.clone(),
        kit: kit.clone(),
    };
    around(http::frame(pages::routes().with_state(pages)), &kit)
}

async fn ask(bed: &Bed, role: Role, lang: &str, request: Request<Body>) -> (StatusCode, String, String) {
    let (mut head, body) = request.into_parts();
    head.headers.insert("accept", "text/html".parse().unwrap());
    head.headers.insert("accept-language", lang.parse().unwrap());
    head.extensions.insert(caller(role));
    let response = router(bed).oneshot(Request::from_parts(head, body)).await.unwrap();
    let place = response.headers().get("location").map(|at| at.to_str().unwrap().to_owned());
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, place.unwrap_or_default(), String::from_utf8(bytes.to_vec()).unwrap())
}

async fn get(bed: &Bed, role: Role, lang: &str, path: &str) -> (StatusCode, String) {
    let (status, _, html) = ask(bed, role, lang, Request::get(path).body(Body::empty()).unwrap()).await;
    (status, html)
}

async fn post(bed: &Bed, path: &str, form: &str) -> (StatusCode, String, String) {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    ask(bed, Role::Operator, "en", request.body(Body::from(form.to_owned())).unwrap()).await
}

/// One in each state that comes about by itself.
async fn filled() -> Bed {
    let bed = Bed::new().await;
    bed.ready(&["done", "waiting", "gone", "off"]).await;
    for deed in [Deed::Synchronise, Deed::Disable] {
        let ids = Selection::Ids(vec!["off".to_owned()]);
        bed.register.carry_out(ids, deed, &actor()).await.unwrap();
        bed.at_rest().await;
    }
    let mut failing = person("failing");
    failing["inetOrgPerson"]["title"] = json!("fail");
    bed.register.create(failing, &actor()).await.unwrap();
    bed.register.create(json!({"_id": "bare", "inetOrgPerson": {}}), &actor()).await.unwrap();
    bed.register.create(person("fresh"), &actor()).await.unwrap();
    let failing = Selection::Ids(vec!["failing".to_owned()]);
    bed.register.move_to(failing, State::ToSynchronise, &actor()).await.unwrap();
    let sent = Selection::Ids(["done", "failing"].map(str::to_owned).into());
    bed.register.carry_out(sent, Deed::Synchronise, &actor()).await.unwrap();
    let gone = Selection::Ids(vec!["gone".to_owned()]);
    bed.register.carry_out(gone, Deed::Delete, &actor()).await.unwrap();
    bed.at_rest().await;
    bed
}

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(Texts::faults(PART.texts), Vec::<String>::new());
}

/// Keys that are written out in templates and code.
#[test]
fn every_message_that_is_asked_for_is_there() {
    let (kit, mut asked) = (kit(), 0);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["templates", "src/pages"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            for call in ["v.t(\"", "v.count(\"", "v.with(\"", "visit.t(\""] {
                for (at, _) in text.match_indices(call) {
                    let key = text[at + call.len()..].split('"').next().unwrap();
                    assert!(Lang::ALL.iter().all(|lang| kit.texts().knows(*lang, key)), "{key} is missing");
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 60, "only {asked} keys were found: the search is broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_a_key() {
    let empty = Bed::new().await;
    let (status, html) = get(&empty, Role::Viewer, "en", "/identities").await;
    assert!(status == 200 && html.contains("No identity yet"), "{html}");
    let bed = filled().await;
    let mut paths: Vec<String> = [
        "/identities",
        "/identities?state=in_error",
        "/identities?text=nobody+is+called+so",
        "/identities/none",
        "/identities/import",
        "/identities/new",
        "/identities/new?as=json",
        "/identities/done/edit",
        "/identities/done/edit?as=json",
        "/identities/runs",
        "/identities/done?said=identities-saved.1",
        "/identities?said=identities-erased.1",
        "/identities/gone/erase",
    ]
    .map(str::to_owned)
    .into();
    paths.extend(
        ["done", "waiting", "gone", "off", "failing", "bare", "fresh"].map(|id| format!("/identities/{id}")),
    );
    let acts =
        ["synchronise", "to-synchronise", "to-validate", "not-to-synchronise", "enable", "disable", "delete"];
    for act in acts {
        paths.push(format!("/identities/many?do={act}&all=1"));
        paths.push(format!("/identities/many?do={act}&id=gone&id=none"));
        paths.push(format!("/identities?said=identities-{act}.2"));
    }
    for lang in ["en", "fr"] {
        for role in Role::ALL {
            for path in &paths {
                let (_, html) = get(&bed, *role, lang, path).await;
                assert!(html.contains(&format!("<html lang=\"{lang}\"")), "{path}");
                assert!(!html.contains('⟦'), "{path} in {lang}: {}", html.split('⟦').nth(1).unwrap());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_is_offered_nothing_and_may_do_nothing() {
    let bed = filled().await;
    for path in ["/identities", "/identities/done"] {
        let (status, html) = get(&bed, Role::Viewer, "en", path).await;
        assert_eq!(status, 200);
        assert!(!html.contains("method=\"post\" action=\"/identities"), "{path}");
    }
    assert_eq!(get(&bed, Role::Viewer, "en", "/identities/runs").await.0, 200);
    for path in
        ["/identities/import", "/identities/new", "/identities/done/edit", "/identities/many?do=delete&all=1"]
    {
        assert_eq!(get(&bed, Role::Viewer, "en", path).await.0, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_say_what_will_happen_and_do_it() {
    let bed = filled().await;
    let (_, html) = get(&bed, Role::Operator, "en", "/identities").await;
    assert!(html.contains("Synchronise 1 identity") && html.contains("1 identity waits"), "{html}");
    let (_, html) = get(&bed, Role::Operator, "en", "/identities/many?do=to-synchronise&all=1").await;
    assert!(html.contains("4 identities will go out") && html.contains("3 stay as they are"), "{html}");
    let (status, place, _) =
        post(&bed, "/identities/many", "do=to-synchronise&all=1&state=to_validate").await;
    assert_eq!((status.as_u16(), place.as_str()), (303, "/identities?said=identities-to-synchronise.1"));
    let (status, _, html) = post(&bed, "/identities/many", "do=synchronise&id=fresh&id=gone").await;
    assert!(
        status == 200 && html.contains("1 identity is being synchronised") && html.contains("it is deleted"),
        "{html}"
    );
    bed.at_rest().await;
    assert_eq!(bed.state("fresh").await, State::Synchronised);
    let (status, place, _) = post(&bed, "/identities/failing", "do=synchronise").await;
    assert_eq!((status.as_u16(), place.as_str()), (303, "/identities/failing?said=identities-synchronise.1"));
    bed.at_rest().await;
    let (_, html) = get(&bed, Role::Operator, "en", "/identities/failing").await;
    assert!(html.contains("the title is not allowed") && html.contains("10fake"), "{html}");
    assert_eq!(post(&bed, "/identities/gone", "do=synchronise").await.0, 409);
    assert_eq!(post(&bed, "/identities/gone", "do=dance").await.0, 400);
    assert_eq!(post(&bed, "/identities/many", "do=delete").await.0, 400, "nobody was selected");
    // Who loses something is named before anybody agrees, by name, with the document.
    let (_, html) = get(&bed, Role::Operator, "en", "/identities/many?do=delete&id=fresh").await;
    assert!(html.contains(">Delete 1 person</button>") && html.contains("class=\"lost\""), "{html}");
    assert!(html.contains("name=\"agree-n\" value=\"1\"") && html.contains("The document of"), "{html}");
    let (status, _, html) = post(&bed, "/identities/many", "do=delete&id=fresh").await;
    assert!(
        status == 422 && html.contains(">Delete 1 person</button>"),
        "it says not what it showed: {html}"
    );
    let typed = post(&bed, "/identities/many", "do=delete&id=fresh&agree-n=180&agree=18").await;
    assert!(typed.0 == 422 && typed.2.contains("This is another number."), "{}", typed.2);
    let meanwhile = post(&bed, "/identities/many", "do=delete&id=fresh&agree-n=2").await;
    assert!(
        meanwhile.0 == 422 && meanwhile.2.contains("The number has changed meanwhile"),
        "{}",
        meanwhile.2
    );
    assert_eq!(bed.state("fresh").await, State::Synchronised, "nothing was done");
    let (status, place, _) = post(&bed, "/identities/many", "do=delete&id=fresh&agree-n=1").await;
    assert_eq!((status.as_u16(), place.as_str()), (303, "/identities?said=identities-delete.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_edited_and_faults_are_told_beside_the_text() {
    let bed = filled().await;
    let edit = |rev: u64, text: &str| {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        format!("rev={rev}&document={text}")
    };
    let rev = bed.register.get("failing").await.unwrap().rev;
    let (status, _, html) = post(&bed, "/identities/failing/edit", &edit(rev, "{\"inetOrgPerson\": ")).await;
    assert!(
        status == 422 && html.contains("it breaks off at line 1") && html.contains("inetOrgPerson"),
        "{html}"
    );
    let (status, _, html) =
        post(&bed, "/identities/failing/edit", &edit(rev - 1, &person("failing").to_string())).await;
    assert!(status == 422 && html.contains("was changed since you looked"), "{html}");
    let (status, place, _) =
        post(&bed, "/identities/failing/edit", &edit(rev, &person("failing").to_string())).await;
    assert_eq!((status.as_u16(), place.as_str()), (303, "/identities/failing?said=identities-saved.1"));
    assert_eq!(bed.state("failing").await, State::ToValidate);
    let (status, place, _) = post(&bed, "/identities/new", &edit(0, &person("newer").to_string())).await;
    assert_eq!((status.as_u16(), place.as_str()), (303, "/identities/newer?said=identities-saved.1"));
    assert_eq!(post(&bed, "/identities/new", &edit(0, &person("newer").to_string())).await.0, 422);
}

/// A form with a file, as browsers send it.
fn sent(file: &[u8], fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = Vec::new();
    let mut part = |head: &str, text: &[u8]| {
        body.extend_from_slice(format!("--X\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes());
        body.extend_from_slice(text);
        body.extend_from_slice(b"\r\n");
    };
    part("name=\"file\"; filename=\"people.csv\"", file);
    for (name, text) in fields {
        part(&format!("name=\"{name}\""), text.as_bytes());
    }
    body.extend_from_slice(b"--X--\r\n");
    Request::post("/identities/import")
        .header("content-type", "multipart/form-data; boundary=X")
        .body(Body::from(body))
        .unwrap()
}

/// Sends a file, and looks at what it would do: where that is, and the page.
async fn looked_at(bed: &Bed, file: &[u8], fields: &[(&str, &str)]) -> (String, StatusCode, String) {
    let (status, place, _) = ask(bed, Role::Operator, "en", sent(file, fields)).await;
    assert_eq!(status, 303);
    let (status, html) = get(bed, Role::Operator, "en", &place).await;
    (place, status, html)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_and_then_that_file_is_imported() {
    let bed = Bed::new().await;
    bed.register.create(person("known"), &actor()).await.unwrap();
    bed.register.create(person("same"), &actor()).await.unwrap();
    let file = "_id,uid,cn,sn,mail,shoe size\nfresh,fresh,A B,<b>,,\nknown,known,known Of,Of,known@example.org,43\n\
                same,same,same Of,Of,,\nshort\n";
    let (place, status, html) = looked_at(&bed, file.as_bytes(), &[]).await;
    assert_eq!(status, 200, "{html}");
    for said in [
        "Nothing is written yet",
        "Import 2 identities",
        "it has 1 cells, and the heading 6",
        "shoe size",
        "<ins>known@example.org</ins>",
        "<a href=\"/identities/known\">known Of · known</a>",
        "A B · fresh",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("same Of"), "what does not change is only counted: {html}");
    assert_eq!(bed.register.counts().await.unwrap().get(&State::ToValidate), Some(&2), "nothing is written");
    for lang in ["en", "fr"] {
        let (_, html) = get(&bed, Role::Operator, lang, &place).await;
        assert!(!html.contains('⟦'), "{lang}: {html}");
    }

    let (status, _, html) = post(&bed, &place, "validated=1").await;
    assert!(status == 200 && html.contains("it has 1 cells, and the heading 6"), "{html}");
    assert_eq!(bed.state("fresh").await, State::ToSynchronise);
    assert_eq!(
        bed.register.get("known").await.unwrap().kept.document["inetOrgPerson"]["mail"],
        "known@example.org"
    );
    let (status, _, html) = post(&bed, &place, "").await;
    assert!(status == 422 && html.contains("does not wait here any more"), "{html}");
    let (_, _, html) = looked_at(&bed, file.as_bytes(), &[]).await;
    assert!(html.contains("There is nothing to import"), "{html}");
    let (status, ..) = ask(&bed, Role::Viewer, "en", sent(b"uid\na\n", &[])).await;
    assert_eq!(status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_misread_is_read_otherwise_without_being_sent_again() {
    let bed = Bed::new().await;
    let file = b"LOGIN;NOM\nzoe;MOREL Zo\xe9\n";
    let (place, status, html) = looked_at(&bed, file, &[]).await;
    assert!(status == 422 && html.contains("looks like latin-1 (line 2)"), "{html}");
    let how = format!("{place}/how");
    post(&bed, &how, "encoding=latin-1").await;
    let (status, html) = get(&bed, Role::Operator, "en", &place).await;
    assert!(status == 422 && html.contains("no column becomes uid"), "{html}");
    assert!(html.contains("LOGIN, NOM"), "{html}");
    let mapping: String =
        form_urlencoded::byte_serialize(b"fields: {uid: LOGIN, cn: NOM, sn: NOM}").collect();
    let (status, to, _) = post(&bed, &how, &format!("encoding=latin-1&mapping={mapping}")).await;
    assert_eq!((status.as_u16(), &to), (303, &place));
    let (status, html) = get(&bed, Role::Operator, "en", &place).await;
    assert!(status == 200 && html.contains("MOREL Zoé · zoe") && html.contains("uid: LOGIN"), "{html}");
    assert_eq!(post(&bed, &place, "").await.0, 200);
    assert_eq!(bed.register.counts().await.unwrap().get(&State::ToValidate), Some(&1));
    let (_, _, html) = looked_at(&bed, b"uid\na\n", &[("mapping", "fields: [")]).await;
    assert!(html.contains("the mapping cannot be used"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_erases_what_is_deleted() {
    let bed = filled().await;
    let offered = |html: &str| html.contains("href=\"/identities/gone/erase\"");
    assert!(!offered(&get(&bed, Role::Operator, "en", "/identities/gone").await.1));
    assert!(offered(&get(&bed, Role::Admin, "en", "/identities/gone").await.1));
    let (status, html) = get(&bed, Role::Admin, "en", "/identities/gone/erase").await;
    assert!(
        status == 200 && html.contains("All that the register keeps of gone Of will be erased"),
        "{html}"
    );
    let (status, html) = get(&bed, Role::Admin, "en", "/identities/done/erase").await;
    assert!(status == 409 && html.contains("delete it from the backends first"), "{html}");
    let erase = |id: &str| {
        let request = Request::post(format!("/identities/{id}/erase"));
        request.header("content-type", "application/x-www-form-urlencoded").body(Body::empty()).unwrap()
    };
    assert_eq!(ask(&bed, Role::Operator, "en", erase("gone")).await.0, 403);
    assert_eq!(ask(&bed, Role::Admin, "en", erase("done")).await.0, 409);
    let (status, place, _) = ask(&bed, Role::Admin, "en", erase("gone")).await;
    assert_eq!((status.as_u16(), place.as_str()), (303, "/identities?said=identities-erased.1"));
    assert_eq!(get(&bed, Role::Admin, "en", "/identities/gone").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_reset_from_the_page() {
    let bed = filled().await;
    let (_, html) = get(&bed, Role::Operator, "en", "/identities/done").await;
    assert!(html.contains("Reset the password"), "{html}");
    let path = "/identities/done/password";
    assert_eq!(post(&bed, path, "new=s3cr3t&again=other").await.0, 400);
    let (status, place, _) = post(&bed, path, "new=s3cr3t&again=s3cr3t").await;
    assert_eq!((status.as_u16(), place.as_str()), (303, "/identities/done?said=identities-password.1"));
    let (_, html) = get(&bed, Role::Operator, "en", "/identities/done").await;
    assert!(html.contains("IDENTITY_PASSWORD_RESET") && !html.contains("s3cr3t"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_says_so_and_its_first_button_helps() {
    let bed = filled().await;
    bed.hub.pause("10fake", &actor()).await.unwrap();
    let waiting = Selection::Ids(vec!["waiting".to_owned()]);
    bed.register.carry_out(waiting, Deed::Synchronise, &actor()).await.unwrap();
    let (_, html) = get(&bed, Role::Operator, "en", "/identities/waiting").await;
    assert!(html.contains("The backend 10fake is paused: nothing happens until it is resumed"), "{html}");
    let help = "<form method=\"post\" action=\"/backends/10fake/resume\"><button class=\"primary\"";
    assert!(html.contains(help), "{html}");
    assert_eq!(html.matches("class=\"primary\"").count(), 1, "one button is the main one: {html}");
    let (_, html) = get(&bed, Role::Viewer, "fr", "/identities/waiting").await;
    assert!(html.contains("Le backend 10fake est en pause"), "{html}");
    assert!(html.contains("href=\"/backends/10fake\"") && !html.contains("/resume"), "{html}");
    bed.hub.resume("10fake", &actor()).await.unwrap();
    bed.at_rest().await;
    let (_, html) = get(&bed, Role::Operator, "en", "/identities/waiting").await;
    assert!(!html.contains("paused"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_sorted_and_the_number_stands_above() {
    let bed = filled().await;
    let (_, html) = get(&bed, Role::Viewer, "en", "/identities").await;
    let at = |name: &str, html: &str| html.find(&format!(">{name}</a>")).expect(name);
    assert!(at("done Of", &html) < at("fresh Of", &html) && at("fresh Of", &html) < at("waiting Of", &html));
    assert!(html.contains("7 identities") && html.contains("aria-sort=\"ascending\""), "{html}");
    assert!(html.contains(">bare</a>"), "who has no name is shown by id: {html}");
    let (_, html) = get(&bed, Role::Viewer, "en", "/identities?sort=-name").await;
    assert!(at("done Of", &html) > at("waiting Of", &html) && html.contains("aria-sort=\"descending\""));
    let (_, html) = get(&bed, Role::Viewer, "en", "/identities?text=FRESH").await;
    assert!(html.contains("1 identity") && html.contains(">fresh Of</a>") && !html.contains(">done Of</a>"));
    let (_, html) = get(&bed, Role::Viewer, "en", "/identities?text=nobody").await;
    assert!(html.contains("No identity fits"), "{html}");
}

/// A form with these fields.
fn fields(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_made_in_a_form_and_faults_stand_beside_their_fields() {
    let bed = filled().await;
    let (status, html) = get(&bed, Role::Operator, "fr", "/identities/new").await;
    assert_eq!(status, 200);
    for said in [
        "Nom de famille",
        "Annuaire SUPANN",
        "obligatoire",
        "name=\"/inetOrgPerson/mail\"",
        "<option value=\"Mme\"",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let (uid, cn, sn, mail) =
        ("/inetOrgPerson/uid", "/inetOrgPerson/cn", "/inetOrgPerson/sn", "/inetOrgPerson/mail");
    let other = "/additionalFields/attributes/supannPerson/supannAutreMail";
    let wrong =
        fields(&[(uid, "zoe"), (cn, ""), (sn, "MOREL"), (mail, "zoe@"), (other, "a@b.c"), ("save", "1")]);
    let (status, _, html) = post(&bed, "/identities/new", &wrong).await;
    assert_eq!(status, 422);
    for said in [
        "3 fields have to be put right",
        "<a href=\"#/inetOrgPerson/mail\">",
        "id=\"wrong:/inetOrgPerson/mail\">Write an address",
        "id=\"wrong:/inetOrgPerson/cn\">Fill this in",
        "id=\"wrong:/additionalFields/attributes/supannPerson/supannCivilite\">Fill this in",
        "value=\"zoe\"",
        ">zoe@</textarea>",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let civility = "/additionalFields/attributes/supannPerson/supannCivilite";
    let right = [
        (uid, "zoe"),
        (cn, "MOREL Zoé"),
        (sn, "MOREL"),
        (mail, "zoe@x.fr\r\nz@y.fr"),
        (other, "a@b.c"),
        (civility, "Mme"),
    ];
    let (status, place, html) = post(&bed, "/identities/new", &fields(&right)).await;
    assert_eq!(status, 303, "{html}");
    let id = place.strip_prefix("/identities/").unwrap().split('?').next().unwrap();
    let identity = bed.register.get(id).await.unwrap();
    assert_eq!(
        json!(identity.kept.document),
        json!({
            "inetOrgPerson": {"uid": "zoe", "cn": "MOREL Zoé", "sn": "MOREL", "mail": ["zoe@x.fr", "z@y.fr"]},
            "additionalFields": {
                "objectClasses": ["supannPerson"],
                "attributes": {"supannPerson": {"supannAutreMail": ["a@b.c"], "supannCivilite": "Mme"}},
            },
        })
    );
    let (status, _, html) = post(&bed, "/identities/new", &fields(&right)).await;
    assert!(
        status == 422 && html.contains("id=\"wrong:/inetOrgPerson/uid\">Somebody has this account"),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_leaves_alone_what_it_does_not_show_and_the_second_tab_shows_it() {
    let bed = Bed::new().await;
    let before = json!({
        "lifecycle": "I", "custom": {"a": [1, 2]},
        "inetOrgPerson": {"uid": "a", "cn": "A", "sn": "A", "employeeNumber": 7, "departmentNumber": ["x"], "odd": {"b": 1}},
        "additionalFields": {"objectClasses": ["supannPerson", "other"], "attributes": {"supannPerson": {"supannCivilite": "M."}, "other": {"c": 1}}},
    });
    bed.register.put("a", before.clone(), None, &actor()).await.unwrap();
    let shown = |more: &[(&'static str, &'static str)]| {
        let mut all = vec![
            ("rev", "1"),
            ("/inetOrgPerson/uid", "a"),
            ("/inetOrgPerson/cn", "A"),
            ("/inetOrgPerson/sn", "A"),
            ("/inetOrgPerson/employeeNumber", "7"),
            ("/inetOrgPerson/departmentNumber", "x"),
            ("class:supannPerson", "1"),
            ("/additionalFields/attributes/supannPerson/supannCivilite", "M."),
        ];
        all.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        all.extend(more.iter().filter(|(_, value)| *value != "gone"));
        fields(&all)
    };
    let path = "/identities/a/edit";
    assert_eq!(post(&bed, path, &shown(&[])).await.0, 303);
    let kept = bed.register.get("a").await.unwrap();
    assert_eq!((json!(kept.kept.document), kept.rev), (before.clone(), 1), "nothing was changed");

    // To the other tab and back, with what was typed.
    let (status, _, html) = post(&bed, path, &shown(&[("/inetOrgPerson/title", "Dr"), ("to", "json")])).await;
    assert!(
        status == 200 && html.contains("&#34;title&#34;: &#34;Dr&#34;") && html.contains("&#34;odd&#34;"),
        "{html}"
    );
    let mut typed = before.clone();
    typed["inetOrgPerson"]["title"] = json!("Prof");
    let text = typed.to_string();
    let (status, _, html) =
        post(&bed, path, &fields(&[("rev", "1"), ("document", &text), ("to", "form")])).await;
    assert!(
        status == 200 && html.contains("name=\"/inetOrgPerson/title\"") && html.contains("value=\"Prof\""),
        "{html}"
    );
    assert_eq!(bed.register.get("a").await.unwrap().rev, 1, "looking at the other tab saves nothing");

    assert_eq!(post(&bed, path, &shown(&[("class:supannPerson", "gone")])).await.0, 303);
    let mut after = before.clone();
    after["additionalFields"] = json!({"objectClasses": ["other"], "attributes": {"other": {"c": 1}}});
    assert_eq!(json!(bed.register.get("a").await.unwrap().kept.document), after);
    let (status, _, html) = post(&bed, path, &shown(&[("/inetOrgPerson/title", "Dr")])).await;
    assert!(
        status == 422 && html.contains("was changed since you looked") && html.contains("value=\"Dr\""),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_shows_each_run_and_why_it_failed() {
    let bed = filled().await;
    let (_, html) = get(&bed, Role::Viewer, "en", "/identities/runs").await;
    assert!(html.contains("Synchronise") && html.contains("/identities/runs/"), "{html}");
    let path = html.split("href=\"").find(|part| part.starts_with("/identities/runs/")).unwrap();
    let path = path.split('"').next().unwrap();
    for lang in ["en", "fr"] {
        let (status, html) = get(&bed, Role::Viewer, lang, path).await;
        assert!(
            status == 200 && html.contains("the title is not allowed") && html.contains("10fake"),
            "{html}"
        );
        assert!(!html.contains('⟦'), "{html}");
        assert!(
            html.contains(&format!("/jobs?text={}&amp;state=failed", path.rsplit_once('/').unwrap().1)),
            "{html}"
        );
    }
}
