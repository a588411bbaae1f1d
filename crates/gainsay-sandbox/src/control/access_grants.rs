//! S3 Access Grants: the instance of an account, its locations, the grants on them, and the
//! credentials that a grant is good for.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants.html>. Codes and messages
//! are those of "List of Amazon S3 Access Grants error codes" on
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. Scopes are modelled where
//! the pages leave nothing open: a location is `s3://` or ends with what stands before a key, a
//! grant and a target end with `*`.

use gainsay_iam::{Decision, Policies, Principal, Request};
use gainsay_model::{
    Role,
    xml::{Element, element, wrap},
};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{
    Call, Done, Fault, Result,
    job::is_role,
    state::{AccessGrant, Instance, Location},
    timestamp,
};
use crate::{
    authorize::{Identity, undecidable},
    pass_role::pass_role,
    sts::role_id,
    token::{Claims, TemporaryCredentials},
};

/// Whom a location's role is passed to, and who assumes it:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants-location-register.html>.
const SERVICE: &str = "access-grants.s3.amazonaws.com";
/// How long what is handed out lasts:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetDataAccess.html>.
const SECONDS: i64 = 3600;
/// What the page on locations lets a location's role do. That what is handed out is scoped down to
/// just this is assumed.
const READS: [&str; 5] = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectAcl",
    "s3:GetObjectVersionAcl",
    "s3:ListMultipartUploadParts",
];
const WRITES: [&str; 6] = [
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:AbortMultipartUpload",
];

/// What a grant allows, or is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Permission {
    read: bool,
    write: bool,
}

impl Permission {
    fn named(word: &str) -> Result<Self> {
        let (read, write) = match word {
            "READ" => (true, false),
            "WRITE" => (false, true),
            "READWRITE" => (true, true),
            _ => {
                return Err(Fault::new(
                    400,
                    "InvalidRequest",
                    "The specified permission is not valid",
                ));
            }
        };
        Ok(Self { read, write })
    }

    const fn as_str(self) -> &'static str {
        match (self.read, self.write) {
            (true, true) => "READWRITE",
            (_, true) => "WRITE",
            _ => "READ",
        }
    }

    /// That more than is asked for will do is assumed.
    const fn covers(self, requested: Self) -> bool {
        (self.read || !requested.read) && (self.write || !requested.write)
    }
}

/// What stands before the final `*` of a scope, with a bucket in it and no other wildcard.
fn stem(scope: &str) -> Option<&str> {
    let stem = scope.strip_suffix('*')?;
    let (bucket, _) = stem.strip_prefix("s3://")?.split_once('/')?;
    (!bucket.is_empty() && !stem.contains(['*', '?', '$'])).then_some(stem)
}

