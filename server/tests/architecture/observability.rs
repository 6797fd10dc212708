//! Dashboards and alerts name metrics that exist, in expressions that are whole; each alert has a line for whoever it wakes.

use crate::deployment::{metrics, text};
use serde_json::Value;
use std::collections::BTreeSet;

const ALERTS: &str = "deploy/prometheus/alerts.yml";
const DASHBOARD: &str = "deploy/grafana/evident.json";

/// Words of PromQL that stand where a metric could.
const WORDS: &str = "sum|min|max|avg|count|topk|by|without|on|ignoring|and|or|unless|bool|offset|rate|increase|deriv|delta|histogram_quantile|up";

fn alerts() -> Vec<Value> {
    let file: Value = serde_yaml_ng::from_str(&text(ALERTS)).expect("YAML");
    let groups = file["groups"].as_array().expect("groups").iter();
    groups.flat_map(|group| group["rules"].as_array().expect("rules").clone()).collect()
}

fn expressions() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().cloned().unwrap_or_default());
    let shown = targets.map(|target| target["expr"].clone());
    let alarming = alerts().into_iter().map(|alert| alert["expr"].clone());
    shown.chain(alarming).map(|text| text.as_str().expect("an expression").to_owned()).collect()
}

/// The words of an expression outside of labels, ranges and texts. Fails when something that was opened is not closed, or
/// two operands have no operator between them.
fn words(expression: &str) -> Result<Vec<String>, String> {
    let wrong = |why: &str| Err(format!("{expression}: {why}"));
    let (mut open, mut words, mut word) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    for sign in expression.chars() {
        if quoted || sign == '"' {
            quoted ^= sign == '"';
            continue;
        }
        let inside_labels = open.last().is_some_and(|opened| *opened != '(');
        if (sign.is_ascii_alphanumeric() || sign == '_') && !inside_labels {
            word.push(sign);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match sign {
            '(' | '{' | '[' => open.push(sign),
            ')' if open.pop() != Some('(') => return wrong("a bracket too many"),
            '}' if open.pop() != Some('{') => return wrong("a brace too many"),
            ']' if open.pop() != Some('[') => return wrong("a range that was not begun"),
            _ => {}
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    if quoted || !open.is_empty() {
        return wrong("something is not closed");
    }
    match words.windows(2).find(|pair| pair.iter().all(|word| word.starts_with("evident_"))) {
        Some(pair) if expression.contains(&pair.join(" ")) => wrong("an operator is missing"),
        Some(_) | None => Ok(words),
    }
}

/// Names that an expression takes for metrics, without what Prometheus adds to those of histograms.
fn named(expression: &str) -> BTreeSet<String> {
    let words = words(expression).unwrap_or_else(|wrong| panic!("{wrong}"));
    let labels = by_labels(expression);
    let is_name = |word: &String| {
        word.starts_with(|sign: char| sign.is_ascii_alphabetic())
            && !WORDS.split('|').any(|known| known == word)
            && !labels.contains(word.as_str())
    };
    words.into_iter().filter(is_name).collect()
}

/// What stands in the brackets behind `by`.
fn by_labels(expression: &str) -> BTreeSet<&str> {
    let lists = expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    lists.flat_map(|list| list.split(',').map(str::trim)).collect()
}

fn exists(name: &str, metrics: &BTreeSet<String>) -> bool {
    let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| name.strip_suffix(part));
    metrics.contains(name) || parts.into_iter().any(|histogram| metrics.contains(histogram))
}

#[test]
fn every_metric_that_is_shown_or_alarms_exists() {
    let (metrics, expressions) = (metrics(), expressions());
    assert!(expressions.len() > 30, "only {} expressions were found", expressions.len());
    for expression in expressions {
        for name in named(&expression) {
            assert!(exists(&name, &metrics), "{expression}: there is no {name}");
        }
    }
}

#[test]
fn an_expression_that_is_broken_is_refused() {
    for broken in
        ["sum(evident_a", "evident_a)", "evident_a{x=\"y\"", "evident_a[5m", "evident_a evident_b", "a{x=\"}"]
    {
        assert!(words(broken).is_err(), "{broken}");
    }
    let whole = "sum by (le) (rate(evident_x_bucket{a=\"b c\"}[5m])) / evident_y > 0.5";
    assert_eq!(named(whole), BTreeSet::from(["evident_x_bucket".to_owned(), "evident_y".to_owned()]));
    assert!(!exists("evident_no_such_total", &metrics()));
}

#[test]
fn whoever_is_woken_finds_the_alert_in_the_page_for_operators() {
    let (page, alerts) = (text("docs/OPERATIONS.md"), alerts());
    assert!(alerts.len() > 8, "{alerts:?}");
    for alert in alerts {
        let name = alert["alert"].as_str().expect("a name");
        assert!(page.contains(&format!("| `{name}` |")), "docs/OPERATIONS.md says nothing of {name}");
        assert!(
            ["page", "ticket"].contains(&alert["labels"]["severity"].as_str().expect("a severity")),
            "{name}"
        );
        assert!(alert["annotations"]["summary"].is_string() && alert["for"].is_string(), "{name}");
    }
}
