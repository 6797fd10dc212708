//! The reactor that sends mails: what happens is told once, again when it may not have arrived, and never of history.

use crate::{
    smtp::{Mood, Smtp, header},
    teller::Teller,
    world::{World, eventually, open},
};
use events::Timestamp;
use projector::reactors::{self, Work, mail::Mailer};
use read_models::{Errand, ReadModels};
use service::{
    clock::Clock,
    config::{Config, Environment},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use store::{log::Log, vault::Vault};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

on_each_engine!(
    what_happens_is_told_once_and_history_never,
    a_mail_that_a_crash_cut_off_is_sent_again_as_the_same_mail,
    of_two_processes_one_sends_each_mail,
    what_cannot_be_done_is_parked_and_keeps_nothing_waiting,
    a_sign_in_from_elsewhere_is_told,
);

/// A running reactor.
struct Mailing {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Mailing {
    async fn start(stores: (Log, Vault, ReadModels), smtp: &Smtp, clock: &Clock) -> Self {
        let config = Config::read(&Environment::of([
            ("EVIDENT_SMTP_URL", smtp.url.as_str()),
            ("EVIDENT_MAIL_FROM", "Evident <id@example.com>"),
            ("EVIDENT_PUBLIC_URL", "https://id.example.com"),
        ]));
        let config = config.expect("all of it is right");
        let (log, vault, models) = stores;
        let stores = (log.clone(), vault, models.clone());
        let mailer = Mailer::new(stores, clock.clone(), &config).expect("it can send");
        let work = Arc::new(Work::Mail(mailer));
        reactors::prepare(&work, &log, &models).await.expect("it has a place");
        let stop = CancellationToken::new();
        let task = tokio::spawn(reactors::run(work, log, models, clock.clone(), stop.clone()));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("it does not panic");
    }

    /// As `kill -9`: in the middle of whatever it is at.
    async fn cut_off(self) {
        self.task.abort();
        self.task.await.expect_err("it was cut off");
    }
}

fn stores(world: &World) -> (Log, Vault, ReadModels) {
    (world.log.clone(), world.vault.clone(), world.models.clone())
}

fn noon() -> Clock {
    Clock::set_to(Timestamp::from_micros(1_795_521_600_000_000))
}

async fn arrived(smtp: &Smtp, count: usize) {
    eventually("mails arrive", async || smtp.mails().len() >= count).await;
}

/// The last event was taken note of, which MUST be one that asks for a mail; nothing waits, and so many things are parked.
async fn at_rest(world: &World, parked: u64) {
    let head = world.log.head().await.expect("the log answers");
    eventually("the errands are run", async || {
        let place = world.models.reactor("mail", world.log.id(), head).await.expect("the tables answer");
        if place.position < head {
            return false;
        }
        let counts = world.models.count_errands("mail").await.expect("the tables answer");
        counts.waiting == 0 && counts.parked == parked
    })
    .await;
}

async fn what_happens_is_told_once_and_history_never(world: World) {
    let mut teller = Teller::new(&world, 1);
    let ada = teller.register().await;
    teller.change_password(ada).await;
    let (smtp, clock) = (Smtp::start().await, noon());
    let mailing = Mailing::start(stores(&world), &smtp, &clock).await;
    teller.change_password(ada).await;
    arrived(&smtp, 1).await;
    mailing.stop().await;
    teller.change_profile(ada).await;
    teller.change_password(ada).await;
    let mailing = Mailing::start(stores(&world), &smtp, &clock).await;
    arrived(&smtp, 2).await;
    at_rest(&world, 0).await;
    mailing.stop().await;

    let mails = smtp.mails();
    assert_eq!(mails.len(), 2, "{mails:?}");
    let changes: Vec<_> = world.opened().await.into_iter().map(|projected| projected.record).collect();
    let changes = changes.iter().filter(|record| record.event_type == "user.password_changed.v1").skip(1);
    let ids: Vec<_> =
        changes.map(|record| format!("<{}.password-changed@id.example.com>", record.id)).collect();
    assert_eq!(smtp.ids(), ids);
    assert_eq!(header(&mails[0], "From"), "Evident <id@example.com>");
    assert!(header(&mails[0], "To").ends_with("@example.com"));
    assert_eq!(header(&mails[0], "Auto-Submitted"), "auto-generated");
    assert!(mails[0].contains("text/plain") && mails[0].contains("text/html"), "{}", mails[0]);
    assert!(mails[0].contains("https://id.example.com/forgot-password"), "{}", mails[0]);
    assert!(!mails[0].contains("Person "), "a name that somebody gave themselves is in no mail");
}

async fn a_mail_that_a_crash_cut_off_is_sent_again_as_the_same_mail(world: World) {
    let mut teller = Teller::new(&world, 2);
    let ada = teller.register().await;
    let (smtp, clock) = (Smtp::start().await, noon());
    smtp.turn(Mood::TakingInSilence);
    let mailing = Mailing::start(stores(&world), &smtp, &clock).await;
    teller.change_password(ada).await;
    arrived(&smtp, 1).await;
    mailing.cut_off().await;

    smtp.turn(Mood::Accepting);
    let mailing = Mailing::start(stores(&world), &smtp, &clock).await;
    teller.change_password(ada).await;
    // Whoever was cut off may be at it still, for all that anybody else knows: its mail is left alone for a minute.
    arrived(&smtp, 2).await;
    clock.advance(Duration::from_secs(61));
    arrived(&smtp, 3).await;
    at_rest(&world, 0).await;
    mailing.stop().await;
    let ids = smtp.ids();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], ids[1]);
}

