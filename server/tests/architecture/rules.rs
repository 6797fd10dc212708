//! The rules, each a pure function over one file.

use crate::source::{File, dependencies, is_word, lines_with, numbered};
use std::collections::BTreeSet;

/// Each crate, and those of ours that its manifest may name, tests' dependencies included.
pub(crate) const ARROWS: &[(&str, &[&str])] = &[
    ("events", &[]),
    ("audit", &[]),
    ("store", &["events"]),
    ("read-models", &["events"]),
    ("service", &["events"]),
    ("command-api", &["events", "store", "service"]),
    ("projector", &["events", "store", "read-models", "audit", "service"]),
    ("query-api", &["events", "store", "read-models", "audit", "service"]),
    ("server", EVERYTHING),
    ("bench", EVERYTHING),
    ("fuzz", EVERYTHING),
];

const EVERYTHING: &[&str] =
    &["events", "store", "read-models", "audit", "service", "command-api", "projector", "query-api"];

/// Names that have one home: what is named, the beginnings of the paths where it may be, and why there only. A
/// crate's name ends in `::`, and neither may other crates depend on it.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("sqlx::", &["store/", "read-models/", "bench/"], "SQL is spoken by store and read-models"),
    ("argon2::", &["command-api/src/hashing", "bench/"], "passwords are hashed in one file"),
    ("async_nats::", &["store/src/bus/nats", "store/tests/bus"], "NATS is one way to carry, behind store"),
    ("eventstore::", &["store/src/log/kurrentdb"], "KurrentDB is one engine of the log"),
    ("redis::", &["service/src/shared"], "what processes share is asked for in one place"),
    (
        "std::env",
        &["service/src/config", TESTS, "bench/"],
        "the environment is read once, into Config; bench finds its own program by it",
    ),
    ("env::var", &["service/src/config", TESTS], "the environment is read once, into Config"),
    ("SystemTime::now", &["service/src/clock", TESTS, "bench/"], "time arrives as an argument"),
    ("Utc::now", &["service/src/clock", TESTS, "bench/"], "time arrives as an argument"),
    ("now_v7", &["service/src/clock", TESTS, "bench/"], "ids arrive as arguments"),
    ("new_v4", &["service/src/clock", TESTS, "bench/"], "ids arrive as arguments"),
    ("SystemRandom", &["service/src/clock", "store/src/vault"], "only keys are made where they are kept"),
    ("unsafe", &[], "nothing here needs it"),
];

/// In [`HOMES`]: any file under a `tests` or `examples` folder. Clippy still asks each use there for its reason.
const TESTS: &str = "(tests)";

/// What `domain/` may name: it decides, and neither waits nor looks around.
const DOMAIN_ROOTS: &[&str] = &[
    "std", "core", "events", "crate", "super", "self", "u8", "u16", "u32", "u64", "u128", "usize", "i8",
    "i16", "i32", "i64", "i128", "isize", "f32", "f64", "bool", "char", "str",
];

/// What only a statement would shout, by line: a start, then clauses.
const SQL_WORDS: &str = "SELECT|INSERT INTO|DELETE FROM|CREATE TABLE|CREATE INDEX|CREATE SCHEMA|ALTER TABLE\
    |FROM|WHERE|VALUES|ON CONFLICT|ORDER BY|GROUP BY|LIMIT|RETURNING|NOT NULL|PRIMARY KEY|PRAGMA";

const RULES: &[fn(&File) -> Vec<String>] = &[
    arrows_are_allowed,
    names_stay_at_home,
    domain_is_pure,
    lints_are_inherited,
    nothing_is_allowed_in_silence,
    sql_is_lowercase,
    dependencies_say_why,
    long_files_say_why,
];

/// All that is wrong with a file, a line each.
pub(crate) fn complaints_about(file: &File) -> Vec<String> {
    RULES.iter().flat_map(|rule| rule(file)).collect()
}

fn arrows_are_allowed(file: &File) -> Vec<String> {
    if !file.is_manifest() || file.member().is_empty() {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(member, _)| *member == file.member()) else {
        return vec![file.complain(1, "a crate that DESIGN §2 does not draw")];
    };
    let ours = |name: &str| ARROWS.iter().any(|(member, _)| *member == name);
    let strangers = dependencies(&file.text).into_iter().filter(|(_, name)| ours(name));
    let strangers = strangers.filter(|(_, name)| !allowed.contains(&name.as_str()));
    strangers
        .map(|(line, name)| file.complain(line, format!("{} may not know {name}", file.member())))
        .collect()
}

