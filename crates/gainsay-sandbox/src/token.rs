//! Temporary credentials without server state, in the shape STS gives them.
//!
//! STS says of a session token only that its size is not fixed and that callers must not rely on
//! its form (<https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html>). Here it
//! is the session itself, sealed: whoever holds the [`Issuer`] can open it, nobody can alter it,
//! and no table of sessions has to be kept, forked or cleaned.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Bound to every sealed token, so that a later form of the claims cannot be opened as this one.
const FORM: &[u8] = b"gainsay session token 1";

/// Bytes of an AES-GCM nonce.
const NONCE: usize = 12;

/// The alphabet of AWS access key ids, base 32
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What a session is, as STS knows it.
///
/// The fields are those of `AssumeRole`
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The access key id the token belongs to; a token is worth nothing beside another key.
    pub access_key: String,
    /// The ARN of the role, or of the user whose session it is.
    pub role_arn: String,
    /// The unique id of the role, `AROA...`, or of the user, `AIDA...`.
    pub role_id: String,
    /// `RoleSessionName`.
    pub session_name: String,
    /// When the session began, in Unix seconds.
    pub issued: i64,
    /// When it ends, in Unix seconds.
    pub expires: i64,
    /// The inline session policy, as it was sent.
    pub session_policy: Option<String>,
    /// The managed session policies, by their ARNs; each is read when a request is made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session_policies: Vec<String>,
    /// Session tags, in the order they were sent.
    pub tags: Vec<(String, String)>,
    /// The keys of those tags that the sessions made with this one inherit.
    pub transitive: Vec<String>,
    /// `SourceIdentity`.
    pub source_identity: Option<String>,
    /// The Access Grants instance that handed the session out, by its ARN.
    pub access_grants: Option<String>,
}

impl Claims {
    /// The tags that a session made with this one's credentials has from it; keys compare without
    /// regard to case.
    #[must_use]
    pub fn inherited(&self) -> Vec<(String, String)> {
        let transitive = |key: &str| {
            self.transitive.iter().any(|other| other.to_lowercase() == key.to_lowercase())
        };
        self.tags.iter().filter(|(key, _)| transitive(key)).cloned().collect()
    }
}

/// What the caller of `AssumeRole` is given.
#[derive(Clone, PartialEq, Eq)]
pub struct TemporaryCredentials {
    /// `ASIA` and sixteen characters.
    pub access_key: String,
    /// Forty characters.
    pub secret: String,
    /// The sealed session.
    pub token: String,
}

impl fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret and the token together are the session; neither may reach a log.
        f.debug_struct("TemporaryCredentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// Issues temporary credentials and opens the tokens it issued.
#[derive(Clone)]
pub struct Issuer {
    sealing: [u8; 32],
    nonces: [u8; 32],
    keys: [u8; 32],
    secrets: [u8; 32],
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").finish_non_exhaustive()
    }
}

