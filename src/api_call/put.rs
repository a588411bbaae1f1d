//! Putting a call to a sandbox: what it acts on is made first, then the call itself.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use gainsay_iam::{Network, Principal};
use gainsay_sandbox::{Explain, Rulings, Sandbox};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    CallAnswer, CallError,
    deploy::{Deployed, everything_on},
    input::{Input, JsonAlgorithm, JsonObject},
};
use crate::{
    attempt::{self, Answer, Call, Field, Leaves, Operation, Output, Param},
    cloud::{Clients, Target, WrapConnector},
    outcome::{Outcome, came_back, classify},
};

/// What the sandbox, which lets everything through, says of a call.
#[derive(Debug)]
pub(super) struct Answered {
    /// What it was asked on the way.
    pub rulings: Rulings,
    pub answer: Result<CallAnswer, CallError>,
}

/// Everything but the unreserved characters and the slash, as `x-amz-copy-source` wants its key.
const COPY_SOURCE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Puts the call to a sandbox of its own.
pub(super) async fn put(input: &Input, deployed: &Deployed) -> Result<Answered, CallError> {
    let sandbox = Sandbox::with_admin(&deployed.environment);
    let wrap = WrapConnector::new(|inner| SharedHttpConnector::new(ExplainConnector { inner }));
    let target = Target::sandbox(&sandbox, &input.region, Some(&wrap));
    let admin: Credentials = sandbox.admin_credentials().into();
    let owner = |bucket: &str| {
        let role = deployed.owner(bucket)?;
        let session: Credentials = sandbox.session_of(role, "owner", &[]).into();
        Some(target.clients(Some(&session), false))
    };
    let clients = target.clients(Some(&admin), false);
    let maker = Maker { input, deployed, clients, owner: &owner };
    let values = maker.make().await?;
    let credentials: Option<Credentials> = match (&input.principal, &deployed.caller) {
        (Principal::Session { arn, .. }, Some(role)) => {
            let name = arn.rsplit('/').next().unwrap_or_default();
            Some(sandbox.session_of(role, name, &[]).into())
        }
        (Principal::User { .. }, _) => Some(sandbox.caller_credentials().into()),
        (Principal::Anonymous, _) => None,
        // Refused where the input was read; never to be put as nobody's.
        (
            caller @ (Principal::Session { .. }
            | Principal::Root { .. }
            | Principal::Service(_)
            | Principal::Federated(_)),
            _,
        ) => return Err(CallError::NotModelled(format!("calls of `{caller}`"))),
    };
    let plain = values.get(&Param::Transport).is_some_and(|transport| transport == "http");
    let clients = target.from(&input.network).clients(credentials.as_ref(), plain);
    let seconds = |param| values.get(&param).and_then(|seconds| seconds.parse().ok());
    let presigned = seconds(Param::Presigned)
        .map(|lifetime: u64| (lifetime, seconds(Param::SignedAgo).unwrap_or(0)));
    let call = Call {
        plain,
        network: input.network.clone(),
        presigned,
        ..call(input.operation, deployed, values)
    };
    let answer = attempt::call(&clients, &call).await;
    let rulings = clients.last_rulings().unwrap_or_else(|| Rulings([].into()));
    Ok(Answered { rulings, answer: read(input.operation, &answer) })
}

/// What the answer is of a call that no policy forbids.
fn read(operation: &Operation, answer: &Answer) -> Result<CallAnswer, CallError> {
    match (classify(operation.service, answer), answer) {
        (Outcome::NotImplemented, _) => Err(CallError::NotModelled(came_back(answer))),
        (Outcome::Allowed, Answer::Refused(refused)) => Ok(refused.into()),
        (_, Answer::Success { status, .. }) => Ok(CallAnswer::success(*status)),
        (_, Answer::Refused(refused)) if refused.status == 501 => {
            Err(CallError::NotModelled(came_back(answer)))
        }
        (_, Answer::Refused(refused)) => Err(CallError::Rejected(refused.into())),
        (_, Answer::Malformed { .. } | Answer::Unreachable { .. } | Answer::NotSent { .. }) => {
            Err(CallError::NotSent(came_back(answer)))
        }
    }
}

fn call(
    operation: &'static Operation,
    deployed: &Deployed,
    values: BTreeMap<Param, String>,
) -> Call {
    Call {
        operation,
        // Who asks is said by the credentials; this names a role of a scenario.
        principal: attempt::Principal::Anonymous,
        plain: false,
        network: Network::default(),
        old_session: false,
        presigned: None,
        account: deployed.environment.account.clone(),
        bucket_owner: None,
        values,
        action: operation.action,
        resource: String::new(),
    }
}

