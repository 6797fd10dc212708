//! What configurations are accepted, and what is said about the others.

use super::*;

fn read<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Config, Vec<Mistake>> {
    Config::read(&Environment::of(variables))
}

#[test]
fn nothing_has_to_be_set() {
    let config = read([]).expect("the defaults are right");
    assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.log_url.expose(), "sqlite:./data/log.db");
    assert_eq!(config.master_key_file, PathBuf::from("./data/master.key"));
    assert_eq!((config.access_ttl, config.session_ttl), (MINUTES_10, DAYS_30));
    assert_eq!(config.log_format, LogFormat::Json, "away from a terminal");
    assert!(config.rate_limits);
}

#[test]
fn what_is_set_is_taken() {
    let config = read([
        ("EVIDENT_BIND", "[::1]:99"),
        ("EVIDENT_PUBLIC_URL", "https://id.example.com/"),
        ("EVIDENT_CORS_ORIGINS", "https://App.example.com, http://localhost:3000"),
        ("EVIDENT_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("EVIDENT_DATA_DIR", "/var/lib/evident"),
        ("EVIDENT_READ_URL", "postgres://reader@db/evident"),
        ("EVIDENT_ADMIN_EMAIL", "ada@example.com"),
        ("EVIDENT_ADMIN_PASSWORD", "a canary of a password"),
        ("EVIDENT_REGISTRATION", "closed"),
        ("EVIDENT_ACCESS_TTL", "90s"),
        ("EVIDENT_ARGON2", "m=47104,t=1,p=1"),
        ("EVIDENT_RATE_LIMITS", "off"),
        ("EVIDENT_LOG_URL", "kurrentdb+discover://user:canary@log.example.com?tls=true"),
        ("EVIDENT_NATS_URL", "tls://user:canary@one:4222, nats://two"),
        ("EVIDENT_REDIS_URL", ""),
    ])
    .expect("all of it is right");
    assert_eq!(config.public_url, "https://id.example.com");
    assert_eq!(config.cors_origins, ["https://app.example.com", "http://localhost:3000"]);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.vault_url.expose(), "sqlite:/var/lib/evident/vault.db");
    assert_eq!(config.read_url.expose(), "postgres://reader@db/evident");
    assert_eq!(config.access_ttl, Duration::from_secs(90));
    assert_eq!(config.argon2.memory_kib, 47_104);
    assert!(!config.rate_limits);
    assert!(config.nats_url.is_some() && config.redis_url.is_none(), "an empty variable is as good as none");
    let shown = format!("{config:?}");
    assert!(!shown.contains("canary") && !shown.contains("reader@db"), "{shown}");
}

#[test]
fn all_mistakes_are_reported_together_and_no_value_is_shown() {
    let wrong = [
        ("EVIDENT_BIND", "canary"),
        ("EVIDENT_PUBLIC_URL", "canary"),
        ("EVIDENT_CORS_ORIGINS", "*"),
        ("EVIDENT_TRUSTED_PROXIES", "canary"),
        ("EVIDENT_LOG_URL", "mysql://canary"),
        ("EVIDENT_READ_URL", "mysql://canary"),
        ("EVIDENT_VAULT_URL", "sqlite:"),
        ("EVIDENT_ADMIN_PASSWORD", "canary"),
        ("EVIDENT_REGISTRATION", "verified"),
        ("EVIDENT_ACCESS_TTL", "2h"),
        ("EVIDENT_SESSION_TTL", "canary"),
        ("EVIDENT_REFRESH_GRACE", "11s"),
        ("EVIDENT_ARGON2", "m=8,t=1,p=1"),
        ("EVIDENT_PASSWORD_MIN", "7"),
        ("EVIDENT_RATE_LIMITS", "canary"),
        ("EVIDENT_LOG_FORMAT", "canary"),
        ("EVIDENT_NATS_URL", "nats://one,canary"),
        ("EVIDENT_NATS_REPLICAS", "0"),
        ("EVIDENT_REDIS_URL", "canary"),
        ("EVIDENT_SESION_TTL", "canary"),
    ];
    let mistakes = read(wrong).expect_err("nothing of it is right");
    for (variable, _) in wrong {
        let of_it = mistakes.iter().filter(|mistake| mistake.variable == variable);
        assert_eq!(of_it.count(), 1, "{variable}");
    }
    assert_eq!(mistakes.len(), wrong.len());
    assert!(mistakes.iter().all(|mistake| !mistake.to_string().contains("canary")), "{mistakes:?}");
}

#[test]
fn a_span_is_a_whole_number_and_its_unit() {
    for (text, seconds) in [("0s", 0), ("10m", 600), ("12h", 43_200), ("365d", 31_536_000)] {
        assert_eq!(parse::duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for wrong in
        ["", "10", "m", "-1s", "+1s", "1.5h", "1 h", "10 m", "1w", "99999999999999999999d", "36501d", "1é"]
    {
        assert!(parse::duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_help_names_every_variable_once() {
    let help = help();
    for name in variables::names() {
        assert_eq!(help.matches(&format!("  {name}  ")).count(), 1, "{name}");
    }
    let read_here = include_str!("mod.rs").matches("\"EVIDENT_").count();
    // Named a second time: EVIDENT_ADMIN_PASSWORD, when its address is missing.
    assert_eq!(read_here, variables::names().len() + 1);
}

#[test]
fn the_file_gives_way_to_the_process_and_is_never_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(".env");
    std::fs::write(&file, "# ours\nEVIDENT_DATA_DIR=/from/the/file\nPATH=/from/the/file\n").expect("a file");
    let environment = Environment::load(folder.path()).expect("a right file");
    assert_eq!(environment.get("EVIDENT_DATA_DIR"), Some("/from/the/file"));
    assert_ne!(environment.get("PATH"), Some("/from/the/file"));

    std::fs::write(&file, "EVIDENT_BIND=x\na canary of a secret\n").expect("a file");
    let error = Environment::load(folder.path()).expect_err("a wrong file");
    assert!(error.to_string().ends_with("entry 2") && !format!("{error:?}").contains("canary"), "{error:?}");
}
