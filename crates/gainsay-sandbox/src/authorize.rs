//! Authorization of one request: which policies apply, what the context is, what the engine says,
//! and AWS's words for it.

mod wording;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use gainsay_iam::{
    Context, Decision, Evaluation, EvaluationInput, Grant, Layer, Network, Organizations, Policies,
    Policy, PolicyKind, Principal, Request, Undecidable,
};
use gainsay_model::{Document, Role, Source};
use time::OffsetDateTime;

use self::wording::{explicit_clause, implicit_clause};
use super::{
    kms::Key,
    ruling::{Decider, Explain, Ruling, RulingInput, StatementRef},
    state::{User, World},
    token::Claims,
};

/// Who asks, as authentication found.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    Anonymous,
    User {
        user: Arc<User>,
        /// Where the credentials are temporary (`GetSessionToken`).
        session: Option<Arc<Claims>>,
    },
    Session {
        role: Arc<Role>,
        claims: Arc<Claims>,
        /// The session policies, inline and managed.
        policies: Vec<Document>,
    },
    /// Who has credentials of `GetFederationToken`. What they may do is not modelled: no page says
    /// whether policies of resources that name the user speak of them.
    Federated {
        claims: Arc<Claims>,
    },
}

impl Identity {
    fn principal(&self) -> Principal {
        match self {
            Self::Anonymous => Principal::Anonymous,
            Self::User { user, .. } => Principal::User { arn: user.arn.clone() },
            Self::Federated { claims } => Principal::User { arn: claims.role_arn.clone() },
            Self::Session { role, claims, .. } => Principal::Session {
                role: role.arn.clone(),
                arn: session_arn(role, &claims.session_name),
            },
        }
    }
}

/// One request: who asks, over what, and what has been decided about it so far.
#[derive(Debug)]
pub(super) struct Scope {
    pub identity: Identity,
    /// The engine's word for who asks.
    pub principal: Principal,
    pub request_id: String,
    pub secure: bool,
    /// The Region that was asked.
    pub region: String,
    pub now: OffsetDateTime,
    /// `REST-HEADER` or `REST-QUERY-STRING`; nothing for an anonymous request.
    pub auth_type: Option<&'static str>,
    /// How old a presigned URL is, in milliseconds.
    pub signature_age: Option<i128>,
    pub signature_version: &'static str,
    pub user_agent: Option<String>,
    /// The header `Referer`, as it came.
    pub referer: Option<String>,
    pub content_sha256: Option<String>,
    /// The header `x-amz-copy-source` as it was sent.
    pub copy_source: Option<String>,
    /// Which organization each account is in, as far as the environment says.
    pub organizations: Arc<Organizations>,
    /// Where the request comes from, as far as it says.
    pub network: Network,
    /// Whether to keep what the engine is asked.
    pub explains: bool,
    rulings: Mutex<Vec<Ruling>>,
}

/// A refusal with AWS's words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Refused by policy or setting.
    Denied(String),
    /// The engine cannot tell, so the sandbox does not pretend to.
    Undecidable(String),
}

/// Proof that an action was authorized. State is changed only by those who hold one.
#[derive(Debug)]
#[must_use]
pub(super) struct Permit(());

impl Scope {
    #[expect(clippy::too_many_arguments, reason = "the facts of one request, built in one place")]
    pub(super) fn new(
        identity: Identity,
        request_id: String,
        secure: bool,
        region: String,
        now: OffsetDateTime,
        auth_type: Option<&'static str>,
        signature_age: Option<i128>,
        user_agent: Option<String>,
        content_sha256: Option<String>,
    ) -> Self {
        Self {
            principal: identity.principal(),
            identity,
            request_id,
            secure,
            region,
            now,
            auth_type,
            signature_age,
            signature_version: "AWS4-HMAC-SHA256",
            user_agent,
            referer: None,
            content_sha256,
            copy_source: None,
            organizations: Arc::default(),
            network: Network::default(),
            explains: false,
            rulings: Mutex::default(),
        }
    }