impl Issuer {
    /// An issuer with this key. The four keys it works with are derived from it, so that no key
    /// serves two purposes.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            sealing: derive(&key, &[b"sealing"]),
            nonces: derive(&key, &[b"nonces"]),
            keys: derive(&key, &[b"access keys"]),
            secrets: derive(&key, &[b"secrets"]),
        }
    }

    /// Issues credentials for these claims.
    ///
    /// The access key id is the issuer's to choose: it is derived from the seed and the claims, and
    /// it replaces `claims.access_key` in what is sealed.
    ///
    /// The nonce is a keyed hash (HMAC-SHA-256, cut to 96 bits) of the seed and of the whole
    /// plaintext, under a key of its own. AES-GCM breaks when one nonce seals two different
    /// plaintexts. Here the same seed with the same claims gives the same token over again, which
    /// tells an observer nothing new, and anything else gives an unrelated nonce even if the caller
    /// repeats a seed: two differing tokens share a nonce only where 96 bits of HMAC collide, a
    /// chance below 2^-32 after 2^32 tokens, the bound NIST SP 800-38D (section 8.3) asks of
    /// nonces that are not counted.
    #[must_use]
    pub fn issue(&self, claims: &Claims, nonce_seed: u64) -> TemporaryCredentials {
        let access_key = self.access_key(claims, nonce_seed);
        let secret = self.secret_for(&access_key);
        let claims = Claims { access_key: access_key.clone(), ..claims.clone() };
        // Sealing fails only for a plaintext beyond 64 GiB. The empty token that would then be
        // handed out opens to nothing, so even that is a refusal.
        let token = self.seal(&claims, nonce_seed).unwrap_or_default();
        TemporaryCredentials { access_key, secret, token }
    }

    /// The secret that belongs to an access key id, forty characters as AWS makes them. It serves
    /// long-term `AKIA` keys as well as temporary ones; whether a key exists is not decided here.
    #[must_use]
    pub fn secret_for(&self, access_key: &str) -> String {
        let [secret @ .., _, _] = derive(&self.secrets, &[access_key.as_bytes()]);
        STANDARD.encode(secret)
    }

    /// The claims of a token, or nothing if it is garbage, foreign or altered.
    ///
    /// The caller still has to compare the access key and the time: this answers only who sealed
    /// it.
    #[must_use]
    pub fn open(&self, token: &str) -> Option<Claims> {
        let sealed = STANDARD.decode(token).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: FORM };
        let plain = self.cipher().decrypt(&(*nonce).into(), payload).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    fn seal(&self, claims: &Claims, nonce_seed: u64) -> Option<String> {
        let plain = serde_json::to_vec(claims).ok()?;
        let hash = derive(&self.nonces, &[&nonce_seed.to_be_bytes(), &plain]);
        let nonce = hash.first_chunk::<NONCE>()?;
        let payload = Payload { msg: &plain, aad: FORM };
        let sealed = self.cipher().encrypt(&(*nonce).into(), payload).ok()?;
        Some(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.sealing.into())
    }

    fn access_key(&self, claims: &Claims, nonce_seed: u64) -> String {
        // Whatever the caller wrote as access key must not choose the new one.
        let claims = Claims { access_key: String::new(), ..claims.clone() };
        let plain = serde_json::to_vec(&claims).unwrap_or_default();
        let hash = derive(&self.keys, &[&nonce_seed.to_be_bytes(), &plain]);
        let tail = hash
            .iter()
            .take(16)
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
            .map(|letter| char::from(*letter));
        "ASIA".chars().chain(tail).collect()
    }
}

