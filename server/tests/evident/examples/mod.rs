//! `docs/EXAMPLES.md`, run as it is written: every operation has its example there, and is answered as it says.

mod likeness;
mod page;

use crate::{
    authenticator,
    mails::Mail,
    support::{Evident, root, too_early},
};
use events::Timestamp;
use likeness::Names;
use page::{Answer, Example, Section};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    process::Command,
    time::{Duration, Instant, UNIX_EPOCH},
};

/// Somebody who follows the page.
struct Journey {
    evident: Evident,
    names: Names,
}

#[tokio::test]
async fn every_operation_has_an_example_and_is_answered_as_it_says() {
    let evident = Evident::start_with([]);
    let document = evident.client.get(format!("{}/openapi.json", evident.url())).send().await;
    let document: Value = document.expect("an answer").json().await.expect("JSON");
    let page = std::fs::read_to_string(root().join("docs/EXAMPLES.md")).expect("docs/EXAMPLES.md");
    let sections = page::sections(&page);
    the_page_and_the_document_name_the_same(&sections, &document);
    the_pages_that_the_document_names_are_served(&evident, &document).await;
    let mut journey = Journey::begin(evident);
    for section in &sections {
        for example in &section.examples {
            journey.goes_on(example);
        }
    }
}

async fn the_pages_that_the_document_names_are_served(evident: &Evident, document: &Value) {
    let description = document["info"]["description"].as_str().expect("a description");
    let pages: Vec<_> = description.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(pages.len() >= 3, "{description}");
    for page in pages {
        let answer = evident.client.get(format!("{}{page}", evident.url())).send().await;
        let served = answer.expect("an answer").text().await.expect("a text");
        let written = std::fs::read_to_string(root().join(page.trim_start_matches('/'))).expect("a page");
        assert_eq!(served, written, "{page}");
    }
}

/// Each operation has one section, and in it an example of how it is done; no example shows what the document does not know.
fn the_page_and_the_document_name_the_same(sections: &[Section], document: &Value) {
    let operations = operations(document);
    let mut missing: BTreeSet<_> = operations.iter().map(Operation::name).collect();
    for section in sections {
        let mut done = false;
        for example in &section.examples {
            let (method, path) = example.asks();
            let operation = operations.iter().find(|operation| operation.is_asked_by(method, path));
            let operation = operation.unwrap_or_else(|| panic!("there is no operation {method} {path}"));
            let code = example.answer.code();
            assert!(
                operation.answers.contains(code),
                "{} does not answer {code}, line {}",
                operation.name(),
                example.line
            );
            done |= operation.name() == section.operation && code.starts_with('2');
        }
        let heading = &section.operation;
        assert!(heading.is_empty() || done, "\"{heading}\" has no example of how it is done");
        assert!(
            heading.is_empty() || missing.remove(heading),
            "\"{heading}\" is no operation, or twice there"
        );
    }
    assert!(missing.is_empty(), "docs/EXAMPLES.md lacks {missing:?}");
}

/// One operation of the document.
struct Operation {
    method: String,
    path: String,
    answers: BTreeSet<String>,
}

impl Operation {
    /// As the page names it.
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path.trim_start_matches("/api/v1"))
    }

    fn is_asked_by(&self, method: &str, path: &str) -> bool {
        let (ours, theirs) = (self.path.split('/'), path.split('/'));
        let same =
            |(ours, theirs): (&str, &str)| ours == theirs || (ours.starts_with('{') && !theirs.is_empty());
        self.method == method && ours.clone().count() == theirs.clone().count() && ours.zip(theirs).all(same)
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().expect("operations");
        operations.iter().map(move |(method, operation)| Operation {
            method: method.to_uppercase(),
            path: path.clone(),
            answers: operation["responses"].as_object().expect("answers").keys().cloned().collect(),
        })
    });
    // What is written out comes before what stands for anything.
    let (mut plain, templates): (Vec<_>, Vec<_>) = all.partition(|operation| !operation.path.contains('{'));
    plain.extend(templates);
    plain
}

impl Journey {
    fn begin(evident: Evident) -> Self {
        let mut names = Names::default();
        names.0.insert("EVIDENT".to_owned(), evident.url().to_owned());
        names.0.insert("ADMIN_PASSWORD".to_owned(), evident.initial_password().to_owned());
        Self { evident, names }
    }

    fn goes_on(&mut self, example: &Example) {
        let deadline = Instant::now() + Duration::from_secs(120);
        let mut answered = self.runs(example);
        // As the answer says: whatever is hashed waits for a processor that nobody else wants.
        while serde_json::from_str(&answered.body).is_ok_and(|body| too_early(&body))
            && Instant::now() < deadline
        {
            answered = self.runs(example);
        }
        if let Err(difference) = self.names.compare(&example.answer, &answered) {
            panic!("docs/EXAMPLES.md, line {}: {difference}. The answer was:\n{answered:#?}", example.line);
        }
    }

    /// Runs an example. It has a key that the page does not show, so that run again it is done once.
    fn runs(&mut self, example: &Example) -> Answer {
        for name in names_in(&example.script) {
            self.look_up(name);
        }
        let key = match example.has_key() {
            true => String::new(),
            false => format!("header = \"Idempotency-Key: line-{}\"", example.line),
        };
        std::fs::write(self.evident.folder().join(".curlrc"), key).expect("written");
        let ran = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &example.script])
            .envs(&self.names.0)
            .env("CURL_HOME", self.evident.folder())
            .current_dir(self.evident.folder())
            .output()
            .expect("bash");
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "docs/EXAMPLES.md, line {}: {err}", example.line);
        Answer::read(&out)
    }

    /// Finds what no answer has named: a token in a mail, a code of the authenticator.
    fn look_up(&mut self, name: &str) {
        let value = match name.strip_suffix("_TOKEN_BY_MAIL") {
            _ if name == "CODE" => authenticator::code(&self.names.0["SECRET"], now()),
            Some(_) if self.names.0.contains_key(name) => return,
            Some(kind) => Mail::of(&self.evident, &kind.to_lowercase().replace('_', "-")).only_token(),
            None => {
                assert!(self.names.0.contains_key(name), "no answer has named ${name}");
                return;
            }
        };
        self.names.0.insert(name.to_owned(), value);
    }
}

/// The names that a script goes on with.
fn names_in(script: &str) -> impl Iterator<Item = &str> {
    script.split('$').skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

fn now() -> Timestamp {
    let since_1970 = UNIX_EPOCH.elapsed().expect("a clock past 1970");
    Timestamp::default()
        .after(Duration::from_micros(u64::try_from(since_1970.as_micros()).expect("before the year 500,000")))
}
