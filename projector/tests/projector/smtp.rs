//! A mail server for tests: it takes mails, or fails in a way that is asked of it.

use std::sync::{Arc, Mutex, MutexGuard};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Accepting,
    /// It takes a mail and never says so.
    TakingInSilence,
    /// It wants nothing to do with any recipient, and says to whom.
    Refusing,
}

/// A running server. It ends with the test.
#[derive(Clone)]
pub(crate) struct Smtp {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    mails: Vec<String>,
}

impl Smtp {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State { mood: Mood::Accepting, mails: Vec::new() }));
        let smtp = Self { url, state };
        let server = smtp.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(connection).await });
            }
        });
        smtp
    }

    pub(crate) fn turn(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// The mails that came, with the lines as they were before quoting broke them (RFC 2045 §6.7).
    pub(crate) fn mails(&self) -> Vec<String> {
        self.state().mails.iter().map(|mail| mail.replace("=\n", "")).collect()
    }

    /// The Message-IDs of the mails that came.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.mails().iter().map(|mail| header(mail, "Message-ID").to_owned()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }

    async fn serve(&self, connection: TcpStream) {
        let (reader, mut writer) = connection.into_split();
        let (mut lines, mut mail) = (BufReader::new(reader).lines(), None::<String>);
        let mut answer = "220 ready".to_owned();
        loop {
            if writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                return;
            }
            loop {
                let Ok(Some(line)) = lines.next_line().await else { return };
                match &mut mail {
                    Some(text) if line != "." => {
                        text.push_str(&line);
                        text.push('\n');
                    }
                    Some(text) => {
                        self.state().mails.push(std::mem::take(text));
                        mail = None;
                        if self.state().mood == Mood::TakingInSilence {
                            std::future::pending::<()>().await;
                        }
                        answer = "250 taken".to_owned();
                        break;
                    }
                    None => {
                        let refuses = self.state().mood == Mood::Refusing;
                        answer = match line.get(..4).unwrap_or(&line) {
                            "RCPT" if refuses => format!("550 nobody here: {line}"),
                            "DATA" => {
                                mail = Some(String::new());
                                "354 go on".to_owned()
                            }
                            "QUIT" => "221 bye".to_owned(),
                            _ => "250 yes".to_owned(),
                        };
                        break;
                    }
                }
            }
        }
    }
}

/// A header of a mail.
pub(crate) fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let line = mail.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {mail}"))
}
