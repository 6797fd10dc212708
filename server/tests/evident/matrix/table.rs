//! The table as it stands in `docs/API.md`, and the operations as they stand in the OpenAPI document.

use crate::support::{Evident, root};
use reqwest::{Method, StatusCode};
use serde_json::Value;

const HEADING: &str = "## Who may do what\n";

/// One operation, and what it answers to whom.
#[derive(Debug)]
pub(super) struct Row {
    /// `GET /users/{id}`
    pub(super) operation: String,
    pub(super) nobody: Cell,
    pub(super) oneself: Cell,
    pub(super) another: Cell,
    pub(super) auditor: Cell,
    pub(super) admin: Cell,
    pub(super) key: Cell,
    /// What lets people do it that could not otherwise.
    pub(super) permission: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// It is done.
    Done,
    /// It is refused, like this.
    Refused(u16),
    /// There is no such case.
    Nothing,
}

/// One operation of the document.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) takes_a_body: bool,
}

impl Cell {
    pub(super) fn admits(self, status: StatusCode) -> bool {
        match self {
            Cell::Done => status.is_success(),
            Cell::Refused(code) => status.as_u16() == code,
            Cell::Nothing => false,
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "yes" => Cell::Done,
            "–" => Cell::Nothing,
            code => Cell::Refused(code.parse().unwrap_or_else(|_| panic!("{code:?} is no cell"))),
        }
    }
}

impl Operation {
    /// As the table names it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path.trim_start_matches("/api/v1"))
    }

    pub(super) fn is_of(&self, row: &Row) -> bool {
        self.name() == row.operation
    }
}

pub(super) fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(root().join("docs/API.md")).expect("docs/API.md");
    let (_, section) = page.split_once(HEADING).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).map(row).collect();
    assert!(!rows.is_empty(), "the table is gone");
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [operation, nobody, oneself, another, auditor, admin, key, permission] = cells[..] else {
        panic!("{line} has {} cells", cells.len());
    };
    let permission = permission.trim_matches('`');
    Row {
        operation: operation.trim_matches('`').to_owned(),
        nobody: Cell::read(nobody),
        oneself: Cell::read(oneself),
        another: Cell::read(another),
        auditor: Cell::read(auditor),
        admin: Cell::read(admin),
        key: Cell::read(key),
        permission: (permission != "–").then(|| permission.to_owned()),
    }
}

pub(super) async fn operations(evident: &Evident) -> Vec<Operation> {
    let document = evident.client.get(format!("{}/openapi.json", evident.url())).send().await;
    let document: Value = document.expect("an answer").json().await.expect("JSON");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let Some(id) = operation["operationId"].as_str() else { continue };
            let takes_a_body = operation["requestBody"]["required"] == true;
            operations.push(Operation { id: id.to_owned(), method, path: path.clone(), takes_a_body });
        }
    }
    operations
}