    /// Adds what the environment says of organizations, what the request says of where it comes
    /// from and of the source of a copy, and what its extensions say: the network, and whether to
    /// keep what the engine is asked.
    pub(super) fn with_origin(mut self, world: &World, parts: &http::request::Parts) -> Self {
        self.organizations = world.organizations.clone();
        let referer = parts.headers.get(http::header::REFERER);
        self.referer = referer.and_then(|value| value.to_str().ok()).map(str::to_owned);
        self.network = parts.extensions.get().cloned().unwrap_or_default();
        let copy_source = parts.headers.get("x-amz-copy-source");
        self.copy_source = copy_source.and_then(|value| value.to_str().ok()).map(str::to_owned);
        self.explains = parts.extensions.get::<Explain>().is_some();
        self
    }

    /// A copy of this request for another Region, about which nothing is decided yet.
    pub(super) fn in_region(&self, region: &str) -> Self {
        Self {
            identity: self.identity.clone(),
            principal: self.principal.clone(),
            request_id: self.request_id.clone(),
            region: region.to_owned(),
            auth_type: self.auth_type,
            user_agent: self.user_agent.clone(),
            referer: self.referer.clone(),
            content_sha256: self.content_sha256.clone(),
            copy_source: self.copy_source.clone(),
            organizations: self.organizations.clone(),
            network: self.network.clone(),
            rulings: Mutex::default(),
            ..*self
        }
    }

    /// Adds the rulings on a copy that [`Scope::in_region`] made.
    pub(super) fn record_rulings_of(&self, other: &Self) {
        other.rulings().into_iter().for_each(|ruling| self.record(ruling));
    }