fn names_stay_at_home(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, homes, why) in HOMES {
        let at_home = |home: &&str| file.path.starts_with(*home) || (*home == TESTS && file.is_test());
        if !homes.iter().any(at_home) {
            let lines = lines_with(&file.code, name).into_iter();
            complaints.extend(lines.map(|line| file.complain(line, format!("{name}: {why}"))));
        }
        let may_depend = homes.iter().any(|home| home.split('/').next() == Some(file.member()));
        if file.is_manifest() && !file.member().is_empty() && !may_depend {
            let named = dependencies(&file.text)
                .into_iter()
                .filter(|(_, found)| format!("{}::", found.replace('-', "_")) == *name);
            complaints.extend(named.map(|(line, _)| file.complain(line, format!("{name}: {why}"))));
        }
    }
    complaints
}

fn domain_is_pure(file: &File) -> Vec<String> {
    if !file.path.starts_with("command-api/src/domain") || file.is_test() {
        return Vec::new();
    }
    let code = file.code.split("#[cfg(test)]").next().unwrap_or_default();
    let known = brought_in(code);
    let mut complaints = Vec::new();
    for (line, text) in numbered(code) {
        let foreign = roots(text).into_iter().find(|root| !known.contains(root.as_str()));
        complaints.extend(foreign.map(|root| file.complain(line, format!("domain may not name {root}"))));
        if text.contains("crate::") && !text.contains("crate::domain") {
            complaints.push(file.complain(line, "domain may not name the rest of its crate"));
        }
    }
    let waits = ["async", "await"].into_iter().flat_map(|word| lines_with(code, word));
    complaints.extend(waits.map(|line| file.complain(line, "a decision waits for nothing")));
    complaints
}

/// Roots that may stand before `::` in a domain file: the allowed crates, its modules, and what it imports from them.
fn brought_in(code: &str) -> BTreeSet<&str> {
    let imports = code.split(';').filter_map(|statement| {
        let at = statement.rfind("use ").or_else(|| statement.rfind("mod "))?;
        Some(&statement[at + 4..])
    });
    let from_known = imports.filter(|import| {
        let root = import.split("::").next().unwrap_or_default();
        !import.contains("::") || DOMAIN_ROOTS.contains(&root.trim())
    });
    let words = from_known.flat_map(|import| import.split(|symbol: char| !is_word(symbol)));
    words.chain(DOMAIN_ROOTS.iter().copied()).collect()
}

/// The lower-case names that stand first in a path of this line.
fn roots(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("::") {
        let before = &line[..at];
        let start = before.rfind(|symbol: char| !is_word(symbol)).map_or(0, |symbol| symbol + 1);
        let root = &before[start..];
        if root.starts_with(|first: char| first.is_lowercase()) && !before[..start].ends_with("::") {
            found.push(root.to_owned());
        }
    }
    found
}

fn lints_are_inherited(file: &File) -> Vec<String> {
    let inherits = file.text.contains("[lints]\nworkspace = true");
    let right = !file.is_manifest() || file.member().is_empty() || inherits;
    if right {
        Vec::new()
    } else {
        vec![file.complain(1, "the crate does not inherit the workspace's lints")]
    }
}

fn nothing_is_allowed_in_silence(file: &File) -> Vec<String> {
    let allows =
        numbered(&file.code).filter(|(_, line)| line.contains("#[allow(") || line.contains("#![allow("));
    allows.map(|(line, _)| file.complain(line, "#[expect(…, reason = \"…\")] instead of allow")).collect()
}

fn sql_is_lowercase(file: &File) -> Vec<String> {
    let statements = if file.path.ends_with(".sql") { &file.text } else { &file.literals };
    let spoken = numbered(statements).map(|(line, text)| (line, text.split("--").next().unwrap_or_default()));
    let shouted =
        spoken.filter(|(_, text)| SQL_WORDS.split('|').any(|word| !lines_with(text, word).is_empty()));
    let lines = shouted.filter(|_| !file.path.starts_with("server/tests/architecture"));
    lines.map(|(line, _)| file.complain(line, "SQL is lower case")).collect()
}

fn dependencies_say_why(file: &File) -> Vec<String> {
    if file.path != "Cargo.toml" {
        return Vec::new();
    }
    let lines = numbered(&file.text).skip_while(|(_, line)| *line != "[workspace.dependencies]").skip(1);
    let lines = lines.take_while(|(_, line)| !line.starts_with('['));
    let bare = lines.filter(|(_, line)| {
        let dependency = !line.trim().is_empty() && !line.starts_with('#') && !line.contains("{ path = ");
        dependency && !line.rsplit(['"', '}', ']']).next().is_some_and(|end| end.contains("# "))
    });
    bare.map(|(line, _)| file.complain(line, "a dependency without a reason")).collect()
}

fn long_files_say_why(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let long = file.path.ends_with(".rs") && lines > 400;
    let explained = file.text.contains("over 400 lines because");
    if long && !explained {
        vec![file.complain(lines, "over 400 lines, and does not say why")]
    } else {
        Vec::new()
    }
}
