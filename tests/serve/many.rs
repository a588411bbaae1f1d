//! Many clients at once: 64 sessions of eight teams, ten thousand requests. No version is lost,
//! nothing forbidden is allowed, and nobody is taken for somebody else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use aws_credential_types::Credentials;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use gainsay::cloud::{Clients, Target};
use serde_json::json;

use crate::served::Served;

const TEAMS: usize = 8;
const CLIENTS: usize = 64;
const REQUESTS: usize = 10_000;
const BUCKET: &str = "gs-shared";

/// Eight roles that may read and write below their own name, and a bucket that keeps every version.
fn write_environment(folder: &Path) {
    let document = |statements: serde_json::Value| {
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    };
    let allow = |action: serde_json::Value, resource: serde_json::Value| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    write("caller.json", document(json!([allow(json!("sts:AssumeRole"), json!("*"))])));
    let trust = json!([{ "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "sts:AssumeRole" }]);
    write("trust.json", document(trust));
    let mut roles = String::new();
    for team in 0..TEAMS {
        let objects = json!(format!("arn:aws:s3:::{BUCKET}/team-{team}/*"));
        let list = json!({
            "Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{BUCKET}"),
            // Without a prefix, so that a missing key is said to be missing.
            "Condition": { "StringLikeIfExists": { "s3:prefix": format!("team-{team}/*") } },
        });
        let data = allow(
            json!(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"]),
            objects,
        );
        write(&format!("team-{team}.json"), document(json!([data, list])));
        writeln!(roles, "  team-{team}: {{ trust: trust.json, policies: [team-{team}.json] }}")
            .unwrap();
    }
    write("admin.json", document(json!([allow(json!("s3:*"), json!("*"))])));
    roles += "  auditor: { trust: trust.json, policies: [admin.json] }\n";
    let text = format!(
        "environment: teams at once\naccount: \"111122223333\"\nregion: eu-west-1\ncaller: {{ user: tester, policies: [caller.json] }}\n\
         roles:\n{roles}buckets:\n  shared: {{ name: {BUCKET}, versioning: enabled }}\n"
    );
    write("environment.yaml", text);
}

/// What was written under which version id.
type Written = Arc<Mutex<BTreeMap<(String, String), Option<String>>>>;

struct Client {
    team: usize,
    number: usize,
    clients: Clients,
    arn: String,
    written: Written,
    /// What the client itself wrote last under its own keys.
    own: BTreeMap<String, Option<String>>,
    random: u64,
}

impl Client {
    fn next(&mut self, below: u64) -> u64 {
        // xorshift64: the same requests in every run.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    async fn work(mut self, requests: usize) {
        for n in 0..requests {
            match self.next(10) {
                0..=2 => self.put(n).await,
                3..=4 => self.get().await,
                5 => self.delete().await,
                6 => self.list().await,
                7 => self.who().await,
                8 => self.foreign_read().await,
                _ => self.foreign_write(n).await,
            }
        }
    }

    fn key(&mut self) -> String {
        let last = self.next(3);
        format!("team-{}/{}/{last}", self.team, self.number)
    }

    async fn put(&mut self, n: usize) {
        let key = self.key();
        let body = format!("client {} request {n}", self.number);
        let put = self
            .clients
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(&key)
            .body(body.clone().into_bytes().into());
        let version = put.send().await.unwrap().version_id.unwrap();
        let before =
            self.written.lock().unwrap().insert((key.clone(), version), Some(body.clone()));
        assert_eq!(before, None, "a version id was given twice");
        self.own.insert(key, Some(body));
    }

    async fn get(&mut self) {
        let key = self.key();
        let got = self.clients.s3.get_object().bucket(BUCKET).key(&key).send().await;
        match (got, self.own.get(&key).cloned().flatten()) {
            (Ok(got), Some(expected)) => {
                let body = got.body.collect().await.unwrap().into_bytes();
                assert_eq!(String::from_utf8_lossy(&body), expected, "{key}");
            }
            (Err(error), None) => assert_eq!(error.code(), Some("NoSuchKey"), "{key}"),
            (got, expected) => panic!("{key}: {expected:?} was written, {got:?} is read"),
        }
    }

    async fn delete(&mut self) {
        let key = self.key();
        let deleted =
            self.clients.s3.delete_object().bucket(BUCKET).key(&key).send().await.unwrap();
        let marker = (key.clone(), deleted.version_id.unwrap());
        assert_eq!(
            self.written.lock().unwrap().insert(marker, None),
            None,
            "a version id was given twice"
        );
        self.own.insert(key, None);
    }

    async fn list(&mut self) {
        let prefix = format!("team-{}/{}/", self.team, self.number);
        let listed =
            self.clients.s3.list_objects_v2().bucket(BUCKET).prefix(&prefix).send().await.unwrap();
        let keys: BTreeSet<String> =
            listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect();
        let expected =
            self.own.iter().filter(|(_, body)| body.is_some()).map(|(key, _)| key.clone());
        assert_eq!(keys, expected.collect::<BTreeSet<_>>());
    }

    async fn who(&self) {
        let who = self.clients.sts.get_caller_identity().send().await.unwrap();
        assert_eq!(who.arn(), Some(self.arn.as_str()));
    }

    async fn foreign_read(&mut self) {
        let (team, number) = self.other();
        let key = format!("team-{team}/{number}/0");
        let got = self.clients.s3.get_object().bucket(BUCKET).key(&key).send().await;
        let error = got.expect_err("another team's object was read");
        assert_eq!(error.code(), Some("AccessDenied"));
        assert!(error.message().unwrap().contains(&self.arn), "{error:?}");
    }

    async fn foreign_write(&mut self, n: usize) {
        let (team, number) = self.other();
        let key = format!("team-{team}/{number}/{}", n % 3);
        let put =
            self.clients.s3.put_object().bucket(BUCKET).key(&key).body(b"not mine".to_vec().into());
        let error = put.send().await.expect_err("another team's object was written");
        assert_eq!(error.code(), Some("AccessDenied"));
    }

    /// A client of another team.
    fn other(&mut self) -> (usize, usize) {
        let step = 1 + usize::try_from(self.next(TEAMS as u64 - 1)).unwrap();
        let team = (self.team + step) % TEAMS;
        (team, team + TEAMS * usize::try_from(self.next((CLIENTS / TEAMS) as u64)).unwrap())
    }
}

async fn session(
    target: &Target,
    caller: &Credentials,
    role: &str,
    name: &str,
) -> (Credentials, String) {
    let clients = target.clients(Some(caller), false);
    let role = format!("arn:aws:iam::111122223333:role/{role}");
    let assumed =
        clients.sts.assume_role().role_arn(role).role_session_name(name).send().await.unwrap();
    let given = assumed.credentials.unwrap();
    let credentials = Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        None,
        "test",
    );
    (credentials, assumed.assumed_role_user.unwrap().arn)
}

#[test]
fn ten_thousand_requests_of_sixty_four_clients() {
    let folder = tempfile::tempdir().unwrap();
    write_environment(folder.path());
    let file = folder.path().join("environment.yaml");
    let served = Served::start(&["--quiet", "--environment", file.to_str().unwrap()]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let written = Written::default();
    runtime.block_on(async {
        let (target, caller) = (served.target(), served.caller());
        let mut tasks = Vec::new();
        for number in 0..CLIENTS {
            let team = number % TEAMS;
            let (credentials, arn) =
                session(&target, &caller, &format!("team-{team}"), &format!("client-{number}"))
                    .await;
            let client = Client {
                team,
                number,
                clients: target.clients(Some(&credentials), false),
                arn,
                written: written.clone(),
                own: BTreeMap::new(),
                random: 0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1),
            };
            tasks.push(tokio::spawn(client.work(REQUESTS / CLIENTS)));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let (credentials, _) = session(&target, &caller, "auditor", "auditor").await;
        let written = std::mem::take(&mut *written.lock().unwrap());
        check(&target.clients(Some(&credentials), false), &written).await;
    });
}

/// Every version and marker is there, is the only one of its id, and holds what was written; there
/// is nothing else.
async fn check(clients: &Clients, written: &BTreeMap<(String, String), Option<String>>) {
    let mut found = BTreeSet::new();
    for number in 0..CLIENTS {
        let prefix = format!("team-{}/{number}/", number % TEAMS);
        let listed =
            clients.s3.list_object_versions().bucket(BUCKET).prefix(prefix).send().await.unwrap();
        assert_eq!(listed.is_truncated(), Some(false));
        let versions = listed
            .versions()
            .iter()
            .map(|version| (version.key().unwrap(), version.version_id().unwrap()));
        let markers = listed
            .delete_markers()
            .iter()
            .map(|marker| (marker.key().unwrap(), marker.version_id().unwrap()));
        for (key, id) in versions.chain(markers) {
            assert!(found.insert((key.to_owned(), id.to_owned())), "{key} {id} is listed twice");
        }
    }
    assert_eq!(found, written.keys().cloned().collect::<BTreeSet<_>>());
    // Reading all would double the test.
    for ((key, id), body) in written.iter().filter(|(_, body)| body.is_some()).step_by(7) {
        let got =
            clients.s3.get_object().bucket(BUCKET).key(key).version_id(id).send().await.unwrap();
        let read = got.body.collect().await.unwrap().into_bytes();
        assert_eq!(Some(String::from_utf8_lossy(&read).into_owned()), *body, "{key} {id}");
    }
}