    /// What has been decided.
    pub(super) fn rulings(&self) -> Vec<Ruling> {
        self.rulings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn record(&self, ruling: Ruling) {
        self.rulings.lock().unwrap_or_else(PoisonError::into_inner).push(ruling);
    }

    /// The ARN of who asks, as messages name it.
    pub(super) fn arn(&self) -> String {
        self.principal.to_arn().map_or_else(|| "anonymous".to_owned(), std::borrow::Cow::into_owned)
    }

    /// The account of who asks.
    pub(super) fn account(&self) -> Option<String> {
        self.principal.account().map(str::to_owned)
    }

    /// Asks the engine, records what it says, and words a refusal as AWS does. `settings` are
    /// mechanisms outside the policies that refuse the same request; `granted_publicly` is told by
    /// the caller where it matters.
    pub(super) fn authorize(&self, question: &Question<'_>) -> Result<Permit, Refusal> {
        self.authorize_granted(question, &[])
    }

    /// Asks the engine as [`Scope::authorize`] does, where KMS grants may allow the request, too.
    pub(super) fn authorize_granted(
        &self,
        question: &Question<'_>,
        grants: &[Grant],
    ) -> Result<Permit, Refusal> {
        let evaluation = self.evaluate(question, grants)?;
        let identity = self.identity_policies();
        let mut deciders = self.deciders(&evaluation, identity, question.resource_policy);
        let mut silent = evaluation.silent.clone();
        let mut decision = evaluation.decision;
        let settings = question.settings;
        if !settings.is_empty() {
            if decision != Decision::ExplicitDeny {
                deciders.clear();
                silent.clear();
            }
            decision = Decision::ExplicitDeny;
            deciders
                .extend(settings.iter().map(|layer| Decider { layer: *layer, statement: None }));
        }
        // What a setting refuses, it refuses to every session.
        let may_differ = decision != Decision::Allow && settings.is_empty();
        let other_session =
            may_differ.then(|| self.ask(question, grants, gainsay_iam::other_session)).flatten();
        let ruling = Ruling {
            action: question.action.to_owned(),
            resource: question.resource.to_owned(),
            decision,
            deciders,
            silent,
            other_session,
            input: self.explains.then(|| Arc::new(self.input(question, grants))),
        };
        let refusal =
            (decision != Decision::Allow).then(|| Refusal::Denied(self.words(&ruling, question)));
        self.record(ruling);
        match refusal {
            None => Ok(Permit(())),
            Some(refusal) => Err(refusal),
        }
    }

    /// What the engine says, without recording it or refusing anything.
    pub(super) fn simulate(&self, question: &Question<'_>) -> Result<Evaluation, Refusal> {
        self.evaluate(question, &[])
    }

    fn evaluate(&self, question: &Question<'_>, grants: &[Grant]) -> Result<Evaluation, Refusal> {
        if let Identity::Federated { .. } = self.identity {
            let message = "the sandbox does not model what sessions of federated users may do";
            return Err(Refusal::Undecidable(message.to_owned()));
        }
        self.ask(question, grants, gainsay_iam::evaluate).map_err(|error| undecidable(&error))
    }

    /// Asks something of the request and of every policy that applies to it.
    fn ask<T>(
        &self,
        question: &Question<'_>,
        grants: &[Grant],
        ask: impl FnOnce(&Request<'_>, &Policies<'_>) -> T,
    ) -> T {
        let identity: Vec<Policy> =
            self.identity_policies().iter().map(|document| document.policy.clone()).collect();
        let (boundary, session) = self.limits();
        let session: Vec<Policy> = session.iter().map(|document| document.policy.clone()).collect();
        let policies = Policies {
            identity: &identity,
            resource: question.resource_policy.map(|document| &document.policy),
            grants,
            boundary: boundary.map(|document| &document.policy),
            session: &session,
            restrict_public_buckets: question.restrict_public,
            ..Policies::default()
        };
        ask(&question.request(&self.principal), &policies)
    }

    /// What the engine is asked, to be explained later.
    fn input(&self, question: &Question<'_>, grants: &[Grant]) -> RulingInput {
        let (boundary, session) = self.limits();
        let identity = self.identity_policies();
        let policies =
            |documents: Option<&Document>| documents.map(|document| document.policy.clone());
        let mut documents: Vec<_> = identity
            .iter()
            .enumerate()
            .map(|(index, document)| (Layer::Identity, index, document.clone()))
            .collect();
        if let Some(document) = question.resource_policy {
            documents.push((document.policy.kind().layer(), 0, document.clone()));
        }
        if let Some(document) = boundary {
            documents.push((Layer::Boundary, 0, document.clone()));
        }
        documents.extend(
            session
                .iter()
                .enumerate()
                .map(|(index, document)| (Layer::Session, index, document.clone())),
        );
        RulingInput {
            input: EvaluationInput {
                request: (&question.request(&self.principal)).into(),
                identity: identity.iter().map(|document| document.policy.clone()).collect(),
                resource_policy: policies(question.resource_policy),
                grants: grants.to_vec(),
                boundary: policies(boundary),
                session: session.iter().map(|document| document.policy.clone()).collect(),
                scp: Vec::new(),
                rcp: Vec::new(),
                vpc_endpoint: None,
                restrict_public_buckets: question.restrict_public,
            },
            documents,
        }
    }

    /// The permissions boundary and the session policies.
    fn limits(&self) -> (Option<&Document>, &[Document]) {
        match &self.identity {
            Identity::Session { role, policies, .. } => (role.boundary.as_ref(), policies),
            Identity::User { user, .. } => (user.boundary.as_ref(), &[]),
            Identity::Anonymous | Identity::Federated { .. } => (None, &[]),
        }
    }

    /// Records a refusal by a setting rather than a policy.
    pub(super) fn refuse(
        &self,
        action: &str,
        resource: &str,
        layer: Layer,
        clause: &str,
    ) -> Refusal {
        self.record(Ruling {
            action: action.to_owned(),
            resource: resource.to_owned(),
            decision: Decision::ExplicitDeny,
            deciders: vec![Decider { layer, statement: None }],
            silent: Vec::new(),
            other_session: None,
            input: None,
        });
        Refusal::Denied(format!("{} {clause}", self.not_authorized(action, resource)))
    }

    /// Records a refusal by a setting for which AWS has a message that names no principal.
    pub(super) fn refuse_in_words(
        &self,
        action: &str,
        resource: &str,
        layer: Layer,
        message: String,
    ) -> Refusal {
        _ = self.refuse(action, resource, layer, "");
        Refusal::Denied(message)
    }

    /// Records that no grant of S3 Access Grants lets the caller do what the policies leave to such
    /// a grant.
    pub(super) fn not_granted(&self, action: &str, resource: &str, message: String) -> Refusal {
        self.record(Ruling {
            action: action.to_owned(),
            resource: resource.to_owned(),
            decision: Decision::ImplicitDeny,
            deciders: Vec::new(),
            silent: vec![Layer::Grant],
            other_session: None,
            input: None,
        });
        Refusal::Denied(message)
    }

    fn identity_policies(&self) -> &[Document] {
        match &self.identity {
            Identity::Anonymous | Identity::Federated { .. } => &[],
            Identity::User { user, .. } => &user.policies,
            Identity::Session { role, .. } => &role.policies,
        }
    }

    fn deciders(
        &self,
        evaluation: &Evaluation,
        identity: &[Document],
        resource: Option<&Document>,
    ) -> Vec<Decider> {
        let (boundary, session) = self.limits();
        let decider = |reason: &gainsay_iam::Reason| {
            let document = match reason.layer {
                Layer::Identity => identity.get(reason.policy),
                Layer::Resource | Layer::KeyPolicy | Layer::TrustPolicy => resource,
                Layer::Boundary => boundary,
                Layer::Session => session.get(reason.policy),
                Layer::Scp
                | Layer::Rcp
                | Layer::VpcEndpoint
                | Layer::Grant
                | Layer::BlockPublicAccess
                | Layer::ObjectOwnership
                | Layer::ObjectLock
                | Layer::EncryptionBlock
                | Layer::KeyState => None,
            };
            Decider {
                layer: reason.layer,
                statement: document.map(|document| StatementRef {
                    document: document.clone(),
                    index: reason.statement,
                    sid: reason.sid.clone(),
                }),
            }
        };
        evaluation.by.iter().map(decider).collect()
    }

    /// The refusal in AWS's words:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>.
    /// Anonymous callers and those of other organizations are told nothing.
    fn words(&self, ruling: &Ruling, question: &Question<'_>) -> String {
        let same_account = self.account().as_deref() == Some(question.resource_account);
        let on_key = ruling.resource.starts_with("arn:aws:kms:");
        let who = self.not_authorized(&ruling.action, &ruling.resource);
        if !same_account && on_key && !matches!(self.identity, Identity::Anonymous) {
            return format!(
                "{who} because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
            );
        }
        if !same_account {
            return "Access Denied".to_owned();
        }
        // STS names no clause.
        if ruling.action.starts_with("sts:") {
            return who;
        }
        match (ruling.deciders.first(), ruling.silent.first()) {
            (Some(decider), _) => format!("{who} {}", explicit_clause(decider.layer)),
            (None, silent) => format!(
                "{who} {}",
                implicit_clause(silent.copied().unwrap_or(Layer::Identity), &ruling.action)
            ),
        }
    }

    fn not_authorized(&self, action: &str, resource: &str) -> String {
        let principal = self.arn();
        let quote = if action.starts_with("s3:") { "\"" } else { "" };
        format!(
            "User: {principal} is not authorized to perform: {action} on resource: {quote}{resource}{quote}"
        )
    }
}

/// What is asked of the engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    pub resource_account: &'a str,
    pub resource_policy: Option<&'a Document>,
    pub context: &'a Context,
    /// Settings that refuse the request besides.
    pub settings: &'a [Layer],
    /// Whether a policy that grants to everyone may grant to the bucket's own account only.
    pub restrict_public: bool,
}

