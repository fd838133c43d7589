use std::collections::BTreeSet;

use super::*;

fn daemon(variables: &[(&str, &str)], file: &str, files: &[&str]) -> Result<Settings, String> {
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let values = if file.is_empty() { Values::new() } else { file::read(file, "development")? };
    let exists = |file: &str| files.contains(&file);
    Daemon { environment: &environment, values, exists: &exists }.settings()
}

fn said<'s>(settings: &'s Settings, key: &str) -> Option<(&'s str, String)> {
    let said = settings.said.iter().find(|said| said.key == key)?;
    Some((said.text.as_ref()?.expose().as_str(), told(&said.place)))
}

const FILE: &str = "default: &default\n  application_id: gdd\n  rabbitmq_host: mq\n  rabbitmq_password: s3cret\n  \
    rabbitmq_deferred_time: 60000\n  logger_level: warn\n  exchange_name: older\ndevelopment:\n  <<: *default\n  \
    rabbitmq_host: mine\n";

#[test]
fn variables_count_before_the_file_and_each_says_where() {
    let variables = [("GDD_RABBITMQ_HOST", "elsewhere"), ("GDD_GRAM_API_PASSWORD", "p")];
    let settings = daemon(&variables, FILE, &[]).unwrap();
    assert_eq!(said(&settings, "bus.gdd.host").unwrap(), ("elsewhere", "$GDD_RABBITMQ_HOST".to_owned()));
    assert_eq!(said(&settings, "google.gram.password").unwrap().0, "env:GDD_GRAM_API_PASSWORD");
    assert_eq!(said(&settings, "bus.gdd.password").unwrap(), ("s3cret", "config/config.yml:4".to_owned()));
    assert_eq!(said(&settings, "bus.gdd.deferred").unwrap().0, "60000ms");
    let settings = daemon(&[], FILE, &[]).unwrap();
    assert_eq!(said(&settings, "bus.gdd.host").unwrap(), ("mine", "config/config.yml:10".to_owned()));
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn a_variable_that_is_empty_wins_too() {
    let settings = daemon(&[("GDD_RABBITMQ_HOST", "")], FILE, &[]).unwrap();
    assert_eq!(said(&settings, "bus.gdd.host"), None);
}

#[test]
fn names_of_the_exchange_fall_back_on_older_ones() {
    let exchange = |variables: &[(&str, &str)]| {
        let settings = daemon(variables, FILE, &[]).unwrap();
        said(&settings, "bus.gdd.event_exchange").unwrap().0.to_owned()
    };
    assert_eq!(exchange(&[]), "older");
    assert_eq!(exchange(&[("GDD_RABBITMQ_EXCHANGE_NAME", "named")]), "named");
    let both = [("GDD_RABBITMQ_EXCHANGE_NAME", "named"), ("GDD_RABBITMQ_EVENT_EXCHANGE_NAME", "counts")];
    assert_eq!(exchange(&both), "counts");
}

#[test]
fn the_level_is_said_in_four_places() {
    let level = |variables: &[(&str, &str)]| {
        daemon(variables, FILE, &[]).map(|settings| said(&settings, "log.level").unwrap().0.to_owned())
    };
    assert_eq!(level(&[]).unwrap(), "warn");
    assert_eq!(level(&[("logger_level", "Info")]).unwrap(), "info");
    assert_eq!(level(&[("logger_level", "Info"), ("LOGGER_LEVEL", "FATAL")]).unwrap(), "error");
    assert_eq!(level(&[("GDD_LOGGER_LEVEL", "debug"), ("LOGGER_LEVEL", "FATAL")]).unwrap(), "debug");
    let error = level(&[("LOGGER_LEVEL", "loud")]).unwrap_err();
    assert_eq!(error, "$LOGGER_LEVEL: \"loud\" is no level: write DEBUG, INFO, WARN, ERROR or FATAL");
}

#[test]
fn google_is_asked_by_the_service_account_where_there_is_one() {
    let client = [("GDD_GOOGLE_CLIENT_SECRET", "{}")];
    let settings = daemon(&client, "", &["secrets/service_account_credentials.json"]).unwrap();
    let (text, place) = said(&settings, "google.service_account").unwrap();
    assert!(
        text.starts_with("file:/") && text.ends_with("secrets/service_account_credentials.json"),
        "{text}"
    );
    assert_eq!(place, "secrets/service_account_credentials.json:1");
    assert_eq!(said(&settings, "google.client_secret"), None);
    let settings = daemon(&client, "", &["secrets/client_secret.json"]).unwrap();
    assert_eq!(said(&settings, "google.client_secret").unwrap().0, "env:GDD_GOOGLE_CLIENT_SECRET");
    assert!(said(&settings, "google.tokens").unwrap().0.ends_with("/secrets/tokens.yaml"));
    let on_redis = [client[0], ("REDIS_URL", "redis://h")];
    let settings = daemon(&on_redis, "", &[]).unwrap();
    assert_eq!(said(&settings, "google.redis").unwrap(), ("env:REDIS_URL", "$REDIS_URL".to_owned()));
    assert_eq!(said(&settings, "google.tokens"), None);
}

#[test]
fn what_says_nothing_here_is_told() {
    let variables = [("GDD_RABBITMQ_QUEUE_NAME", "q"), ("GDD_RABITMQ_HOST", "x"), ("GDD_ENV", "development")];
    let settings = daemon(&variables, "development:\n  nothing: 1\n", &[]).unwrap();
    assert_eq!(
        settings.remarks,
        [
            "rabbitmq_queue_name, said in $GDD_RABBITMQ_QUEUE_NAME, has no meaning here",
            "there is no key rabitmq_host: the variable GDD_RABITMQ_HOST says nothing",
            "config/config.yml:2: there is no key nothing: it says nothing",
        ]
    );
}

#[test]
fn it_listens_to_both_catalogues_and_to_the_referential() {
    let named = routes::named();
    let routes = named["bus"]["gdd"]["routes"].as_object().unwrap();
    let keys: BTreeSet<&str> = routes.keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 8);
    assert_eq!(routes["notify.account.updated"]["data"]["gram_account_uuid"], "/key");
    let with_schema = routes.values().filter(|route| route["schema"].is_object()).count();
    assert_eq!(with_schema, 7);
}
