//! Whether a sign-in came from somewhere that its person has not signed in from before.

use super::Mailer;
use crate::{ProjectorError, open::open, reactors::Unable};
use events::{EventId, Fact, Network, Position, SessionStarted};
use service::device::Device;
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};
use store::log::Stored;

/// How many of the earlier sign-ins are looked at. Who has signed in more often since from elsewhere is told again.
const REMEMBERED: usize = 100;

/// How long the read models may take to show what came before: to an errand, and to a look at a batch, which other mails wait
/// for.
const PATIENCE: Duration = Duration::from_secs(5);
const BRIEFLY: Duration = Duration::from_millis(250);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Where a sign-in came from, as it is recognised: the device as its person would name it, without the versions, which
/// change by themselves, and its network, a /24 of IPv4 or a /48 of IPv6.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    device: Device,
    network: Option<IpAddr>,
}

impl Origin {
    fn of(ip: Option<&str>, user_agent: Option<&str>) -> Self {
        let network = ip.and_then(|ip| ip.parse().ok()).map(network_of);
        Self { device: Device::of(user_agent), network }
    }
}

fn network_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 80)).into(),
    }
}

/// Which of these sign-ins came from nowhere new; those that cannot be looked at now are not among them.
pub(super) async fn known(mailer: &Mailer, sign_ins: Vec<Stored>) -> HashSet<EventId> {
    let mut known = HashSet::new();
    let Some(last) = sign_ins.last().map(|stored| stored.position) else { return known };
    let Ok(opened) = open(&mailer.vault, sign_ins).await else { return known };
    if shown(mailer, last, BRIEFLY).await.is_err() {
        return known;
    }
    for projected in opened {
        if let Ok(Fact::SessionStarted(started)) = &projected.fact
            && matches!(elsewhere(mailer, started, projected.position).await, Ok(None))
        {
            known.insert(projected.record.id);
        }
    }
    known
}

/// Where somebody signed in from, when that is new. Nothing is new about the first sign-in of all, nor about one whose
/// network facts can no longer be read.
pub(super) async fn new_device(
    mailer: &Mailer,
    started: &SessionStarted,
    position: Position,
) -> Result<Option<Network>, Unable> {
    shown(mailer, position, PATIENCE).await?;
    elsewhere(mailer, started, position).await
}

/// The same, of read models that show what came before.
async fn elsewhere(
    mailer: &Mailer,
    started: &SessionStarted,
    position: Position,
) -> Result<Option<Network>, Unable> {
    let Some(here) = started.network.open() else { return Ok(None) };
    let earlier = mailer.models.sessions_of(started.user_id, None, Some(position), REMEMBERED).await;
    let earlier = earlier.map_err(ProjectorError::from)?.value;
    let origin = |ip: &Option<String>, agent: &Option<String>| Origin::of(ip.as_deref(), agent.as_deref());
    let this = origin(&here.ip, &here.user_agent);
    let known = earlier.iter().any(|session| origin(&session.ip, &session.user_agent) == this);
    Ok((!earlier.is_empty() && !known).then(|| here.clone()))
}

/// Waits until the read models show what came before.
async fn shown(mailer: &Mailer, position: Position, patience: Duration) -> Result<(), Unable> {
    let arrival = async {
        while mailer.models.checkpoint().await.map_err(ProjectorError::from)?.position < position {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    let late = || Err(Unable::Now("the read models have not come so far".to_owned()));
    tokio::time::timeout(patience, arrival).await.unwrap_or_else(|_| late())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_known_by_its_device_and_its_network() {
        let of = |ip, agent| Origin::of(Some(ip), Some(agent));
        let home = of("192.0.2.7", "Firefox/140.0");
        assert_eq!(home, of("192.0.2.200", "Firefox/141.0"));
        assert_ne!(home, of("192.0.3.7", "Firefox/140.0"));
        assert_ne!(home, of("192.0.2.7", "Chrome/140.0"));
        assert_eq!(of("2001:db8:1:2::7", "x"), of("2001:db8:1:3::8", "x"));
        assert_ne!(of("2001:db8:1:2::7", "x"), of("2001:db8:2:2::7", "x"));
    }
}
