//! The journal on PostgreSQL over TLS: whoever does not show a certificate that is good for its name is not spoken to, and is
//! told what to correct.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use intendant_journal::{Database, Error, Journal, Options};
use model::Secret;
use support::database::{Schema, sql};
use support::folder::key;
use support::*;
use testkit::certificate::{self, Authority, Certificate};
use testkit::service::{Kind, Service};

/// A server that speaks TLS with a certificate for these names.
fn server(folder: &Path, names: &str) -> (Service, Certificate) {
    let server = Kind::PostgreSql.start().unwrap();
    let made = certificate::make_for(folder, names).unwrap();
    server.certify(&made).unwrap();
    reload(&server, "ALTER SYSTEM SET ssl = on");
    (server, made)
}

fn reload(server: &Service, set: &str) {
    sql(server.url(), set);
    sql(server.url(), "SELECT pg_reload_conf()");
}

/// Opens a journal there.
fn open(database: Database) -> Result<Arc<dyn Journal>, Error> {
    intendant_journal::open(Options::new(database, key()), Arc::new(|_| {}))
}

/// The address of a schema by another host, and asking for TLS.
fn by(schema: &Schema, host: &str, mode: &str) -> Database {
    let url = schema.url().replace("@127.0.0.1", &format!("@{host}"));
    Database::new(&format!("{url}&sslmode={mode}"), schema.folder()).unwrap()
}

/// Expects that somebody has to correct something, and is told of these words.
#[track_caller]
fn refused(database: Database, words: &[&str]) {
    let error = open(database).map(drop).unwrap_err();
    assert!(matches!(error, Error::BadDatabase(_)), "{error:?}");
    let said = error.to_string();
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
}

#[tokio::test]
async fn a_certificate_that_is_good_for_the_name_is_trusted_once_its_authority_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (server, made) = server(folder.path(), "DNS:localhost,IP:127.0.0.1");
    let schema = Schema::on(server.url());
    let roots = fs::read(&made.certificate).unwrap();
    for (number, host, mode) in [(1, "127.0.0.1", "require"), (2, "localhost", "verify-full")] {
        refused(by(&schema, host, mode), &["TLS is refused", "journal.authorities"]);
        let journal = open(by(&schema, host, mode).with_roots(roots.clone())).unwrap();
        accept(&*journal, job(number)).await;
        let through = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                       WHERE application_name = 'intendant' AND NOT ssl";
        assert_eq!(sql(server.url(), through), ["0"], "something was said in clear");
        journal.close().await;
    }
}

#[tokio::test]
async fn one_that_is_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (server, made) = server(folder.path(), "DNS:elsewhere.example.org");
    let schema = Schema::on(server.url());
    let roots = fs::read(&made.certificate).unwrap();
    for (host, mode) in [("127.0.0.1", "require"), ("localhost", "verify-full")] {
        let database = by(&schema, host, mode).with_roots(roots.clone());
        refused(database, &["TLS is refused", "not valid for name", "journal.url"]);
    }
    // Nor is another authority believed, or nonsense taken for one.
    let other = Authority::new(folder.path()).unwrap();
    let roots = fs::read(other.certificate()).unwrap();
    refused(by(&schema, "localhost", "require").with_roots(roots), &["TLS is refused"]);
    let nonsense = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    refused(by(&schema, "localhost", "require").with_roots(*nonsense), &["journal.authorities"]);
    assert_eq!(sql(schema.url(), "SELECT to_regclass('meta') IS NULL"), ["t"], "something was written");
}

#[tokio::test]
async fn one_may_sign_in_with_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (server, made) = server(folder.path(), "DNS:localhost");
    let schema = Schema::on(server.url());
    let roots = fs::read(&made.certificate).unwrap();
    let authority = Authority::new(folder.path()).unwrap();
    fs::copy(authority.certificate(), server.folder().join("data/authority.pem")).unwrap();
    let rules = server.folder().join("data/pg_hba.conf");
    let before = fs::read_to_string(&rules).unwrap();
    sql(server.url(), "CREATE ROLE hub LOGIN SUPERUSER");
    fs::write(&rules, format!("hostssl all hub all cert\nhost all hub all reject\n{before}")).unwrap();
    reload(&server, "ALTER SYSTEM SET ssl_ca_file = 'authority.pem'");
    let database = || by(&schema, "localhost", "require").with_user("hub").with_roots(roots.clone());
    let signed = |name: &str| {
        let made = authority.sign(name).unwrap();
        let key = Secret::new(fs::read(&made.key).unwrap());
        (fs::read(&made.certificate).unwrap(), key)
    };
    refused(database(), &["does not let the hub in"]);
    let (certificate, key) = signed("somebody");
    refused(database().with_identity(certificate, key), &["does not let the hub in"]);
    let (certificate, key) = signed("hub");
    let journal = open(database().with_identity(certificate.clone(), key)).unwrap();
    accept(&*journal, job(1)).await;
    journal.close().await;
    let nothing = Secret::new(b"no key".to_vec());
    refused(database().with_identity(certificate, nothing), &["journal.certificate and journal.key"]);
}
