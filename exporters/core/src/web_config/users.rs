//! `basic_auth_users`: who may ask, by bcrypt.
//!
//! A wrong password, an unknown user and the hash used as a password all cost the same work. A right login is remembered
//! for as long as this configuration holds, so that a scrape does not pay for bcrypt each time; a wrong one never is.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bcrypt::HashParts;
use ring::{hmac, rand::SystemRandom};
use zeroize::Zeroizing;

use super::{fault::Fault, node::Field};
use crate::secret::Secret;

/// The dearest hash that is taken, and that `htpasswd` makes: past it a login takes longer than a scrape may.
const DEAREST: u32 = 17;

/// The cheapest hash that bcrypt has.
const CHEAPEST: u32 = 4;

/// Right logins that are remembered: enough, since each user has one.
const REMEMBERED: usize = 100;

/// Salt and digest of a hash that belongs to nobody.
const NOBODY: &str = "abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";

/// The users, their hashes, and the logins that were right.
pub(crate) struct Users {
    hashes: BTreeMap<String, Hash>,
    dearest: u32,
    key: hmac::Key,
    remembered: Mutex<VecDeque<[u8; 32]>>,
}

struct Hash {
    text: Secret,
    cost: u32,
}

impl fmt::Debug for Users {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Users").field("names", &self.hashes.keys()).finish_non_exhaustive()
    }
}

/// A name and a password as a request gives them; both are wiped when dropped.
pub(crate) struct Credentials {
    user: Zeroizing<String>,
    password: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl Credentials {
    /// Reads the value of an `Authorization` header. RFC 7617
    pub(crate) fn read(header: &[u8]) -> Option<Self> {
        let (scheme, encoded) = header.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return None;
        }
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_ascii()).ok()?);
        let mut parts = decoded.splitn(2, |byte| *byte == b':');
        let user = str::from_utf8(parts.next()?).ok()?;
        Some(Self { user: Zeroizing::new(user.to_owned()), password: Zeroizing::new(parts.next()?.to_vec()) })
    }
}

impl Users {
    /// Reads the section; without users nobody is asked.
    pub(super) fn read(section: Option<Field>) -> Result<Option<Self>, Fault> {
        let mut hashes = BTreeMap::new();
        for (user, field) in section.map(Field::entries).transpose()?.unwrap_or_default() {
            hashes.insert(user, hash(&field)?);
        }
        let Some(dearest) = hashes.values().map(|hash| hash.cost).max() else { return Ok(None) };
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| Fault::whole("the system gives no random numbers, expected some for basic_auth_users"))?;
        Ok(Some(Self { hashes, dearest, key, remembered: Mutex::default() }))
    }

    /// Whether these credentials were right before.
    pub(crate) fn remembers(&self, credentials: &Credentials) -> bool {
        let Some(tag) = self.tag(credentials) else { return false };
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).contains(&tag)
    }

    /// Computes whether the credentials are right: tens of milliseconds of work and more, so not for an async thread.
    pub(crate) fn check(&self, credentials: &Credentials) -> bool {
        let mut right = false;
        for step in self.steps(&credentials.user) {
            let equal = bcrypt::verify(&*credentials.password, step.hash.reveal()).unwrap_or(false);
            right |= equal && step.decides;
        }
        if right && let Some(tag) = self.tag(credentials) {
            let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() == REMEMBERED {
                remembered.pop_front();
            }
            remembered.push_back(tag);
        }
        right
    }

    /// What is computed for a user: in total always as much as the dearest hash takes, since each cost is twice the work
    /// of the one below it (2^c + 2^c + 2^(c+1) + … + 2^(d-1) = 2^d).
    fn steps(&self, user: &str) -> Vec<Step> {
        let Some(hash) = self.hashes.get(user) else { return vec![Step { hash: nobody(self.dearest), decides: false }] };
        let own = Step { hash: hash.text.clone(), decides: true };
        let padding = (hash.cost..self.dearest).map(|cost| Step { hash: nobody(cost), decides: false });
        std::iter::once(own).chain(padding).collect()
    }

    /// The key of a login in memory. Each field has its length before it, so that no two logins have the same text;
    /// nobody without the random key can make one, so that comparing tags tells nothing.
    fn tag(&self, credentials: &Credentials) -> Option<[u8; 32]> {
        let hash = self.hashes.get(credentials.user.as_str())?;
        let mut context = hmac::Context::with_key(&self.key);
        for part in [credentials.user.as_bytes(), hash.text.reveal().as_bytes(), &credentials.password] {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().ok()
    }
}

struct Step {
    hash: Secret,
    /// Whether this is the user's own.
    decides: bool,
}

fn nobody(cost: u32) -> Secret {
    Secret::new(format!("$2b${cost:02}${NOBODY}"))
}

