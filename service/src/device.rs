//! What a client says of itself (`User-Agent`), as the person who used it would say it: "Firefox on Windows".
//!
//! Whoever sends it may write anything, so it informs people and decides nothing. The table knows what most people use;
//! the rest is shown by its own first word.

use serde::Serialize;
use utoipa::ToSchema;

/// A browser or a program, and what it runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Device {
    /// `Firefox on Windows`, `curl`, or `Unknown`.
    pub name: String,
    /// What sort of thing it is.
    pub kind: DeviceKind,
}

/// What sort of thing a client runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A computer with a keyboard.
    Desktop,
    /// A telephone.
    Phone,
    /// A tablet.
    Tablet,
    /// No browser: a program that speaks HTTP.
    Program,
    /// It does not say, or not so that we understand it.
    Unknown,
}

/// What gives a browser away. The first that is found counts: most name those that they resemble, too.
const BROWSERS: [(&str, &str); 16] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    ("Safari/", "Safari"),
];

/// What gives a system away, in the same way.
const SYSTEMS: [(&str, &str, DeviceKind); 9] = [
    ("iPhone", "iOS", DeviceKind::Phone),
    ("iPod", "iOS", DeviceKind::Phone),
    ("iPad", "iPadOS", DeviceKind::Tablet),
    ("Android", "Android", DeviceKind::Phone),
    ("Windows", "Windows", DeviceKind::Desktop),
    ("CrOS", "ChromeOS", DeviceKind::Desktop),
    ("Macintosh", "macOS", DeviceKind::Desktop),
    ("Linux", "Linux", DeviceKind::Desktop),
    ("X11", "Unix", DeviceKind::Desktop),
];

/// The longest name of a program that is shown.
const MAX_PROGRAM_BYTES: usize = 40;

impl Device {
    /// What this text says of the client that sent it.
    #[must_use]
    pub fn of(user_agent: Option<&str>) -> Self {
        let Some(text) = user_agent else { return Self::unknown() };
        let browser = BROWSERS.iter().find(|(sign, _)| text.contains(sign)).map(|(_, name)| *name);
        let system = SYSTEMS.iter().find(|(sign, ..)| text.contains(sign));
        match (browser, system) {
            (Some(browser), Some((_, system, kind))) => {
                Self { name: format!("{browser} on {system}"), kind: precise(*kind, text) }
            }
            (Some(browser), None) => Self { name: browser.to_owned(), kind: DeviceKind::Unknown },
            (None, _) if !text.starts_with("Mozilla/") => {
                program(text).map_or_else(Self::unknown, |name| Self { name, kind: DeviceKind::Program })
            }
            (None, Some((_, system, kind))) => {
                Self { name: format!("Browser on {system}"), kind: precise(*kind, text) }
            }
            (None, None) => Self::unknown(),
        }
    }

    fn unknown() -> Self {
        Self { name: "Unknown".to_owned(), kind: DeviceKind::Unknown }
    }
}

/// Android says `Mobile` on telephones only.
fn precise(kind: DeviceKind, text: &str) -> DeviceKind {
    let tablet = text.contains("Android") && !text.contains("Mobile");
    if tablet { DeviceKind::Tablet } else { kind }
}

/// The first product (RFC 9110 §10.1.5), without its version.
fn program(text: &str) -> Option<String> {
    let name = text.split(['/', ' ', '(', ';']).next()?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte));
    (plain && (1..=MAX_PROGRAM_BYTES).contains(&name.len())).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> (String, DeviceKind) {
        let Device { name, kind } = Device::of(Some(text));
        (name, kind)
    }

    #[test]
    fn what_most_people_use_is_named_as_they_name_it() {
        for (text, name, kind) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Windows",
                DeviceKind::Desktop,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
                "Safari on macOS",
                DeviceKind::Desktop,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
                DeviceKind::Desktop,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Linux",
                DeviceKind::Desktop,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
                "Chrome on iOS",
                DeviceKind::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
                DeviceKind::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 16; Pixel Tablet) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Android",
                DeviceKind::Tablet,
            ),
            ("Mozilla/5.0 (X11; Something) Unheard/1.0", "Browser on Unix", DeviceKind::Desktop),
        ] {
            assert_eq!(said(text), (name.to_owned(), kind), "{text}");
        }
    }

    #[test]
    fn a_program_is_named_by_its_first_word() {
        for (text, name) in
            [("curl/8.5.0", "curl"), ("python-requests/2.32", "python-requests"), ("node", "node")]
        {
            assert_eq!(said(text), (name.to_owned(), DeviceKind::Program));
        }
    }

    #[test]
    fn nothing_that_was_written_to_be_shown_is_shown() {
        for text in
            ["<script>alert(1)</script>", "Sign in at evil.example now", &"a".repeat(41), "", "Mozilla/5.0"]
        {
            let (name, _) = said(text);
            assert!(["Unknown", "Sign"].contains(&name.as_str()), "{text} is shown as {name}");
        }
        assert_eq!(Device::of(None), Device::unknown());
    }
}