impl Call<'_> {
    fn instance_arn(&self) -> String {
        self.arn("access-grants/default")
    }

    /// Authorizes an action on the instance, whether or not there is one.
    fn instance(&self, action: &str) -> Result<Option<&Instance>> {
        self.authorize(action, &self.instance_arn(), &self.context())?;
        Ok(self.world.control.instances.get(self.account))
    }

    fn own_instance(&self) -> Result<&Instance> {
        self.world.control.instances.get(self.account).ok_or_else(no_instance)
    }

    fn own_instance_mut(&mut self) -> Result<&mut Instance> {
        let account = self.account;
        self.control().instances.get_mut(account).ok_or_else(no_instance)
    }

    pub(super) fn create_instance(&mut self) -> Result<Done> {
        self.takes_query(&[])?;
        // boto3 sends no body where no member is given.
        if !self.body.is_empty() {
            self.read("CreateAccessGrantsInstanceRequest", &[])?;
        }
        if self.instance("s3:CreateAccessGrantsInstance")?.is_some() {
            return Err(Fault::new(
                409,
                "AccessGrantsInstanceAlreadyExists",
                "Access Grants Instance already exists",
            ));
        }
        let (account, created) = (self.account.to_owned(), self.scope.now);
        let made = Instance { created, locations: Vec::new(), grants: Vec::new() };
        self.control().instances.insert(account, made);
        Ok(Done::Body("CreateAccessGrantsInstanceResult", self.instance_body(created)))
    }

    pub(super) fn get_instance(&mut self) -> Result<Done> {
        self.takes_query(&[])?;
        let instance = self.instance("s3:GetAccessGrantsInstance")?.ok_or_else(no_instance)?;
        Ok(Done::Body("GetAccessGrantsInstanceResult", self.instance_body(instance.created)))
    }

    pub(super) fn delete_instance(&mut self) -> Result<Done> {
        self.takes_query(&[])?;
        let instance = self.instance("s3:DeleteAccessGrantsInstance")?.ok_or_else(no_instance)?;
        if !instance.locations.is_empty() {
            return Err(Fault::new(
                400,
                "AccessGrantsInstanceNotEmptyError",
                "Please clean up locations before deleting the access grants instance",
            ));
        }
        let account = self.account;
        self.control().instances.remove(account);
        Ok(Done::Nothing(204))
    }

    fn instance_body(&self, created: OffsetDateTime) -> String {
        element("CreatedAt", &timestamp(created))
            + &element("AccessGrantsInstanceId", "default")
            + &element("AccessGrantsInstanceArn", &self.instance_arn())
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessGrantsLocation.html>.
    /// That the action is asked on every location is assumed: AWS's own policies for it name
    /// `access-grants/default/*`.
    pub(super) fn create_location(&mut self) -> Result<Done> {
        self.takes_query(&[])?;
        let request =
            self.read("CreateAccessGrantsLocationRequest", &["LocationScope", "IAMRoleArn"])?;
        let scope = request.get("LocationScope").unwrap_or_default().to_owned();
        let role = request.get("IAMRoleArn").unwrap_or_default().to_owned();
        let mut context = self.context();
        context.set("s3:AccessGrantsLocationScope", scope.as_str());
        self.authorize(
            "s3:CreateAccessGrantsLocation",
            &self.arn("access-grants/default/location/*"),
            &context,
        )?;
        let no_role = || Fault::new(400, "InvalidIamRole", "The specified IAM Role is invalid");
        if !is_role(&role) {
            return Err(no_role());
        }
        let _permit = pass_role(self.world, self.scope, &role, SERVICE)?;
        let instance = self.own_instance()?;
        if scope != "s3://" && stem(&format!("{scope}*")).is_none() {
            return Err(Fault::not_modelled("this form of a location's scope"));
        }
        if instance.locations.iter().any(|other| other.scope == scope) {
            return Err(Fault::new(
                409,
                "AccessGrantsLocationAlreadyExistsError",
                "The specified access grants location already exists",
            ));
        }
        // That it is looked for is assumed.
        self.world.roles.get(&role).ok_or_else(no_role)?;
        let id =
            if scope == "s3://" { "default".to_owned() } else { uuid::Uuid::new_v4().to_string() };
        let inner = element("CreatedAt", &timestamp(self.scope.now))
            + &element("AccessGrantsLocationId", &id)
            + &element("AccessGrantsLocationArn", &self.location_arn(&id))
            + &element("LocationScope", &scope)
            + &element("IAMRoleArn", &role);
        self.own_instance_mut()?.locations.push(Location { id, scope, role });
        Ok(Done::Body("CreateAccessGrantsLocationResult", inner))
    }

    fn location_arn(&self, id: &str) -> String {
        self.arn(&format!("access-grants/default/location/{id}"))
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessGrant.html>. That
    /// the action is asked on the location, as the policies AWS writes for it say, leaves open what
    /// it is asked on besides: that nothing is, is assumed.
    pub(super) fn create_grant(&mut self) -> Result<Done> {
        self.takes_query(&[])?;
        let members = [
            "AccessGrantsLocationConfiguration",
            "AccessGrantsLocationId",
            "Grantee",
            "Permission",
        ];
        let request = self.read("CreateAccessGrantRequest", &members)?;
        let grantee = grantee(&request)?;
        let permission = Permission::named(request.get("Permission").unwrap_or_default())?;
        let prefix = sub_prefix(&request)?;
        let id = request.get("AccessGrantsLocationId").unwrap_or_default();
        let location = self.world.control.instances.get(self.account);
        let location = location
            .and_then(|instance| instance.locations.iter().find(|location| location.id == id))
            .cloned();
        let scope = location.as_ref().map(|location| format!("{}{prefix}", location.scope));
        let mut context = self.context();
        match &scope {
            Some(scope) => context.set("s3:AccessGrantScope", scope.as_str()),
            None => context.set_unmodelled("s3:AccessGrantScope"),
        }
        context.set_unmodelled("s3:AccessGrantsLocationScope");
        self.authorize("s3:CreateAccessGrant", &self.location_arn(id), &context)?;
        let instance = self.own_instance()?;
        let (Some(location), Some(scope)) = (location, scope) else {
            return Err(Fault::new(
                404,
                "NoSuchAccessGrantsLocationError",
                "The specified access grants location does not exist",
            ));
        };
        stem(&scope).ok_or_else(|| Fault::not_modelled("this form of a grant's scope"))?;
        let made = AccessGrant {
            id: uuid::Uuid::new_v4().to_string(),
            location: location.id,
            scope,
            grantee,
            permission,
        };
        if instance.grants.iter().any(|other| other.same(&made)) {
            return Err(Fault::new(
                409,
                "AccessGrantAlreadyExists",
                "The specified access grant already exists",
            ));
        }
        let inner = element("CreatedAt", &timestamp(self.scope.now))
            + &element("AccessGrantId", &made.id)
            + &element(
                "AccessGrantArn",
                &self.arn(&format!("access-grants/default/grant/{}", made.id)),
            )
            + &granted_to(&made.grantee)
            + &element("AccessGrantsLocationId", &made.location)
            + &element("Permission", permission.as_str())
            + &element("GrantScope", &made.scope);
        self.own_instance_mut()?.grants.push(made);
        Ok(Done::Body("CreateAccessGrantResult", inner))
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants-credentials.html>: who
    /// may ask and has no grant is refused by S3 itself, which is no policy's refusal.
    pub(super) fn get_data_access(&mut self) -> Result<Done> {
        self.takes_query(&["target", "permission"])?;
        let parameter = |name: &str| {
            let found = self.query.iter().find(|(key, _)| key == name);
            found.map_or_else(String::new, |(_, value)| value.clone())
        };
        let (target, word) = (parameter("target"), parameter("permission"));
        let (action, arn) = ("s3:GetDataAccess", self.instance_arn());
        let mut context = self.context();
        context.set_unmodelled("s3:AccessGrantScope");
        self.authorize(action, &arn, &context)?;
        let instance = self.own_instance()?;
        let permission = Permission::named(&word)?;
        let wanted = stem(&target).ok_or_else(|| Fault::not_modelled("this form of a target"))?;
        let caller = match &self.scope.identity {
            Identity::Session { role, .. } => role.arn.as_str(),
            Identity::User { user, .. } => user.arn.as_str(),
            Identity::Anonymous | Identity::Federated { .. } => "",
        };
        let covers = |grant: &&AccessGrant| {
            let around = stem(&grant.scope).is_some_and(|stem| wanted.starts_with(stem));
            around && grant.grantee == caller && grant.permission.covers(permission)
        };
        // The closest:
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetDataAccess.html>,
        // `Privilege`.
        let Some(grant) =
            instance.grants.iter().filter(covers).max_by_key(|grant| grant.scope.len())
        else {
            let message =
                format!("You do not have {word} permissions to the requested S3 Prefix: {target}");
            return Err(self.scope.not_granted(action, &arn, message).into());
        };
        let grant = grant.clone();
        let location = instance.locations.iter().find(|location| location.id == grant.location);
        let role = location.and_then(|location| self.world.roles.get(&location.role)).cloned();
        let role = role.ok_or_else(|| {
            Fault::new(400, "InvalidIamRole", "The specified IAM Role is invalid")
        })?;
        self.check_trust(&role)?;
        let expires = self.scope.now + Duration::seconds(SECONDS);
        let credentials = self.vend(&role, &grant, permission, expires);
        let issued = element("AccessKeyId", &credentials.access_key)
            + &element("SecretAccessKey", &credentials.secret)
            + &element("SessionToken", &credentials.token)
            + &element("Expiration", &timestamp(expires));
        let inner = wrap("Credentials", &issued)
            + &element("MatchedGrantTarget", &grant.scope)
            + &granted_to(&grant.grantee);
        Ok(Done::Body("GetDataAccessResult", inner))
    }

    /// Whether the role trusts Access Grants for both actions that the page on locations names.
    fn check_trust(&self, role: &Role) -> Result<()> {
        let principal = Principal::Service(SERVICE.to_owned());
        let mut context = gainsay_iam::Context::new();
        context.set("aws:SourceAccount", self.account);
        context.set("aws:SourceArn", self.instance_arn());
        context.set("aws:PrincipalServiceName", SERVICE);
        context.set("aws:PrincipalIsAWSService", "true");
        context.set("aws:SecureTransport", "true");
        for key in ["sts:RoleSessionName", "sts:SourceIdentity", "aws:PrincipalServiceNamesList"] {
            context.set_unmodelled(key);
        }
        self.scope.organizations.set_resource(&mut context, &role.account);
        self.scope.organizations.set_source(&mut context, self.account);
        for action in ["sts:AssumeRole", "sts:SetSourceIdentity"] {
            let request = Request {
                principal: &principal,
                action,
                resource: &role.arn,
                resource_account: &role.account,
                context: &context,
            };
            let policies = Policies { resource: Some(&role.trust.policy), ..Policies::default() };
            let evaluation =
                gainsay_iam::evaluate(&request, &policies).map_err(|error| undecidable(&error))?;
            if evaluation.decision != Decision::Allow {
                let message = format!(
                    "An error occurred (StsNotAuthorizedError) when calling the GetDataAccess operation: User: {SERVICE} is not authorized to perform: {action} on resource: {}",
                    role.arn
                );
                return Err(Fault::new(403, "StsNotAuthorizedError", message));
            }
        }
        Ok(())
    }

    /// A session of the location's role that may do what the grant is asked for, where the grant
    /// is. What it is called is assumed.
    fn vend(
        &mut self,
        role: &Role,
        grant: &AccessGrant,
        permission: Permission,
        expires: OffsetDateTime,
    ) -> TemporaryCredentials {
        let claims = Claims {
            access_key: String::new(),
            role_arn: role.arn.clone(),
            role_id: role_id(role),
            session_name: format!("access-grants-{}", uuid::Uuid::new_v4()),
            issued: self.scope.now.unix_timestamp(),
            expires: expires.unix_timestamp(),
            session_policy: Some(session_policy(&grant.scope, permission)),
            session_policies: Vec::new(),
            tags: Vec::new(),
            transitive: Vec::new(),
            source_identity: None,
            access_grants: Some(self.instance_arn()),
        };
        self.issuer.issue(&claims, self.world.next())
    }
}

/// Scopes the role's session down to a grant.
fn session_policy(scope: &str, permission: Permission) -> String {
    let path = scope.strip_prefix("s3://").unwrap_or_default();
    let (bucket, prefix) = path.split_once('/').unwrap_or_default();
    let objects = format!("arn:aws:s3:::{path}");
    let mut statements = Vec::new();
    if permission.read {
        statements.push(json!({ "Effect": "Allow", "Action": READS, "Resource": objects }));
        statements.push(json!({
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": format!("arn:aws:s3:::{bucket}"),
            "Condition": { "StringLike": { "s3:prefix": prefix } },
        }));
    }
    if permission.write {
        statements.push(json!({ "Effect": "Allow", "Action": WRITES, "Resource": objects }));
        statements
            .push(json!({ "Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": "*" }));
    }
    statements.push(json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*" }));
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn granted_to(grantee: &str) -> String {
    wrap("Grantee", &(element("GranteeType", "IAM") + &element("GranteeIdentifier", grantee)))
}

/// The role or user a grant is to. Those of a directory are not modelled.
fn grantee(request: &Element) -> Result<String> {
    let invalid = || Fault::new(400, "InvalidAccessGrant", "The specified Access Grant is invalid");
    let grantee = request.child("Grantee").ok_or_else(invalid)?;
    if grantee.unknown_child(&["GranteeType", "GranteeIdentifier"]).is_some()
        || grantee.get("GranteeType") != Some("IAM")
    {
        return Err(Fault::not_modelled("grantees that are not of IAM"));
    }
    let arn = grantee.get("GranteeIdentifier").filter(|arn| arn.starts_with("arn:aws:iam::"));
    arn.map(str::to_owned).ok_or_else(invalid)
}

fn sub_prefix(request: &Element) -> Result<String> {
    let configuration = request.child("AccessGrantsLocationConfiguration");
    if configuration.is_some_and(|written| written.unknown_child(&["S3SubPrefix"]).is_some()) {
        return Err(Fault::not_modelled("this configuration of a grant's location"));
    }
    let prefix = configuration.and_then(|written| written.get("S3SubPrefix"));
    prefix.map(str::to_owned).ok_or_else(|| Fault::not_modelled("a grant without a sub-prefix"))
}

fn no_instance() -> Fault {
    Fault::new(404, "AccessGrantsInstanceNotExistsError", "Access Grants Instance does not exist")
}
