//! The token endpoint gives tokens to whoever can show what Google wants to see, and refuses in Google's words.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "what goes wrong in a test ends it"
)]

mod support;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use intendant_testgoogle::{Google, READ_SCOPE, SCOPE, TokenTrouble};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use support::{Answer, ask, token};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn sign(file: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
    let pem = file["private_key"].as_str().unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(der).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn claims(google: &Google, file: &Value) -> Value {
    let now = Timestamp::now().as_second();
    json!({
        "iss": file["client_email"], "sub": google.admin(), "scope": SCOPE, "aud": file["token_uri"], "iat": now,
        "exp": now + 3600,
    })
}

fn assert_with(google: &Google, file: &Value, claims: &Value) -> Answer {
    token(google, &[("grant_type", GRANT), ("assertion", &sign(file, claims))]).unwrap()
}

fn works(google: &Google, answer: &Answer) -> bool {
    let bearer = format!("Bearer {}", answer.body["access_token"].as_str().unwrap());
    let path = format!("admin/directory/v1/users/{}", google.admin());
    ask(&google.url(), "GET", &path, &[("authorization", &bearer)], "").unwrap().status == 200
}

#[test]
fn a_service_account_gets_a_token_for_what_it_signs() {
    let google = Google::start();
    let file = google.service_account();
    let good = claims(&google, &file);
    let answer = assert_with(&google, &file, &good);
    assert!(answer.status == 200 && works(&google, &answer), "{answer:?}");
    let now = Timestamp::now().as_second();
    let wrong = [
        ("iss", json!("other@double"), "invalid_grant"),
        ("aud", json!("https://www.googleapis.com/oauth2/v4/token"), "invalid_grant"),
        ("exp", json!(now + 7200), "invalid_grant"),
        ("iat", json!(now + 1000), "invalid_grant"),
        ("sub", json!("nobody"), "invalid_grant"),
        ("scope", json!(READ_SCOPE), "unauthorized_client"),
    ];
    for (name, value, error) in wrong {
        let mut claims = good.clone();
        claims[name] = value;
        assert_eq!(assert_with(&google, &file, &claims).body["error"], error, "{name}");
    }
    google.rotate_key();
    assert_eq!(assert_with(&google, &file, &good).body["error"], "invalid_grant");
    assert_eq!(assert_with(&google, &google.service_account(), &good).status, 200);
}

#[test]
fn it_refuses_everybody_on_command() {
    let google = Google::start();
    let file = google.service_account();
    for (trouble, error) in [
        (TokenTrouble::InvalidGrant, "invalid_grant"),
        (TokenTrouble::UnauthorizedClient, "unauthorized_client"),
        (TokenTrouble::AccessDenied, "access_denied"),
        (TokenTrouble::InvalidClient, "invalid_client"),
    ] {
        google.token_trouble(Some(trouble));
        assert_eq!(assert_with(&google, &file, &claims(&google, &file)).body["error"], error);
    }
    google.token_trouble(None);
    assert_eq!(assert_with(&google, &file, &claims(&google, &file)).status, 200);
}

#[test]
fn an_installed_program_is_let_in_by_a_person() {
    let google = Google::start();
    let secret = google.client_secret()["installed"].clone();
    let text = |name: &str| secret[name].as_str().unwrap();
    let verifier = "a verifier of forty-three characters, or more";
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let consent = |redirect: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("client_id", text("client_id")),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("state", "s t"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("access_type", "offline"),
        ]);
        ask(&google.url(), "GET", &format!("o/oauth2/v2/auth?{}", query.finish()), &[], "").unwrap()
    };
    assert_eq!(consent("urn:ietf:wg:oauth:2.0:oob").status, 400);
    let redirect = "http://127.0.0.1:4444";
    let code = |answer: &Answer| {
        let line = answer.head.lines().find(|line| line.starts_with("location")).unwrap();
        let back = line.split_once('?').unwrap().1;
        let pairs: Vec<(String, String)> = form_urlencoded::parse(back.as_bytes()).into_owned().collect();
        assert_eq!(pairs[0], ("state".to_owned(), "s t".to_owned()));
        pairs[1].clone()
    };
    let trade = |code: &str, verifier: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", text("client_id")),
            ("client_secret", text("client_secret")),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        token(&google, &fields).unwrap()
    };
    assert_eq!(trade(&code(&consent(redirect)).1, "another").body["error"], "invalid_grant");
    let once = code(&consent(redirect)).1;
    let first = trade(&once, verifier);
    assert!(first.status == 200 && works(&google, &first), "{first:?}");
    assert_eq!(trade(&once, verifier).body["error"], "invalid_grant");
    let refresh = |secret: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", first.body["refresh_token"].as_str().unwrap()),
            ("client_id", text("client_id")),
            ("client_secret", secret),
        ];
        token(&google, &fields).unwrap()
    };
    assert!(works(&google, &refresh(text("client_secret"))));
    assert_eq!(refresh("wrong").body["error"], "invalid_client");
    google.deny_consent(true);
    assert_eq!(code(&consent(redirect)), ("error".to_owned(), "access_denied".to_owned()));
}