async fn of_two_processes_one_sends_each_mail(world: World) {
    let mut teller = Teller::new(&world, 3);
    let ada = teller.register().await;
    let (smtp, clock) = (Smtp::start().await, noon());
    let other = open(&world.urls).await;
    let one = Mailing::start(stores(&world), &smtp, &clock).await;
    let two = Mailing::start(other, &smtp, &clock).await;
    for _ in 0..20 {
        teller.change_password(ada).await;
    }
    arrived(&smtp, 20).await;
    at_rest(&world, 0).await;
    one.stop().await;
    two.stop().await;
    let ids = smtp.ids();
    assert_eq!(ids.len(), 20);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), 20);
}

async fn what_cannot_be_done_is_parked_and_keeps_nothing_waiting(world: World) {
    let mut teller = Teller::new(&world, 4);
    let ada = teller.register().await;
    let (smtp, clock) = (Smtp::start().await, noon());
    smtp.turn(Mood::Refusing);
    let head = world.log.head().await.expect("the log answers");
    let place = world.models.reactor("mail", world.log.id(), head).await.expect("a new reactor").position;
    teller.change_password(ada).await;
    let change = world.opened().await.pop().expect("a change");
    let errand = |task: &str| Errand {
        event: change.record.id,
        position: change.position,
        task: task.to_owned(),
        attempts: 0,
    };
    // Of the two, one was tried for hours already, and nobody knows the other.
    let errands = [errand("password-changed"), errand("unheard-of")];
    let noted =
        world.models.note_errands("mail", world.log.id(), (place, change.position), &errands, clock.now());
    noted.await.expect("they are noted");
    for attempts in 0..19 {
        let errand = Errand { attempts, ..errands[0].clone() };
        let taken = world.models.take_errand("mail", &errand, clock.now()).await;
        assert!(taken.expect("the tables answer"));
        let again = world.models.take_errand("mail", &errand, clock.now()).await;
        assert!(!again.expect("the tables answer"), "nobody takes it from who has it");
    }
    let mailing = Mailing::start(stores(&world), &smtp, &clock).await;
    at_rest(&world, 2).await;
    let parked = world.models.parked_errands().await.expect("the tables answer");
    let reasons: Vec<_> = parked.iter().map(|(_, because)| because.as_str()).collect();
    assert_eq!(reasons, ["the mail server answered 550", "no mail is called this"], "no address is repeated");

    smtp.turn(Mood::Accepting);
    teller.change_password(ada).await;
    arrived(&smtp, 1).await;
    assert_eq!(world.models.resume_errands(clock.now()).await.expect("the tables answer"), 2);
    arrived(&smtp, 2).await;
    at_rest(&world, 1).await;
    mailing.stop().await;
}

async fn a_sign_in_from_elsewhere_is_told(world: World) {
    let mut teller = Teller::new(&world, 5);
    let ada = teller.register().await;
    let (smtp, clock) = (Smtp::start().await, noon());
    let projecting = world.project();
    // It has its place in the log before anything happens, and goes on from there once the tables know the sign-ins.
    Mailing::start(stores(&world), &smtp, &clock).await.stop().await;
    for ip in ["192.0.2.7", "192.0.2.99", "198.51.100.7", "198.51.100.8"] {
        teller.sign_in_from(ada, ip).await;
    }
    world.caught_up().await;
    let mailing = Mailing::start(stores(&world), &smtp, &clock).await;
    arrived(&smtp, 1).await;
    at_rest(&world, 0).await;
    mailing.stop().await;
    projecting.stop().await.expect("a projector stops when it is told to");
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].contains("198.51.100.7"), "{}", mails[0]);
}
