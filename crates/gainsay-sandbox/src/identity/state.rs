//! Who there is: users, groups, roles and managed policies as IAM keeps them, and what of that the
//! engine sees.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gainsay_model::{Document, Role};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::managed;
use crate::state::{User, World};

/// What an ARN of IAM is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    User,
    Group,
    Role,
}

impl Kind {
    /// The word in ARNs and in messages.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// The word in names of operations and parameters.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
        }
    }
}

/// A user, a group or a role.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub kind: Kind,
    pub account: String,
    pub path: String,
    pub name: String,
    pub id: String,
    pub created: OffsetDateTime,
    /// Inline policies by name.
    pub inline: BTreeMap<String, Document>,
    /// Managed policies, by ARN.
    pub attached: BTreeSet<String>,
    pub boundary: Option<Boundary>,
    pub tags: BTreeMap<String, String>,
    /// Of a user, by name.
    pub groups: BTreeSet<String>,
    /// Of a role.
    pub trust: Option<Document>,
    pub description: String,
    pub max_session_duration: u32,
}

/// A permissions boundary.
#[derive(Clone, Debug)]
pub(crate) enum Boundary {
    /// A managed policy.
    Managed(String),
    /// What an environment declares, which has no ARN.
    Declared(Document),
}

impl Boundary {
    /// Whether it is a managed policy.
    pub(super) fn is(&self, arn: &str) -> bool {
        matches!(self, Self::Managed(other) if other == arn)
    }
}

/// A managed policy of a customer.
#[derive(Clone, Debug)]
pub(crate) struct Managed {
    pub account: String,
    pub path: String,
    pub name: String,
    pub id: String,
    pub created: OffsetDateTime,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    /// By number.
    pub versions: BTreeMap<u32, (OffsetDateTime, Document)>,
    pub default: u32,
    /// How many versions there ever were.
    pub last: u32,
}

/// A long-term access key.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    /// The ARN of its user.
    pub user: String,
    pub active: bool,
    pub created: OffsetDateTime,
}

/// Everything IAM holds, by ARN.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    pub entities: BTreeMap<String, Arc<Entity>>,
    pub policies: BTreeMap<String, Arc<Managed>>,
}

impl Entity {
    pub(super) fn new(
        kind: Kind,
        account: &str,
        path: &str,
        name: &str,
        created: OffsetDateTime,
        number: u64,
    ) -> Self {
        Self {
            kind,
            account: account.to_owned(),
            path: path.to_owned(),
            name: name.to_owned(),
            id: unique_id(kind.prefix(), &format!("{account}/{}/{name}/{number}", kind.word())),
            created,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            tags: BTreeMap::new(),
            groups: BTreeSet::new(),
            trust: None,
            description: String::new(),
            max_session_duration: 3600,
        }
    }

    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:{}{}{}", self.account, self.kind.word(), self.path, self.name)
    }
}

/// Adds tags. A key in another case is the same key, and is written anew: AWS was seen to, at
/// <https://github.com/aws/aws-cdk/issues/26253>.
pub(super) fn add_tags(to: &mut BTreeMap<String, String>, tags: BTreeMap<String, String>) {
    remove_tags(to, &tags.keys().cloned().collect::<Vec<_>>());
    to.extend(tags);
}

/// Removes tags by their keys, in whatever case.
pub(super) fn remove_tags(from: &mut BTreeMap<String, String>, keys: &[String]) {
    let keys: BTreeSet<String> = keys.iter().map(|key| key.to_lowercase()).collect();
    from.retain(|key, _| !keys.contains(&key.to_lowercase()));
}

impl Managed {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:policy{}{}", self.account, self.path, self.name)
    }

    pub(super) fn document(&self) -> Option<&Document> {
        self.versions.get(&self.default).map(|(_, document)| document)
    }
}

/// An id in the form of IAM's, the same in every run of the same calls.
pub(super) fn unique_id(prefix: &str, of: &str) -> String {
    let hash = hex::encode_upper(Sha256::digest(of.as_bytes()));
    format!("{prefix}{}", hash.get(..17).unwrap_or_default())
}