fn hash(field: &Field) -> Result<Hash, Fault> {
    const EXPECTED: &str = "found no bcrypt hash, expected one such as htpasswd -nBC 10 makes: $2y$10$ and 53 characters";
    let text = field.text().map_err(|_| field.fault(EXPECTED))?;
    let parts: HashParts = text.parse().map_err(|_| field.fault(EXPECTED))?;
    let cost = parts.get_cost();
    if !(CHEAPEST..=DEAREST).contains(&cost) {
        return Err(field.fault(format_args!("found a bcrypt hash of cost {cost}, expected a cost from {CHEAPEST} to {DEAREST}")));
    }
    Ok(Hash { text: Secret::new(text.to_owned()), cost })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_config::node;

    fn users(yaml: &str) -> Users {
        Users::read(Some(node::document(yaml).unwrap())).unwrap().unwrap()
    }

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials::read(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))).as_bytes()).unwrap()
    }

    fn hashed(password: &str, cost: u32) -> String {
        bcrypt::hash(password, cost).unwrap()
    }

    #[test]
    fn right_login_is_remembered_and_no_other() {
        let users = users(&format!("alice: {}\nbob: {}\n", hashed("wonder", 4), hashed("builder", 4)));
        for (user, password, right) in [
            ("alice", "wonder", true),
            ("bob", "builder", true),
            ("alice", "builder", false),
            ("alice", "wonder ", false),
            ("alice", "", false),
            ("carol", "wonder", false),
            ("", "", false),
        ] {
            let credentials = credentials(user, password);
            assert!(!users.remembers(&credentials));
            assert_eq!(users.check(&credentials), right, "{user}");
            assert_eq!(users.remembers(&credentials), right, "{user}");
        }
        assert_eq!(users.remembered.into_inner().unwrap().len(), 2);
    }

    #[test]
    fn cve_2022_46146_hash_is_no_password() {
        let hash = hashed("wonder", 4);
        let users = users(&format!("alice: {hash}\n"));
        assert!(users.check(&credentials("alice", "wonder")));
        // What poisoned the cache there: the fields joined without their lengths.
        for password in [hash.clone(), format!("{hash}:wonder"), format!("{hash}wonder")] {
            assert!(!users.remembers(&credentials("alice", &password)));
            assert!(!users.check(&credentials("alice", &password)));
        }
        assert!(!users.check(&credentials(&format!("alice:{hash}"), "wonder")));
    }

    #[test]
    fn tags_of_moved_field_borders_differ() {
        let users = users(&format!("a: {0}\nab: {0}\nabc: {0}\n", hashed("x", 4)));
        let tags = [("a", "bcd"), ("ab", "cd"), ("abc", "d"), ("a", "bc:d")].map(|(user, password)| users.tag(&credentials(user, password)).unwrap());
        for (at, tag) in tags.iter().enumerate() {
            assert!(!tags[..at].contains(tag));
        }
    }

    #[test]
    fn unknown_user_costs_what_a_wrong_password_costs() {
        let users = users(&format!("cheap: {}\nmiddle: {}\ndear: {}\n", hashed("x", 4), hashed("x", 6), hashed("x", 9)));
        let work = |user: &str| -> u64 {
            let steps = users.steps(user);
            assert!(steps.iter().all(|step| step.hash.reveal().parse::<HashParts>().is_ok()), "each is computed");
            steps.iter().map(|step| 1_u64 << step.hash.reveal().parse::<HashParts>().unwrap().get_cost()).sum()
        };
        for user in ["cheap", "middle", "dear", "nobody", ""] {
            assert_eq!(work(user), 1 << 9, "{user}");
        }
        assert!(users.check(&credentials("cheap", "x")) && !users.check(&credentials("cheap", "y")));
    }

    #[test]
    fn nobody_has_no_password() {
        let users = users(&format!("alice: {}\n", hashed("wonder", 4)));
        assert!(users.steps("nobody").iter().all(|step| !step.decides));
    }

    #[test]
    fn remembered_logins_are_bounded() {
        let lines: Vec<_> = (0..150).map(|user| format!("u{user}: {}", hashed("x", 4))).collect();
        let users = users(&lines.join("\n"));
        assert!((0..150).all(|user| users.check(&credentials(&format!("u{user}"), "x"))));
        assert_eq!(users.remembered.lock().unwrap().len(), REMEMBERED);
        assert!(users.remembers(&credentials("u149", "x")) && !users.remembers(&credentials("u0", "x")));
    }

    #[test]
    fn header_is_read_as_others_write_it() {
        for header in ["Basic YTpiOmM=", "basic YTpiOmM=", "BASIC  YTpiOmM= "] {
            let credentials = Credentials::read(header.as_bytes()).unwrap();
            assert_eq!((credentials.user.as_str(), credentials.password.as_slice()), ("a", b"b:c".as_slice()), "{header}");
        }
        for header in ["", "Basic", "Basic ", "Bearer YTpi", "Basic YWI=", "Basic %%%", "Basic /zo="] {
            assert!(Credentials::read(header.as_bytes()).is_none(), "{header}");
        }
        assert_eq!(format!("{:?}", credentials("CANARY", "CANARY")), "***");
    }
}
