//! The manifests for Kubernetes, read as a cluster would read them: whole, hardened, and about things that exist.

use crate::deployment::text;
use serde::Deserialize;
use serde_json::Value;
use std::{fs, path::Path};

const FOLDER: &str = "deploy/kubernetes";

/// Every document of every manifest, in the order of their files.
fn documents() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FOLDER);
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).expect("a text"));
    let parse = |text: String| -> Vec<Value> {
        let documents = serde_yaml_ng::Deserializer::from_str(&text);
        documents.map(|document| Value::deserialize(document).expect("YAML")).collect()
    };
    texts.flat_map(parse).collect()
}

fn of_kind<'a>(documents: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    documents.iter().filter(move |document| document["kind"] == kind)
}

/// What runs, by name.
fn pods(documents: &[Value]) -> Vec<(&str, &Value)> {
    let kinds = ["Deployment", "Job"].into_iter().flat_map(|kind| of_kind(documents, kind));
    kinds
        .map(|it| (it["metadata"]["name"].as_str().expect("a name"), &it["spec"]["template"]["spec"]))
        .collect()
}

#[test]
fn each_service_runs_twice_and_one_is_left_while_nodes_are_emptied() {
    let documents = documents();
    for name in ["command-api", "projector", "query-api"] {
        let named = |document: &&Value| document["metadata"]["name"] == name;
        let deployment = of_kind(&documents, "Deployment").find(named).expect(name);
        assert!(deployment["spec"]["replicas"].as_u64() >= Some(2), "{name}");
        let budget = of_kind(&documents, "PodDisruptionBudget").find(named).expect(name);
        assert_eq!(
            (&budget["spec"]["minAvailable"], &budget["spec"]["selector"]["matchLabels"]["app"]),
            (&1.into(), &name.into())
        );
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert!(container["command"][0].as_str().is_some_and(|path| path.ends_with(name)), "{name}");
        for (probe, path) in
            [("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/health/ready")]
        {
            assert_eq!(container[probe]["httpGet"]["path"], path, "{name}: {probe}");
            assert_eq!(container[probe]["httpGet"]["port"], "operations", "{name}: {probe}");
        }
    }
    assert_eq!(of_kind(&documents, "HorizontalPodAutoscaler").count(), 1);
    assert!(of_kind(&documents, "Job").any(|job| job["metadata"]["name"] == "migrate"));
    // The health paths that the probes ask for are routes of ours.
    let routes = text("server/src/machines/health.rs");
    assert!(routes.contains("path = \"/health\"") && routes.contains("path = \"/health/ready\""));
}

#[test]
fn nothing_runs_with_more_rights_than_it_needs() {
    let documents = documents();
    assert_eq!(pods(&documents).len(), 4);
    for (name, pod) in pods(&documents) {
        let context = &pod["securityContext"];
        assert_eq!(
            (&context["runAsNonRoot"], &context["seccompProfile"]["type"]),
            (&true.into(), &"RuntimeDefault".into()),
            "{name}"
        );
        assert!(context["runAsUser"].as_u64() > Some(0), "{name}");
        assert_eq!(
            (&pod["automountServiceAccountToken"], &pod["enableServiceLinks"]),
            (&false.into(), &false.into()),
            "{name}"
        );
        assert!(
            pod["hostNetwork"].is_null() && pod["hostPID"].is_null() && pod["hostIPC"].is_null(),
            "{name}"
        );
        for container in pod["containers"].as_array().expect("containers") {
            let context = &container["securityContext"];
            assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]), "{name}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
            // Kustomize puts the registry and the digest there.
            assert_eq!(container["image"], "evident", "{name}");
        }
    }
    let kustomization = of_kind(&documents, "Kustomization").next().expect("a kustomization");
    let image = &kustomization["images"][0];
    assert!(image["name"] == "evident" && image["newTag"].is_null(), "{image}");
    let digest =
        image["digest"].as_str().and_then(|digest| digest.strip_prefix("sha256:")).expect("a digest");
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
}

