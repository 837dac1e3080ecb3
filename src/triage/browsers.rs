//! Logins of browsers, as access lines show them.
//!
//! Input: the merged signals. Output: the same; a refused code has the login of its client at its own address, and whether that address was given a token
//! since. Only a client that lives in the browser has the address of its logins, so this orders candidates and proves nothing.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::joined::{At, Browser, Failed, Joined, What};
use super::timeline::CODE_HORIZON_MS;
use crate::names::{Key, Sym};
use crate::signal::access;

/// Logins and addresses that are remembered.
const KEEP: usize = 100_000;

/// A map that forgets what came first.
#[derive(serde::Serialize, serde::Deserialize)]
struct Recent<T> {
    entries: HashMap<Key, T, RandomState>,
    order: VecDeque<Key>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent { entries: HashMap::default(), order: VecDeque::new() }
    }
}

impl<T> Recent<T> {
    fn put(&mut self, key: Key, value: T) {
        if self.entries.insert(key, value).is_none() {
            self.order.push_back(key);
            if self.order.len() > KEEP
                && let Some(old) = self.order.pop_front()
            {
                self.entries.remove(&old);
            }
        }
    }
}

/// The logins by client and address, and when addresses were last given a token.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Browsers {
    logins: Recent<(i64, At)>,
    granted: Recent<i64>,
}

impl Browsers {
    /// Learns from a signal, and fills in a failure's login; returns whether the signal goes on.
    #[inline]
    pub fn follow(&mut self, joined: &mut Joined) -> bool {
        match &mut joined.what {
            What::Login(_) | What::Granted(..) => {
                self.learn(joined);
                false
            }
            What::Failed(failed) => {
                if let (Some(now), false) = (joined.time, self.logins.order.is_empty()) {
                    self.fill_in(failed, now);
                }
                true
            }
            What::Success(..) | What::Admin(_) | What::Life(_) | What::Proxied(..) => true,
        }
    }

    fn learn(&mut self, joined: &Joined) {
        let Some(time) = joined.time else { return };
        match &joined.what {
            What::Login(login) => {
                if let Some(client) = login.client_number.filter(|client| *client != Sym::OTHER) {
                    self.logins.put(key(client, &login.address), (time, joined.at));
                }
            }
            What::Granted(address, _) => self.granted.put(Key::of(address.as_bytes()), time),
            _ => {}
        }
    }

    fn fill_in(&self, failed: &mut Failed, now: i64) {
        let failure = &failed.failure;
        let (Some("invalid_code"), Some(client), Some(ip)) = (failure.error.as_deref(), failure.client, &failure.ip) else { return };
        let Some(address) = access::address(ip.as_bytes()) else { return };
        let login = self.logins.entries.get(&key(client, &address)).filter(|(t, _)| (0..=CODE_HORIZON_MS).contains(&(now - t)));
        failed.browser = login.map(|(time, at)| {
            let granted = self.granted.entries.get(&Key::of(address.as_bytes())).is_some_and(|g| g >= time);
            Box::new(Browser { ago_ms: now - time, granted, at: *at })
        });
    }
}

fn key(client: Sym, address: &str) -> Key {
    Key::of(format!("{address} {}", client.kept()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Names;
    use crate::signal::{Login, Word};

    #[test]
    fn a_refused_code_has_the_login_of_its_client_at_its_address() {
        let at = At::new(0, 1, 0);
        let joined = |time, what| Joined { time: Some(time), clock: time, node: 0, position: 0, at, stored: false, what };
        let mut names = Names::default();
        let spa = names.number(b"spa");
        let login = || {
            let at = crate::record::Stamp::Unknown;
            What::Login(Box::new(Login { at, address: "10.0.0.4".into(), client: "spa".into(), client_number: Some(spa) }))
        };
        let failed = || {
            let line = br#"10.0.0.4 - - [23/Nov/2026:15:45:18 +0000] "POST /realms/shop/protocol/openid-connect/token HTTP/1.1" 400 62"#;
            let access = access::read(line).and_then(access::Entry::token).expect("a token request");
            let mut failed = super::super::joined::Failed::of_access(&access, 0, at, true);
            (failed.failure.error, failed.failure.client) = (Some(Word::new("invalid_code")), Some(spa));
            What::Failed(failed)
        };
        let mut browsers = Browsers::default();
        let mut seen = |time, what| {
            let mut signal = joined(time, what);
            let goes_on = browsers.follow(&mut signal);
            let browser = if let What::Failed(f) = signal.what { f.browser.map(|b| (b.ago_ms, b.granted)) } else { None };
            (goes_on, browser)
        };
        assert_eq!(seen(0, failed()), (true, None));
        assert_eq!(seen(1000, login()), (false, None));
        assert_eq!(seen(71_000, failed()), (true, Some((70_000, false))));
        assert_eq!(seen(72_000, What::Granted("10.0.0.4".into(), None)), (false, None));
        assert_eq!(seen(73_000, failed()), (true, Some((72_000, true))));
        assert_eq!(seen(74_000, login()), (false, None));
        assert_eq!(seen(75_000, failed()), (true, Some((1000, false))));
        assert_eq!(seen(74_000 + CODE_HORIZON_MS + 1, failed()), (true, None));
    }
}
