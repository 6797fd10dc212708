//! Who may do what: the table in `docs/API.md`, tried against the running product, every operation by everybody.
//!
//! An operation without a row fails here, and so does a row without an operation. Whoever adds an operation adds its row,
//! and, when it takes a body or a new kind of path parameter, says in `request.rs` what is sent.

mod request;
mod stage;
mod table;

use crate::support::Evident;
use stage::{Caller, Stage};
use std::collections::BTreeSet;
use table::{Cell, Operation, Row};

/// What machines ask for, outside the API: nobody has to say who they are.
const FOR_MACHINES: [&str; 4] = ["/health", "/health/ready", "/metrics", "/.well-known/jwks.json"];

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let evident = Evident::start_with([
        ("EVIDENT_ADMIN_EMAIL", crate::support::ADMIN),
        ("EVIDENT_ADMIN_PASSWORD", crate::support::PASSWORD),
        // As little as it takes: who may do what is not about guessing passwords, nor about how often one may.
        ("EVIDENT_ARGON2", "m=7168,t=5,p=1"),
        ("EVIDENT_RATE_LIMITS", "off"),
        // Those who stay sign in once, however long all of it takes.
        ("EVIDENT_ACCESS_TTL", "1h"),
        ("EVIDENT_FRESH_AUTH", "1h"),
    ]);
    let rows = table::rows();
    let operations = table::operations(&evident).await;
    the_table_and_the_document_name_the_same(&rows, &operations);
    let mut stage = Stage::new(evident).await;
    let mut wrong = Vec::new();
    for row in &rows {
        let operation = operations.iter().find(|operation| operation.is_of(row)).expect("compared above");
        for (caller, expected) in expectations(row) {
            let status = stage.tried(operation, caller).await;
            if !expected.admits(status) {
                wrong.push(format!(
                    "{} by {caller:?}: {expected:?} in the table, {status} in truth",
                    row.operation
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everybody who can ask for this, and what the table says of them.
fn expectations(row: &Row) -> Vec<(Caller, Cell)> {
    let mut all = vec![(Caller::Nobody, row.nobody), (Caller::Oneself, row.oneself), (Caller::Key, row.key)];
    if row.another != Cell::Nothing {
        all.push((Caller::Another, row.another));
    }
    all.extend([(Caller::Auditor, row.auditor), (Caller::Admin, row.admin)]);
    for permission in events::Permission::ALL {
        let plain = if row.another == Cell::Nothing { row.oneself } else { row.another };
        let permitted = row.permission.as_deref() == Some(permission.as_str());
        all.push((Caller::Only(permission), if permitted { Cell::Done } else { plain }));
    }
    all
}

fn the_table_and_the_document_name_the_same(rows: &[Row], operations: &[Operation]) {
    let named: BTreeSet<_> = rows.iter().map(|row| row.operation.clone()).collect();
    assert_eq!(named.len(), rows.len(), "an operation has two rows");
    let mut complaints = Vec::new();
    for operation in operations {
        let Operation { id, path, .. } = operation;
        if !path.starts_with("/api/v1/") {
            assert!(FOR_MACHINES.contains(&path.as_str()), "{path} is neither in the API nor for machines");
        } else if !rows.iter().any(|row| operation.is_of(row)) {
            complaints.push(format!(
                "{id} has no row: add one for `{}` to \"Who may do what\" in docs/API.md, and say in \
                 server/tests/evident/matrix/request.rs what it is sent",
                operation.name()
            ));
        }
    }
    let unknown = rows.iter().filter(|row| !operations.iter().any(|operation| operation.is_of(row)));
    complaints.extend(unknown.map(|row| format!("there is no operation `{}`", row.operation)));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
