//! Every key replaced while people sign in, refresh, register, look and change; and the replacing killed in the middle.

mod killed;
mod restored;
mod retention;
mod upgraded;
mod visitors;

use crate::{
    cluster::Installation,
    support::{ADMIN, Evident, PASSWORD, postgres_database},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use visitors::{Seen, Services, everybody_is_there, visit_until};

const VISITORS: usize = 4;

/// What an operator's command said; it must succeed.
fn succeeded(operator: impl FnOnce(&[&str]) -> Output, arguments: &[&str]) -> String {
    let done = tokio::task::block_in_place(|| operator(arguments));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

/// Replaces the file of master keys as an operator would: written beside it, then moved over it.
fn put_keys(folder: &Path, keys: &[[u8; 32]]) {
    let beside = folder.join("master.key.new");
    let mut file =
        fs::File::options().write(true).create_new(true).mode(0o600).open(&beside).expect("a file");
    for key in keys {
        writeln!(file, "{}", STANDARD.encode(key)).expect("written");
    }
    fs::rename(&beside, folder.join("master.key")).expect("moved");
}

/// Replaces the signing key, and waits until the new one signs.
async fn rotate_signing(succeed: impl Fn(&[&str]) -> String) {
    succeed(&["keys", "rotate", "signing"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while succeed(&["keys", "list"]).contains("published, signs from") {
        assert!(Instant::now() < deadline, "the new key does not sign");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

type Visitors = Vec<JoinHandle<Seen>>;

fn visitors(services: &Arc<Services>, enough: &CancellationToken) -> Visitors {
    let visitor = |number| tokio::spawn(visit_until(Arc::clone(services), number, enough.clone()));
    (0..VISITORS).map(visitor).collect()
}

/// Waits until, after all that was replaced, as many visits are over as there are visitors, and so many in all that it is
/// a load; or until no visitor goes on, since something failed for each.
async fn some_more_come(services: &Services, visitors: &Visitors) {
    let enough = (services.visits.load(Ordering::SeqCst) + VISITORS).max(VISITORS * 2 + 1);
    let deadline = Instant::now() + Duration::from_secs(300);
    while services.visits.load(Ordering::SeqCst) < enough && !visitors.iter().all(JoinHandle::is_finished) {
        assert!(Instant::now() < deadline, "hardly anybody comes");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Everybody who came, when nothing was refused to anybody.
async fn people_of(visitors: Visitors) -> Vec<String> {
    let mut people = Vec::new();
    for visitor in visitors {
        let seen = visitor.await.expect("a visitor");
        assert!(seen.failed.is_empty(), "{:#?}", seen.failed);
        people.extend(seen.people);
    }
    assert!(people.len() > VISITORS * 2, "{} people: that was no load", people.len());
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_is_replaced_under_load_without_one_failed_request() {
    let database = postgres_database();
    let installation = Installation::new([
        ("EVIDENT_LOG_URL", &*database),
        ("EVIDENT_VAULT_URL", &*database),
        ("EVIDENT_READ_URL", &*database),
        ("EVIDENT_RATE_LIMITS", "off"),
        ("EVIDENT_JWKS_MAX_AGE", "1s"),
        ("EVIDENT_ARGON2", "m=7168,t=5,p=1"),
    ]);
    installation.migrate();
    let mut commands = [installation.command_api(), installation.command_api()];
    let (mut projector, mut queries) = (installation.projector(), installation.query_api());
    for service in commands.iter_mut().chain([&mut projector, &mut queries]) {
        service.until_ready().await;
    }
    let services = Arc::new(Services {
        commands: commands.each_ref().map(|service| service.url().to_owned()),
        queries: queries.url().to_owned(),
        visits: AtomicUsize::new(0),
    });
    let enough = CancellationToken::new();
    let load = visitors(&services, &enough);
    let succeed = |arguments: &[&str]| succeeded(|arguments| installation.operator(arguments), arguments);

    // The test's own first key is 32 times 7.
    rotate_signing(succeed).await;
    let refused = tokio::task::block_in_place(|| installation.operator(&["keys", "rotate", "master"]));
    assert!(!refused.status.success(), "there is no other key in the file");
    put_keys(installation.folder(), &[[8; 32], [7; 32]]);
    let said = succeed(&["keys", "rotate", "master"]);
    assert!(said.contains("wraps everything"), "{said}");
    let said = succeed(&["keys", "rotate", "index"]);
    assert!(said.contains("addresses were hashed anew"), "{said}");
    // Once more with what the first round has made: each step has another side to begin from.
    put_keys(installation.folder(), &[[9; 32], [8; 32]]);
    succeed(&["keys", "rotate", "master"]);
    succeed(&["keys", "rotate", "index", "--now"]);
    some_more_come(&services, &load).await;
    enough.cancel();
    let people = people_of(load).await;

    // The new key alone opens everything, and everybody is there, once.
    put_keys(installation.folder(), &[[9; 32]]);
    for service in commands.iter_mut().chain([&mut projector, &mut queries]) {
        assert!(service.terminate().success(), "{}", service.said());
        service.restart();
    }
    for service in commands.iter_mut().chain([&mut projector, &mut queries]) {
        service.until_ready().await;
    }
    everybody_is_there(&services, &people).await;
    succeed(&["rebuild", "--check"]);
    let listed = succeed(&["keys", "list"]);
    assert_eq!(listed.lines().filter(|line| line.starts_with("master ")).count(), 1, "{listed}");
    assert_eq!(listed.lines().filter(|line| line.starts_with("index ")).count(), 1, "{listed}");
}

/// The whole of it in one process and one folder, where the operator's command writes the same files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_of_one_process_is_replaced_under_load_without_one_failed_request() {
    let mut evident = Evident::start_with([
        ("EVIDENT_ADMIN_EMAIL", ADMIN),
        ("EVIDENT_ADMIN_PASSWORD", PASSWORD),
        ("EVIDENT_RATE_LIMITS", "off"),
        ("EVIDENT_JWKS_MAX_AGE", "1s"),
        ("EVIDENT_ARGON2", "m=7168,t=5,p=1"),
    ]);
    let url = evident.url().to_owned();
    let services = Arc::new(Services {
        commands: [url.clone(), url.clone()],
        queries: url,
        visits: AtomicUsize::new(0),
    });
    let enough = CancellationToken::new();
    let load = visitors(&services, &enough);
    let succeed = |arguments: &[&str]| succeeded(|arguments| evident.operator(arguments), arguments);
    rotate_signing(succeed).await;
    for _ in 0..2 {
        let said = succeed(&["keys", "rotate", "master"]);
        assert!(said.contains("wraps everything"), "{said}");
        let said = succeed(&["keys", "rotate", "index"]);
        assert!(said.contains("addresses were hashed anew"), "{said}");
    }
    some_more_come(&services, &load).await;
    enough.cancel();
    let people = people_of(load).await;
    let listed = succeed(&["keys", "list"]);
    assert_eq!(listed.lines().filter(|line| line.starts_with("master ")).count(), 1, "{listed}");
    assert!(evident.terminate().success());
    evident.restart();
    everybody_is_there(&services, &people).await;
    let check = evident.operator(&["rebuild", "--check"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