impl<'a> Question<'a> {
    fn request(&self, principal: &'a Principal) -> Request<'a> {
        Request {
            principal,
            action: self.action,
            resource: self.resource,
            resource_account: self.resource_account,
            context: self.context,
        }
    }
}

pub(super) fn undecidable(error: &Undecidable) -> Refusal {
    Refusal::Undecidable(format!("the sandbox cannot decide this request: {error}"))
}

/// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`.
pub(super) fn session_arn(role: &Role, session: &str) -> String {
    format!("arn:aws:sts::{}:assumed-role/{}/{session}", role.account, role.name)
}

/// Asks about a KMS key: only its policy and its grants can open it.
pub(super) fn authorize_key(
    scope: &Scope,
    world: &World,
    key: &Key,
    action: &str,
    via: Option<&Via<'_>>,
) -> Result<Permit, Refusal> {
    let mut context = key_context(scope, world, key);
    if let Some(via) = via {
        Network::hide(&mut context);
        context.set("kms:ViaService", format!("s3.{}.amazonaws.com", world.region));
        context.set("aws:ViaAWSService", "true");
        context.set_all("aws:CalledVia", ["s3.amazonaws.com".to_owned()]);
        context.set("aws:CalledViaFirst", "s3.amazonaws.com");
        context.set("aws:CalledViaLast", "s3.amazonaws.com");
        // Whether S3 passes it on is not documented.
        if scope.referer.is_some() {
            context.set_unmodelled("aws:referer");
        }
        context.set_all("kms:EncryptionContextKeys", via.context.keys().cloned());
        for (name, value) in via.context {
            context.set(&format!("kms:EncryptionContext:{name}"), value.as_str());
        }
        context.set("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
        // Whether S3 passes an alias on is not documented. To read, it names no key.
        if action != "kms:Decrypt" {
            context.set_unmodelled("kms:RequestAlias");
            context.set_unmodelled("kms:DataKeySpec");
        }
    }
    let grants: Vec<Grant> = key.grants.iter().map(|key_grant| key_grant.grant.clone()).collect();
    ask_key(scope, key, action, &context, &grants)
}

/// The question itself, with a context and grants that are the caller's to choose.
pub(super) fn ask_key(
    scope: &Scope,
    key: &Key,
    action: &str,
    context: &Context,
    grants: &[Grant],
) -> Result<Permit, Refusal> {
    let question = Question {
        action,
        resource: &key.arn,
        resource_account: &key.account,
        resource_policy: Some(&key.policy),
        context,
        settings: &[],
        restrict_public: false,
    };
    scope.authorize_granted(&question, grants)
}

/// What every request about a key says of it:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>.
pub(super) fn key_context(scope: &Scope, world: &World, key: &Key) -> Context {
    let mut context = scope.context(&key.account);
    if let Some(account) = scope.account() {
        context.set("kms:CallerAccount", account);
    }
    set_key_properties(
        &mut context,
        key.primary
            .as_ref()
            .map(|primary| if *primary == key.region { "PRIMARY" } else { "REPLICA" }),
    );
    if key.external {
        context.set("kms:KeyOrigin", "EXTERNAL");
    }
    context.set_all("kms:ResourceAliases", world.aliases_of(&key.arn).map(str::to_owned));
    for (tag, value) in &key.tags {
        context.set(&format!("aws:ResourceTag/{tag}"), value.as_str());
    }
    context
}

/// Sets the condition keys that have one value for every key of the sandbox, also for one that is
/// yet to be made; `multi` is what kind of multi-Region key it is. The two old names still work:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>.
pub(super) fn set_key_properties(context: &mut Context, multi: Option<&str>) {
    for (name, value) in [
        ("kms:KeyOrigin", "AWS_KMS"),
        ("kms:KeySpec", "SYMMETRIC_DEFAULT"),
        ("kms:KeyUsage", "ENCRYPT_DECRYPT"),
        ("kms:MultiRegion", if multi.is_some() { "true" } else { "false" }),
        ("kms:CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        ("kms:CustomerMasterKeyUsage", "ENCRYPT_DECRYPT"),
    ] {
        context.set(name, value);
    }
    if let Some(kind) = multi {
        context.set("kms:MultiRegionKeyType", kind);
    }
}

/// A KMS call that S3 makes for its caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Via<'a> {
    /// The encryption context: `aws:s3:arn`, the object's ARN or with a bucket key the bucket's,
    /// and what the caller added.
    pub context: &'a BTreeMap<String, String>,
}

/// An inline session policy, compiled. Validated when the session was issued.
pub(super) fn session_policy(claims: &Claims) -> Option<Document> {
    compiled(claims.session_policy.as_ref()?)
}

/// All session policies; nothing if one of them cannot be read, for a session that lost one could
/// do more.
pub(super) fn session_policies(
    world: &World,
    inline: Option<&Document>,
    claims: &Claims,
) -> Option<Vec<Document>> {
    // A managed one is as it is now. That one which is gone permits nothing is assumed; what is
    // allowed here needs no permission.
    const GONE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}]}"#;
    let mut policies: Vec<Document> = inline.cloned().into_iter().collect();
    for arn in &claims.session_policies {
        let managed = world.directory.managed(arn);
        policies.push(compiled(managed.as_ref().map_or(GONE, |policy| &policy.text))?);
    }
    Some(policies)
}

fn compiled(text: &str) -> Option<Document> {
    let policy = Policy::from_text(PolicyKind::Session, text).ok()?;
    Some(Document::new(Source::new("the session policy", text), policy, text.to_owned()))
}
