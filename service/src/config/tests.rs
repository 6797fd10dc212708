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
        ("EVIDENT_PUBLIC_URL", "http://id.example.com/"),
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
        ("EVIDENT_TRACE_SAMPLE", "0.25"),
        ("EVIDENT_SMTP_URL", "smtps://user:canary@mail.example.com"),
        ("EVIDENT_MAIL_FROM", "Example <id@example.com>"),
    ])
    .expect("all of it is right");
    assert_eq!(config.public_url, "http://id.example.com");
    assert_eq!(config.frontend_url, "http://id.example.com", "the public URL unless told");
    assert_eq!(config.cors_origins, ["https://app.example.com", "http://localhost:3000"]);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.vault_url.expose(), "sqlite:/var/lib/evident/vault.db");
    assert_eq!(config.read_url.expose(), "postgres://reader@db/evident");
    assert_eq!(config.access_ttl, Duration::from_secs(90));
    assert_eq!(config.argon2.memory_kib, 47_104);
    assert!(!config.rate_limits);
    assert_eq!(config.trace_sample_ppm, 250_000);
    assert!(config.nats_url.is_some() && config.redis_url.is_none(), "an empty variable is as good as none");
    let shown = format!("{config:?}");
    assert!(!shown.contains("canary") && !shown.contains("reader@db"), "{shown}");
}

#[test]
fn tls_needs_its_key_and_an_https_url_and_https_is_then_required() {
    let files = [("EVIDENT_TLS_CERT_FILE", "/tls/chain.pem"), ("EVIDENT_TLS_KEY_FILE", "/tls/key.pem")];
    let config = read(files).expect("it is right");
    assert_eq!(config.public_url, "https://127.0.0.1:8080");
    assert!(config.require_https && config.tls.is_some());
    for wrong in
        [vec![files[0]], vec![files[1]], vec![files[0], files[1], ("EVIDENT_PUBLIC_URL", "http://x.io")]]
    {
        assert_eq!(read(wrong.clone()).expect_err("it is wrong").len(), 1, "{wrong:?}");
    }
    let https = read([("EVIDENT_PUBLIC_URL", "HTTPS://id.example.com/")]).expect("it is right");
    assert_eq!((https.public_url.as_str(), https.require_https), ("https://id.example.com", true));
    let off = [("EVIDENT_PUBLIC_URL", "https://id.example.com"), ("EVIDENT_REQUIRE_HTTPS", "off")];
    assert!(!read(off).expect("it is right").require_https);
    assert!(!read([]).expect("it is right").require_https);
}

