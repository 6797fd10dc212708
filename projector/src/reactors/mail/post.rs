//! How a mail leaves: by SMTP, or as a file where no server is configured.

use super::{Kind, Letter, files::Files};
use crate::reactors::Unable;
use events::{Timestamp, UserId};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use service::config::{Config, Secret};
use std::{
    io,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};
use store::log::Stored;
use url::{Host, Url};

/// How long one command to the server may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why mails cannot be sent as they are configured. Names no secret.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It is no sender.
    #[error("EVIDENT_MAIL_FROM names no address that mail can be sent from")]
    From,
    /// It names no server.
    #[error("EVIDENT_SMTP_URL names no server")]
    Url,
    /// TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(#[from] smtp::Error),
}

/// The way out, and in whose name.
#[derive(Debug)]
pub(super) struct Post {
    way: Way,
    from: Mailbox,
    /// What Message-IDs end in.
    host: String,
}

#[derive(Debug)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(Files),
}

impl Post {
    pub(super) fn new(config: &Config) -> Result<Self, MailError> {
        let public = Url::parse(&config.public_url).map_err(|_| MailError::Url)?;
        let host = public.host_str().unwrap_or("localhost").trim_matches(['[', ']']).to_owned();
        let way = match &config.smtp_url {
            Some(url) => Way::Smtp(server(url, &host)?),
            None => Way::Files(Files::in_folder(config.data_dir.join("mail"))),
        };
        Ok(Self { way, from: config.mail_from.parse().map_err(|_| MailError::From)?, host })
    }

    /// Sends a letter to a person; answers with the file that it lies in, where there is no server.
    pub(super) async fn send(
        &self,
        kind: Kind,
        person: UserId,
        because_of: &Stored,
        letter: &Letter,
    ) -> Result<Option<PathBuf>, Unable> {
        let event = because_of.record.id.to_string();
        let message = self.message(&format!("{event}.{}", kind.name()), because_of, letter)?;
        match &self.way {
            Way::Smtp(server) => match server.send(message).await {
                Ok(_) => Ok(None),
                Err(error) => Err(refused(&error)),
            },
            Way::Files(_) => {
                let bytes = message.formatted();
                let kept = self.with_files(move |files| files.keep(person, (&event, kind.name()), &bytes));
                kept.await.map_err(|error| Unable::Now(format!("the file cannot be written: {error}")))
            }
        }
    }

    /// Removes what lies in files for a person. What a server took is that one's to keep.
    pub(super) async fn forget(&self, person: UserId) -> Result<(), Unable> {
        let forgotten = self.with_files(move |files| files.forget(person)).await;
        forgotten
            .map(drop)
            .map_err(|error| Unable::Now(format!("the files of somebody who was erased stay: {error}")))
    }

    /// Removes files that are too old at this moment, and too many.
    pub(super) async fn tidy(&self, now: Timestamp) -> io::Result<()> {
        self.with_files(move |files| files.tidy(now)).await.map(drop)
    }

    /// Does something with the files, if mails lie in files.
    async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> io::Result<T> + Send + 'static,
    ) -> io::Result<Option<T>> {
        let Way::Files(files) = &self.way else { return Ok(None) };
        let files = files.clone();
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error))).map(Some)
    }

    /// The same mail each time, so that whoever gets it twice can tell.
    fn message(&self, name: &str, because_of: &Stored, letter: &Letter) -> Result<Message, Unable> {
        // What is wrong with an address is not said: it would be the address.
        let to: Address =
            letter.to.parse().map_err(|_| Unable::Ever("no mail can be sent to the address".to_owned()))?;
        let micros = u64::try_from(because_of.record.time.micros()).unwrap_or_default();
        let by_a_program = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .message_id(Some(format!("<{name}@{}>", self.host)))
            .date(UNIX_EPOCH + Duration::from_micros(micros))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .raw_header(HeaderValue::new(by_a_program, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(letter.text()?, letter.html()?))
            .map_err(|_| Unable::Ever("the mail cannot be put together".to_owned()))
    }
}

/// A connection is made for each mail. `smtps://` begins with TLS; `smtp://` goes over to it (STARTTLS) or gives up, except to
/// this very machine.
fn server(url: &Secret, host: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let url = Url::parse(url.expose()).map_err(|_| MailError::Url)?;
    let server = url.host_str().ok_or(MailError::Url)?.trim_matches(['[', ']']).to_owned();
    let (tls, port) = match url.scheme() {
        "smtps" => (Tls::Wrapper(TlsParameters::new(server.clone())?), smtp::SUBMISSIONS_PORT),
        _ if is_loopback(&url) => (Tls::None, smtp::SMTP_PORT),
        _ => (Tls::Required(TlsParameters::new(server.clone())?), smtp::SUBMISSION_PORT),
    };
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .hello_name(ClientId::Domain(host.to_owned()))
        .timeout(Some(PATIENCE));
    let unescaped = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Ok(match (url.username(), url.password()) {
        ("", None) => transport,
        (user, password) => {
            let password = password.map(unescaped).unwrap_or_default();
            transport.credentials(Credentials::new(unescaped(user), password))
        }
    }
    .build())
}

fn is_loopback(url: &Url) -> bool {
    // The scheme is not one that the URL standard knows, so addresses come as names.
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// What went wrong, without the server's own words: they often repeat the address.
fn refused(error: &smtp::Error) -> Unable {
    let status = error.status().map(|status| status.to_string());
    let what = match &status {
        Some(status) => format!("the mail server answered {status}"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_tls() => "TLS to the mail server failed".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    };
    // Even a refusal for good may be the server's mistake of the moment, and is tried again for a while.
    Unable::Now(what)
}