impl Directory {
    /// A user, group or role of an account by its name, which is the same whatever the case of its
    /// letters.
    pub(super) fn find(&self, kind: Kind, account: &str, name: &str) -> Option<&Arc<Entity>> {
        let same = |entity: &&Arc<Entity>| {
            entity.kind == kind
                && entity.account == account
                && entity.name.eq_ignore_ascii_case(name)
        };
        self.entities.values().find(same)
    }

    /// The document of a managed policy, of a customer or of AWS.
    pub(crate) fn managed(&self, arn: &str) -> Option<Document> {
        match self.policies.get(arn) {
            Some(policy) => policy.document().cloned(),
            None => managed::find(arn).map(|policy| policy.document.clone()),
        }
    }

    /// Every policy that an entity has of itself.
    fn own(&self, entity: &Entity) -> Vec<Document> {
        let attached = entity.attached.iter().filter_map(|arn| self.managed(arn));
        entity.inline.values().cloned().chain(attached).collect()
    }

    /// Every policy that the engine sees: of a user those of its groups, too.
    fn policies(&self, entity: &Entity) -> Vec<Document> {
        let mut policies = self.own(entity);
        for name in &entity.groups {
            if let Some(group) = self.find(Kind::Group, &entity.account, name) {
                policies.extend(self.own(group));
            }
        }
        policies
    }

    /// The boundary that the engine sees. A boundary whose policy is gone allows nothing, as a
    /// boundary that says nothing.
    fn boundary(&self, entity: &Entity) -> Option<Document> {
        match entity.boundary.as_ref()? {
            Boundary::Declared(document) => Some(document.clone()),
            Boundary::Managed(arn) => self.managed(arn),
        }
    }
}

impl World {
    /// The directory, to be changed. What the engine sees follows with
    /// [`World::refresh_principal`].
    pub(crate) fn directory_mut(&mut self) -> &mut Directory {
        Arc::make_mut(&mut self.directory)
    }

    /// Computes again what the engine sees of an entity; of one that is gone, nothing.
    pub(crate) fn refresh_principal(&mut self, arn: &str) {
        let directory = self.directory.clone();
        let Some(entity) = directory.entities.get(arn) else {
            if self.users.contains_key(arn) {
                Arc::make_mut(&mut self.users).remove(arn);
            }
            if self.roles.contains_key(arn) {
                Arc::make_mut(&mut self.roles).remove(arn);
            }
            return;
        };
        let (policies, boundary) = (directory.policies(entity), directory.boundary(entity));
        let tags: Vec<(String, String)> =
            entity.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        match entity.kind {
            Kind::Group => {}
            Kind::User => {
                let user =
                    User { arn: arn.to_owned(), id: entity.id.clone(), policies, boundary, tags };
                Arc::make_mut(&mut self.users).insert(arn.to_owned(), Arc::new(user));
            }
            Kind::Role => {
                let Some(trust) = entity.trust.clone() else { return };
                let role = Role {
                    name: entity.name.clone(),
                    account: entity.account.clone(),
                    arn: arn.to_owned(),
                    trust,
                    policies,
                    boundary,
                    tags,
                    max_session_duration: entity.max_session_duration,
                };
                Arc::make_mut(&mut self.roles).insert(arn.to_owned(), Arc::new(role));
            }
        }
    }

    /// Computes again what the engine sees of every entity for which `concerns` holds, such as
    /// those that have a managed policy or are in a group.
    pub(crate) fn refresh_principals(&mut self, concerns: impl Fn(&Entity) -> bool) {
        let arns: Vec<String> = self
            .directory
            .entities
            .iter()
            .filter(|(_, entity)| concerns(entity))
            .map(|(arn, _)| arn.clone())
            .collect();
        for arn in arns {
            self.refresh_principal(&arn);
        }
    }

    /// The id of a role as it is now: one that was made again under the name of another is another.
    pub(crate) fn role_id(&self, role: &Role) -> String {
        match self.directory.entities.get(&role.arn) {
            Some(entity) => entity.id.clone(),
            None => unique_id(Kind::Role.prefix(), &role.arn),
        }
    }
}