#[test]
fn every_address_of_a_machine_is_called_localhost() {
    for (bind, url) in [
        ("0.0.0.0:8080", "http://localhost:8080"),
        ("[::]:81", "http://localhost:81"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("192.0.2.1:80", "http://192.0.2.1:80"),
    ] {
        let config = read([("EVIDENT_BIND", bind)]).expect("it is right");
        assert_eq!((config.public_url.as_str(), config.frontend_url.as_str()), (url, url));
        assert_eq!(config.bind.to_string(), bind);
    }
}

#[test]
fn an_origin_is_a_url_without_its_path_and_its_usual_port() {
    for (url, origin) in [
        ("https://Id.example.com:443/base", "https://id.example.com"),
        ("https://id.example.com:80", "https://id.example.com:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://localhost:80/", "http://localhost"),
    ] {
        assert_eq!(parse::origin_of(url), origin);
    }
}

#[test]
fn all_mistakes_are_reported_together_and_no_value_is_shown() {
    let wrong = [
        ("EVIDENT_BIND", "canary"),
        ("EVIDENT_PUBLIC_URL", "canary"),
        ("EVIDENT_FRONTEND_URL", "canary"),
        ("EVIDENT_CORS_ORIGINS", "*"),
        ("EVIDENT_TRUSTED_PROXIES", "canary"),
        ("EVIDENT_LOG_URL", "mysql://canary"),
        ("EVIDENT_READ_URL", "mysql://canary"),
        ("EVIDENT_VAULT_URL", "sqlite:"),
        ("EVIDENT_ADMIN_PASSWORD", "canary"),
        ("EVIDENT_REGISTRATION", "canary"),
        ("EVIDENT_ACCESS_TTL", "2h"),
        ("EVIDENT_JWKS_MAX_AGE", "0s"),
        ("EVIDENT_SESSION_TTL", "canary"),
        ("EVIDENT_SESSION_IDLE_TTL", "canary"),
        ("EVIDENT_SESSION_CAP", "0"),
        ("EVIDENT_REFRESH_GRACE", "11s"),
        ("EVIDENT_FRESH_AUTH", "59s"),
        ("EVIDENT_ARGON2", "m=8,t=1,p=1"),
        ("EVIDENT_SECOND_FACTOR", "canary,all"),
        ("EVIDENT_PASSWORD_MIN", "14"),
        ("EVIDENT_RATE_LIMITS", "canary"),
        ("EVIDENT_LOG_FORMAT", "canary"),
        ("EVIDENT_NATS_URL", "nats://one,canary"),
        ("EVIDENT_NATS_REPLICAS", "0"),
        ("EVIDENT_REDIS_URL", "canary"),
        ("EVIDENT_SMTP_URL", "smtp://canary/path"),
        ("EVIDENT_MAIL_FROM", "canary"),
        ("EVIDENT_OTLP_URL", "canary:4318"),
        ("EVIDENT_SENTRY_DSN", "https://canary.example.com/1"),
        ("EVIDENT_TRACE_SAMPLE", "1.5"),
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
fn a_secret_may_stand_in_a_file_and_then_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (url, password) = (file("url", "postgres://a:canary@db/log\n"), file("password", "a canary\r\n"));
    let right = [
        ("EVIDENT_LOG_URL_FILE", url.as_str()),
        ("EVIDENT_ADMIN_EMAIL", "ada@example.com"),
        ("EVIDENT_ADMIN_PASSWORD_FILE", &password),
    ];
    let config = read(right).expect("both files are right");
    assert_eq!(config.log_url.expose(), "postgres://a:canary@db/log");
    assert_eq!(config.admin_password, Some(Secret::new("a canary")));

    let (empty, long) = (file("empty", "\n"), file("long", &"x".repeat(5_000)));
    let wrong = [
        ("EVIDENT_LOG_URL_FILE", "/nowhere/canary"),
        ("EVIDENT_READ_URL_FILE", &empty),
        ("EVIDENT_VAULT_URL_FILE", &password),
        ("EVIDENT_NATS_URL_FILE", &long),
        ("EVIDENT_REDIS_URL_FILE", &url),
        ("EVIDENT_BIND_FILE", &url),
    ];
    let twice = [("EVIDENT_NATS_URL", "nats://one"), ("EVIDENT_ADMIN_PASSWORD_FILE", &password)];
    let mistakes = read(wrong.into_iter().chain(twice)).expect_err("none of it is right");
    for (variable, _) in wrong {
        assert!(mistakes.iter().any(|mistake| mistake.variable == variable), "{variable}: {mistakes:?}");
    }
    assert_eq!(mistakes.len(), wrong.len() + 1, "and a password without its address: {mistakes:?}");
    assert!(mistakes.iter().all(|mistake| !mistake.to_string().contains("canary")), "{mistakes:?}");
}

#[test]
fn what_everybody_knows_is_no_secret_and_load_tests_serve_nobody() {
    let known = [
        ("EVIDENT_LOG_URL", "kurrentdb://admin:changeit@log:2113"),
        ("EVIDENT_READ_URL", "postgres://evident:${PASSWORD}@db/read"),
        ("EVIDENT_NATS_URL", "nats://one:4222,nats://command:ChangeMe@two:4222"),
        ("EVIDENT_REDIS_URL", "redis://:<password>@valkey"),
        ("EVIDENT_ADMIN_PASSWORD", "placeholder"),
        ("EVIDENT_ADMIN_EMAIL", "ada@example.com"),
    ];
    let mistakes = read(known).expect_err("examples");
    let variables: Vec<_> = mistakes.iter().map(|mistake| mistake.variable.as_str()).collect();
    assert_eq!(variables.len(), known.len() - 1, "{variables:?}");
    assert!(mistakes.iter().all(|mistake| mistake.message.contains("placeholder")), "{mistakes:?}");
    read([("EVIDENT_READ_URL", "postgres://changeme:own@db/changeme")]).expect("a name is not a password");

    let unlimited = [("EVIDENT_RATE_LIMITS", "off"), ("EVIDENT_PUBLIC_URL", "https://id.example.com")];
    assert_eq!(read(unlimited).expect_err("no limits")[0].variable, "EVIDENT_RATE_LIMITS");
}

#[test]
fn a_second_factor_is_demanded_of_nobody_of_roles_or_of_everybody() {
    let demand = |text| read([("EVIDENT_SECOND_FACTOR", text)]).map(|config| config.second_factor);
    let roles = |names: &[&str]| names.iter().map(|name| name.parse().expect("a role name")).collect();
    let (admin, user) = (roles(&["admin", "user"]), roles(&["user"]));
    for (text, expected, of_an_admin, of_a_user) in [
        ("", SecondFactorDemand::Nobody, false, false),
        ("optional", SecondFactorDemand::Nobody, false, false),
        ("all", SecondFactorDemand::Everybody, true, true),
        ("admin, front-desk", SecondFactorDemand::Roles(roles(&["admin", "front-desk"])), true, false),
    ] {
        let demand = demand(text).expect("it is right");
        assert_eq!(demand, expected, "{text}");
        assert_eq!((demand.is_made_of(&admin), demand.is_made_of(&user)), (of_an_admin, of_a_user), "{text}");
    }
    assert!(SecondFactorDemand::Everybody.is_made_of(&roles(&[])), "whoever has no role is somebody");
    for wrong in ["All", "Admin", "admin,all", "optional,admin", ",", "admin auditor"] {
        assert!(demand(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_short_password_is_for_where_it_never_stands_alone() {
    let read = |demand: &str, least: &str| {
        read([("EVIDENT_SECOND_FACTOR", demand), ("EVIDENT_PASSWORD_MIN", least)])
            .map(|config| config.password_min)
            .map_err(|mistakes| mistakes.into_iter().map(|mistake| mistake.variable).collect::<Vec<_>>())
    };
    for (demand, least) in [("all", 8), ("all", 14), ("optional", 15), ("admin", 15), ("all", 64)] {
        assert_eq!(read(demand, &least.to_string()), Ok(least), "{demand}");
    }
    let wrong = || Err(vec!["EVIDENT_PASSWORD_MIN".to_owned()]);
    for (demand, least) in [("optional", "8"), ("", "14"), ("admin,user", "14"), ("all", "7"), ("all", "65")]
    {
        assert_eq!(read(demand, least), wrong(), "{demand} {least}");
    }
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
    for name in variables::IN_FILES {
        assert_eq!(help.matches(&format!("  {name}_FILE  ")).count(), 1, "{name}");
    }
    let read_here = include_str!("mod.rs").matches("\"EVIDENT_").count();
    // Named a second time where two do not go together: EVIDENT_ADMIN_PASSWORD, EVIDENT_SMTP_URL, EVIDENT_RATE_LIMITS,
    // EVIDENT_TLS_CERT_FILE, EVIDENT_PUBLIC_URL and EVIDENT_PASSWORD_MIN.
    assert_eq!(read_here, variables::names().len() + 6);
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