/// Makes what the call acts on, as the administrator.
struct Maker<'a> {
    input: &'a Input,
    deployed: &'a Deployed,
    clients: Clients,
    /// Calls of the owner of a bucket that is of another account.
    owner: &'a (dyn Fn(&str) -> Option<Clients> + Sync),
}

impl Maker<'_> {
    /// The parameters of the call, with what had to be made first.
    async fn make(&self) -> Result<BTreeMap<Param, String>, CallError> {
        let (input, mut values) = (self.input, self.input.values.clone());
        for (arn, point) in &input.access_points {
            self.access_point(arn, &point.bucket).await?;
        }
        let target = self.target();
        let source = values.get(&Param::CopySource).cloned();
        let is_made = writes_an_object(input.operation);
        let implied = target.clone().filter(|_| !is_made).into_iter().chain(source.clone());
        let mut paths: BTreeMap<String, Option<&JsonObject>> =
            implied.map(|path| (path, None)).collect();
        for (path, object) in &input.objects {
            match object {
                Some(object) => _ = paths.insert(path.clone(), Some(object)),
                None => _ = paths.remove(path),
            }
        }
        let mut versions = BTreeMap::new();
        for (path, object) in paths {
            let output = self.object(&path, object).await?;
            versions.insert(path, first(&output, Field::Version));
        }
        if values.contains_key(&Param::Version) {
            let made = target.as_ref().and_then(|path| versions.get(path)).cloned().flatten();
            values.insert(Param::Version, made.unwrap_or_else(|| "null".to_owned()));
        }
        if let Some(path) = source {
            let encoded = utf8_percent_encode(&path, COPY_SOURCE).to_string();
            values.insert(Param::CopySource, encoded);
        }
        if input.operation.needs.contains(&Param::Upload) {
            self.upload(&mut values, target.as_deref()).await?;
        }
        let ignores = values.get(&Param::IgnoreCiphertext).is_some_and(|flag| flag == "true");
        if input.operation.takes(Param::Ciphertext) && !ignores {
            self.ciphertext(&mut values).await?;
        }
        Ok(values)
    }

    /// The object that the call names, as bucket and key.
    fn target(&self) -> Option<String> {
        let values = &self.input.values;
        let key = values.get(&Param::Key)?;
        let named = values.get(&Param::Bucket)?;
        let bucket = match self.input.access_points.get(named) {
            Some(point) => &point.bucket,
            None => named,
        };
        Some(format!("{bucket}/{key}"))
    }

    async fn run(
        &self,
        operation: &str,
        values: BTreeMap<Param, String>,
        what: &str,
    ) -> Result<Output, CallError> {
        let operation = Operation::named(operation)
            .ok_or_else(|| CallError::NotModelled(operation.to_owned()))?;
        let bucket = values.get(&Param::Bucket).filter(|_| self.is_under_managed_key(&values));
        let owner = bucket.and_then(|bucket| (self.owner)(bucket));
        let clients = owner.as_ref().unwrap_or(&self.clients);
        let answer = attempt::call(clients, &call(operation, self.deployed, values)).await;
        match answer {
            Answer::Success { output, .. } => Ok(output),
            answer => Err(CallError::NotMade { what: what.to_owned(), answer: came_back(&answer) }),
        }
    }

    /// Whether what is stored is encrypted under `aws/s3`, which every account has its own of: then
    /// it matters who stores it
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>).
    fn is_under_managed_key(&self, values: &BTreeMap<Param, String>) -> bool {
        let (encryption, key) = (values.get(&Param::Encryption), values.get(&Param::KmsKey));
        let by_default = values.get(&Param::Bucket).and_then(|name| self.input.buckets.get(name));
        let by_default = by_default.and_then(|bucket| bucket.encryption.as_ref());
        match (encryption, key) {
            (_, Some(key)) => key.ends_with("alias/aws/s3"),
            (Some(algorithm), None) => algorithm.starts_with("aws:kms"),
            (None, None) => by_default.is_some_and(|default| {
                default.algorithm != JsonAlgorithm::Aes256 && default.key.is_none()
            }),
        }
    }

    async fn access_point(&self, arn: &str, bucket: &str) -> Result<(), CallError> {
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let owner = arn.split(':').nth(4).unwrap_or_default();
        if !arn.starts_with("arn:aws:s3:") || owner != self.deployed.environment.account {
            let problem = format!("the access point `{arn}` of another account than the caller's");
            return Err(CallError::NotModelled(problem));
        }
        let what = format!("the access point `{arn}`");
        let values =
            BTreeMap::from([(Param::AccessPoint, name.clone()), (Param::Bucket, bucket.into())]);
        self.run("s3:CreateAccessPoint", values, &what).await?;
        let resources = [arn.to_owned(), format!("{arn}/object/*")];
        let policy = everything_on(&self.deployed.permitted, &resources, &[]);
        let values =
            BTreeMap::from([(Param::AccessPoint, name), (Param::Document, policy.to_string())]);
        self.run("s3:PutAccessPointPolicy", values, &what).await.map(|_| ())
    }

    async fn object(&self, path: &str, object: Option<&JsonObject>) -> Result<Output, CallError> {
        let Some((bucket, key)) = path.split_once('/').filter(|(_, key)| !key.is_empty()) else {
            return Err(CallError::member(format!("objects.{path}"), "write bucket and key"));
        };
        let mut values =
            BTreeMap::from([(Param::Bucket, bucket.to_owned()), (Param::Key, key.to_owned())]);
        values.extend(object.map(stored).unwrap_or_default());
        let archived = self.input.operation.name == "s3:RestoreObject";
        if archived {
            values.entry(Param::StorageClass).or_insert_with(|| "GLACIER".to_owned());
        }
        self.run("s3:PutObject", values, &format!("the object `{path}`")).await
    }

    /// Begins a multipart upload and, where it is to be completed, sends a part.
    async fn upload(
        &self,
        values: &mut BTreeMap<Param, String>,
        target: Option<&str>,
    ) -> Result<(), CallError> {
        let Some((bucket, key)) = target.and_then(|path| path.split_once('/')) else {
            return Ok(());
        };
        let what = "the multipart upload";
        let object =
            BTreeMap::from([(Param::Bucket, bucket.to_owned()), (Param::Key, key.to_owned())]);
        let mut begun = object.clone();
        let described =
            target.and_then(|path| self.input.objects.get(path)).and_then(Option::as_ref);
        begun.extend(described.map(stored).unwrap_or_default());
        begun.remove(&Param::StorageClass);
        let output = self.run("s3:CreateMultipartUpload", begun, what).await?;
        let upload = first(&output, Field::UploadId).unwrap_or_default();
        values.insert(Param::Upload, upload.clone());
        if self.input.operation.needs.contains(&Param::Parts) {
            let mut part = object;
            part.insert(Param::Upload, upload);
            part.insert(Param::PartNumber, "1".to_owned());
            let output = self.run("s3:UploadPart", part, what).await?;
            let etag = first(&output, Field::Etag).unwrap_or_default();
            values.insert(Param::Parts, format!("1:{etag}"));
        }
        Ok(())
    }

    async fn ciphertext(&self, values: &mut BTreeMap<Param, String>) -> Result<(), CallError> {
        let key = values.get(&Param::SourceKey).or_else(|| values.get(&Param::KeyId));
        let Some(key) = key else { return Ok(()) };
        let mut made = BTreeMap::from([(Param::KeyId, key.clone())]);
        let context = values.get(&Param::EncryptionContext).cloned();
        made.extend(context.map(|context| (Param::EncryptionContext, context)));
        let output = self.run("kms:Encrypt", made, "the ciphertext").await?;
        values.insert(Param::Ciphertext, first(&output, Field::Ciphertext).unwrap_or_default());
        Ok(())
    }
}