#[test]
fn secrets_come_in_files_and_every_variable_exists() {
    let (documents, known) = (documents(), service::config::help());
    let settings =
        of_kind(&documents, "ConfigMap").next().expect("settings")["data"].as_object().expect("data");
    let mut variables: Vec<(String, String)> = settings
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
        .collect();
    for (name, pod) in pods(&documents) {
        let container = &pod["containers"][0];
        assert_eq!(
            container["envFrom"],
            serde_json::json!([{"configMapRef": {"name": "evident"}}]),
            "{name}"
        );
        for variable in container["env"].as_array().expect("variables") {
            let text =
                |of: &str| variable[of].as_str().unwrap_or_else(|| panic!("{name}: {variable}")).to_owned();
            variables.push((text("name"), text("value")));
        }
    }
    assert!(variables.len() > 20, "{variables:?}");
    for (name, value) in variables {
        assert!(known.contains(&format!("  {name} ")), "nothing reads {name}");
        let secret = ["_LOG_URL", "_VAULT_URL", "_READ_URL", "_NATS_URL", "_REDIS_URL", "PASSWORD"];
        assert!(!secret.iter().any(|ending| name.ends_with(ending)), "{name} would be in the environment");
        assert!(!name.ends_with("_FILE") || value.starts_with("/secrets/"), "{name} is at {value}");
    }
    assert_eq!(of_kind(&documents, "Secret").count(), 0, "a password would be in the repository");
}

/// The ports that this service may reach, in the order of their numbers; names are everybody's.
fn reached_by(documents: &[Value], app: &str) -> Vec<u64> {
    let policies = of_kind(documents, "NetworkPolicy").map(|policy| &policy["spec"]);
    let meant = policies.filter(|policy| {
        let selector = &policy["podSelector"];
        let listed = selector["matchExpressions"][0]["values"].as_array().into_iter().flatten();
        selector["matchLabels"]["app"] == app || listed.into_iter().any(|listed| listed == app)
    });
    let rules = meant.filter_map(|policy| policy["egress"].as_array()).flatten();
    let ports = rules.filter_map(|rule| rule["ports"].as_array()).flatten();
    let mut ports: Vec<_> = ports.filter_map(|port| port["port"].as_u64()).collect();
    ports.sort_unstable();
    ports
}

#[test]
fn each_service_reaches_what_it_can_be_told_to_use_and_nothing_else() {
    let documents = documents();
    let (stores, traces, mails) = ([2113, 4222, 5432, 6379], [4318], [465, 587]);
    let sorted = |mut ports: Vec<u64>| {
        ports.sort_unstable();
        ports
    };
    for service in ["command-api", "query-api"] {
        assert_eq!(reached_by(&documents, service), sorted([&stores[..], &traces].concat()), "{service}");
    }
    assert_eq!(reached_by(&documents, "projector"), sorted([&stores[..], &traces, &mails].concat()));
    assert_eq!(reached_by(&documents, "migrate"), stores);
}

#[test]
fn nobody_talks_to_anybody_who_is_not_named() {
    let documents = documents();
    let policies: Vec<_> = of_kind(&documents, "NetworkPolicy").map(|policy| &policy["spec"]).collect();
    let nobody = serde_json::json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    assert!(policies.contains(&&nobody), "what is not allowed is not denied");
    for rule in policies.iter().flat_map(|policy| ["egress", "ingress"].map(|way| (way, &policy[way]))) {
        for peer in rule.1.as_array().into_iter().flatten() {
            let named = peer.get(if rule.0 == "egress" { "to" } else { "from" });
            assert!(named.is_some_and(|peers| !peers.as_array().expect("peers").is_empty()), "{peer}");
            assert!(peer["ports"].as_array().is_some_and(|ports| !ports.is_empty()), "{peer}");
            assert!(!peer.to_string().contains("0.0.0.0/0"), "{peer}");
        }
    }
}
