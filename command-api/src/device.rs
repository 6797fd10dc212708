//! Devices that somebody has signed in from. They are let in where strangers have locked an account.
//!
//! A device is known by a text that it was given when somebody signed in: `dv_` and the base64url of an id (16 bytes), the
//! moment (8, big-endian seconds), and a keyed hash over both and the address (32). It says nothing by itself and opens
//! nothing; nothing is stored. Whoever steals one may guess five times from it, as from any other source.

use crate::{App, command::Asked, failure::Failure};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::Timestamp;
use service::browser::DEVICE_KNOWN;

/// What scanners of leaked secrets look for.
const PREFIX: &str = "dv_";

const ID_BYTES: usize = 16;
const MESSAGE_BYTES: usize = ID_BYTES + size_of::<i64>();
const TOKEN_BYTES: usize = MESSAGE_BYTES + 32;

/// A device that is known to somebody with a certain address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device(pub(crate) [u8; ID_BYTES]);

impl App {
    /// The device that a text stands for; `None` when it is not one of ours, of another address, or too old.
    /// A device is known by any index key that there is; the address is given as the directory knows it.
    pub(crate) async fn known_device(&self, text: &str, address: &str) -> Result<Option<Device>, Failure> {
        let Some((token, device)) = self.recent_device(text) else { return Ok(None) };
        let (message, mac) = token.split_at(MESSAGE_BYTES);
        let ours = |macs: &[[u8; 32]]| macs.iter().any(|ours| verify_slices_are_equal(ours, mac).is_ok());
        let known = ours(&self.device_macs(message, address).await?)
            // Another process may know a key that is newer.
            || (self.vault.learn_index_keys().await? && ours(&self.device_macs(message, address).await?));
        Ok(known.then_some(device))
    }

    /// What the text says, if it may be one of ours and is not too old.
    fn recent_device(&self, text: &str) -> Option<([u8; TOKEN_BYTES], Device)> {
        let mut token = [0; TOKEN_BYTES];
        let written = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(PREFIX)?, &mut token).ok()?;
        if written != TOKEN_BYTES {
            return None;
        }
        let (id, at) = token[..MESSAGE_BYTES].split_at(ID_BYTES);
        let at = i64::from_be_bytes(at.try_into().ok()?);
        let given = Timestamp::from_micros(at.saturating_mul(1_000_000));
        let device = Device(id.try_into().ok()?);
        (self.clock.now().since(given) < DEVICE_KNOWN).then_some((token, device))
    }

    /// The text by which a device is known from this sign-in on: the one that it came with, else a new one. The same
    /// command gives the same text.
    pub(crate) async fn device_token(
        &self,
        asked: &Asked,
        device: Option<Device>,
        address: &str,
    ) -> Result<String, Failure> {
        let Device(id) = device.unwrap_or(Device(asked.ids.session().0.into_bytes()));
        let mut token = [0; TOKEN_BYTES];
        token[..ID_BYTES].copy_from_slice(&id);
        token[ID_BYTES..MESSAGE_BYTES].copy_from_slice(&asked.ids.at().seconds().to_be_bytes());
        if let Some(mac) = self.device_macs(&token[..MESSAGE_BYTES], address).await?.first() {
            token[MESSAGE_BYTES..].copy_from_slice(mac);
        }
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(token)))
    }

    /// By the key that makes new ones first.
    async fn device_macs(&self, message: &[u8], address: &str) -> Result<Vec<[u8; 32]>, Failure> {
        Ok(self.vault.address_macs("known device", message, address).await?)
    }
}