/// Whether the operation makes the object that it names.
fn writes_an_object(operation: &Operation) -> bool {
    match operation.leaves {
        Leaves::Version
        | Leaves::Upload
        | Leaves::Part
        | Leaves::CompletedUpload
        | Leaves::AbortedUpload => true,
        Leaves::Nothing => operation.needs.contains(&Param::Upload),
        Leaves::DeleteMarker | Leaves::ObjectSetting(_) | Leaves::KmsKey | Leaves::Lasting => false,
    }
}

/// How an object is stored, as the parameters that store it so.
fn stored(object: &JsonObject) -> BTreeMap<Param, String> {
    let pairs = [
        (Param::Encryption, object.encryption.clone()),
        (Param::KmsKey, object.kms_key.clone()),
        (Param::BucketKey, object.bucket_key.map(|flag| flag.to_string())),
        (Param::Tags, object.tags.clone()),
        (Param::StorageClass, object.storage_class.clone()),
    ];
    pairs.into_iter().filter_map(|(param, value)| Some((param, value?))).collect()
}

fn first(output: &Output, field: Field) -> Option<String> {
    output.get(&field).and_then(|values| values.first()).cloned()
}

/// Asks for every call to be explained.
#[derive(Debug)]
struct ExplainConnector {
    inner: SharedHttpConnector,
}

impl HttpConnector for ExplainConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        request.add_extension(Explain);
        self.inner.call(request)
    }
}