/// HMAC-SHA-256 of the parts, each preceded by its length so that no two lists of parts read alike.
fn derive(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a key shorter than its block with zeros (RFC 2104); doing it here leaves a
    // constructor that cannot fail.
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims() -> Claims {
        Claims {
            access_key: String::new(),
            role_arn: "arn:aws:iam::111122223333:role/team-a".into(),
            role_id: "AROAEXAMPLE".into(),
            session_name: "run-1".into(),
            issued: 1_700_000_000,
            expires: 1_700_003_600,
            session_policy: Some(r#"{"Version":"2012-10-17","Statement":[]}"#.into()),
            session_policies: Vec::new(),
            tags: vec![("team".into(), "ä".into())],
            transitive: vec!["team".into()],
            source_identity: None,
            access_grants: None,
        }
    }

    #[test]
    fn what_is_issued_opens_to_the_same_claims() {
        let issuer = Issuer::new([7; 32]);
        let given = issuer.issue(&claims(), 1);
        let opened = issuer.open(&given.token).unwrap();
        assert_eq!(opened.access_key, given.access_key);
        let access_key = String::new();
        assert_eq!(Claims { access_key, ..opened }, claims());
    }

    #[test]
    fn credentials_have_the_shape_of_sts() {
        let issuer = Issuer::new([7; 32]);
        let given = issuer.issue(&claims(), 1);
        assert_eq!(given.access_key.len(), 20);
        assert!(given.access_key.starts_with("ASIA"));
        let known = |b: u8| ALPHABET.contains(&b);
        assert!(given.access_key.bytes().all(known));
        assert_eq!(given.secret.len(), 40);
        assert_eq!(given.secret, issuer.secret_for(&given.access_key));
        assert!(!given.secret.contains('='));
    }

    #[test]
    fn a_token_altered_by_one_byte_anywhere_is_refused() {
        let issuer = Issuer::new([7; 32]);
        let token = issuer.issue(&claims(), 1).token;
        for at in 0..token.len() {
            for with in [b'A', b'B', b'/', b'=', b' ', b'\n'] {
                let mut altered = token.clone().into_bytes();
                let place = altered.get_mut(at).unwrap();
                if *place == with {
                    continue;
                }
                *place = with;
                let altered = String::from_utf8(altered).unwrap();
                assert_eq!(issuer.open(&altered), None, "at {at}");
            }
        }
        let sealed = STANDARD.decode(&token).unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut altered = sealed.clone();
                *altered.get_mut(at).unwrap() ^= 1 << bit;
                assert_eq!(issuer.open(&STANDARD.encode(altered)), None, "at {at}");
            }
        }
    }

    #[test]
    fn a_token_cut_or_lengthened_is_refused() {
        let issuer = Issuer::new([7; 32]);
        let sealed = STANDARD.decode(issuer.issue(&claims(), 1).token).unwrap();
        for end in 0..sealed.len() {
            let cut = STANDARD.encode(sealed.get(..end).unwrap());
            assert_eq!(issuer.open(&cut), None);
        }
        assert_eq!(issuer.open(&STANDARD.encode([&sealed[..], b"x"].concat())), None);
        assert_eq!(issuer.open(""), None);
    }

    #[test]
    fn another_issuer_is_refused_and_makes_other_secrets() {
        let (one, two) = (Issuer::new([7; 32]), Issuer::new([8; 32]));
        let issued = one.issue(&claims(), 1);
        assert_eq!(two.open(&issued.token), None);
        assert_ne!(one.secret_for("AKIAX"), two.secret_for("AKIAX"));
        assert_ne!(one.secret_for("AKIAX"), one.secret_for("AKIAY"));
    }

    #[test]
    fn a_repeated_seed_gives_no_repeated_nonce() {
        let issuer = Issuer::new([7; 32]);
        let nonce = |claims: &Claims, seed| {
            let sealed = STANDARD.decode(issuer.issue(claims, seed).token).unwrap();
            *sealed.first_chunk::<NONCE>().unwrap()
        };
        let other = Claims { issued: 1, ..claims() };
        assert_ne!(nonce(&claims(), 1), nonce(&other, 1));
        assert_ne!(nonce(&claims(), 1), nonce(&claims(), 2));
        assert_eq!(issuer.issue(&claims(), 1), issuer.issue(&claims(), 1));
    }

    #[test]
    fn debug_shows_no_secret() {
        let issuer = Issuer::new([7; 32]);
        let given = issuer.issue(&claims(), 1);
        let shown = format!("{given:?} {issuer:?}");
        assert!(shown.contains(&given.access_key));
        assert!(!shown.contains(&given.secret));
        assert!(!shown.contains(&given.token));
    }

    proptest! {
        #[test]
        fn garbage_opens_to_nothing(token in ".*") {
            prop_assert_eq!(Issuer::new([7; 32]).open(&token), None);
        }

        #[test]
        fn any_claims_come_back(name in ".*", tag in ".*", at in any::<i64>(), seed in any::<u64>()) {
            let issuer = Issuer::new([9; 32]);
            let claims = Claims { session_name: name, tags: vec![(tag.clone(), tag)], issued: at, ..claims() };
            let given = issuer.issue(&claims, seed);
            let opened = issuer.open(&given.token).unwrap();
            prop_assert_eq!(opened, Claims { access_key: given.access_key, ..claims });
        }
    }
}
