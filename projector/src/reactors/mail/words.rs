//! The words of each mail, and where its link leads. Paths are the front end's; `docs/API.md` lists them.

use super::Kind;
use events::{Network, Timestamp};
use service::{device::Device, mail_token::MailPurpose};

/// What a mail says.
pub(super) struct Words {
    pub(super) subject: &'static str,
    pub(super) paragraphs: Vec<String>,
    pub(super) label: &'static str,
    pub(super) link: Leads,
}

/// Where a link leads.
pub(super) enum Leads {
    /// To a page.
    To(&'static str),
    /// To a page, with a token for this behind `#`, where no server logs it.
    With(&'static str, MailPurpose),
}

const NOT_YOU: &str =
    "If this was not you, choose a new password at once; all sign-ins end with the old one.";
const IGNORE: &str = "If you did not ask for this, do nothing.";
const FORGOT: &str = "/forgot-password";

/// The words of a mail, by its kind and the moment of its event; `from` is where a sign-in came from.
pub(super) fn of(kind: Kind, at: Timestamp, from: Option<&Network>) -> Words {
    let says = |subject, paragraphs: [String; 2], label, link| Words {
        subject,
        paragraphs: paragraphs.into(),
        label,
        link,
    };
    let at = moment(at);
    match kind {
        Kind::Verification => says(
            "Confirm your address",
            [
                "An account was made with this address. Confirm within 24 hours that it is yours.".to_owned(),
                "If you have no account here, do nothing.".to_owned(),
            ],
            "Confirm this address",
            Leads::With("/verify-email", MailPurpose::Verification),
        ),
        Kind::PasswordReset => says(
            "Choose a new password",
            [
                "Somebody asked to choose a new password for your account. The link holds for one hour, and once."
                    .to_owned(),
                IGNORE.to_owned(),
            ],
            "Choose a new password",
            Leads::With("/reset-password", MailPurpose::PasswordReset),
        ),
        Kind::Invitation => says(
            "You have an account",
            [
                "An account was made for you. Choose a password for it within three days.".to_owned(),
                "Should the link have run out, ask for a new password with this address.".to_owned(),
            ],
            "Choose a password",
            Leads::With("/accept-invitation", MailPurpose::Invitation),
        ),
        Kind::EmailChange => says(
            "Confirm your new address",
            [
                "Somebody wants to use this address for their account. Confirm within 24 hours that it is yours."
                    .to_owned(),
                IGNORE.to_owned(),
            ],
            "Use this address",
            Leads::With("/verify-email", MailPurpose::EmailChange),
        ),
        Kind::EmailChangeNotice => says(
            "Your address is about to change",
            [
                format!("On {at} another address was given for your account. It is used once it is confirmed."),
                NOT_YOU.to_owned(),
            ],
            "Choose a new password",
            Leads::To(FORGOT),
        ),
        Kind::EmailChanged => says(
            "Your address was changed",
            [
                format!("Since {at} your account has another address, and you sign in with that one."),
                "If this was not you, tell those who run this service.".to_owned(),
            ],
            "Sign in",
            Leads::To("/sign-in"),
        ),
        Kind::AccountExists => says(
            "You have an account already",
            [
                format!("On {at} somebody tried to register with this address. It has an account already."),
                "If this was you, sign in, or choose a new password if you do not know it. If not, do nothing.".to_owned(),
            ],
            "Choose a new password",
            Leads::To(FORGOT),
        ),
        Kind::NewDevice => says(
            "A sign-in from a new device",
            [
                format!("Somebody signed in to your account on {at}, {}.", place(from)),
                format!("If this was you, there is nothing to do. {NOT_YOU}"),
            ],
            "Choose a new password",
            Leads::To(FORGOT),
        ),
        Kind::PasswordChanged => says(
            "Your password was changed",
            [format!("The password of your account was changed on {at}."), NOT_YOU.to_owned()],
            "Choose a new password",
            Leads::To(FORGOT),
        ),
    }
}

/// `2026-11-24 12:00 UTC`
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        (Some(_) | None, Some(_) | None) => text,
    }
}

fn place(network: Option<&Network>) -> String {
    let ip = network.and_then(|network| network.ip.as_deref()).unwrap_or("an unknown network");
    // Its own words could be anybody's words to the reader; the name that we give it is ours.
    format!("from {ip} with {}", Device::of(network.and_then(|network| network.user_agent.as_deref())).name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_by_people() {
        let at = "2026-11-24T12:00:07.5Z".parse().expect("a moment");
        assert_eq!(moment(at), "2026-11-24 12:00 UTC");
    }
}
