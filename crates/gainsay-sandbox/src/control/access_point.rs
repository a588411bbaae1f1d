//! Access points and their policies.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessPoint.html>. Codes as
//! clients know them (`NoSuchAccessPoint`, `NoSuchAccessPointPolicy`); their messages are assumed.

use gainsay_iam::{Context, Layer, PolicyKind, Publicity};
use gainsay_model::{
    PublicAccessBlock,
    xml::{element, wrap},
};

use super::{
    Call, Done, Fault, Result,
    account::block,
    state::{ALIAS, AccessPoint},
    timestamp,
};
use crate::{
    authorize::Question,
    stored_policy::{self, KnownPrincipals},
};

/// No page says whether the policy of an access point speaks of what is done to the access point
/// itself, so where it would change the answer there is none.
const OWN_POLICY: &str = "what an access point's policy says of the access point itself";

impl Call<'_> {
    fn access_point_arn(&self, name: &str) -> String {
        self.arn(&format!("accesspoint/{name}"))
    }

    /// The keys of requests about an access point.
    fn access_point_context(&self, name: &str, vpc: Option<bool>) -> Context {
        let mut context = self.context();
        context.set("s3:DataAccessPointAccount", self.account);
        context.set("s3:DataAccessPointArn", self.access_point_arn(name));
        match vpc {
            Some(vpc) => {
                context.set("s3:AccessPointNetworkOrigin", if vpc { "VPC" } else { "Internet" });
            }
            None => context.set_unmodelled("s3:AccessPointNetworkOrigin"),
        }
        context
    }

    /// Authorizes an action on an access point, and only then finds it.
    fn access_point(&self, name: &str, action: &str) -> Result<&AccessPoint> {
        self.takes_query(&[])?;
        let point = self.world.control.access_points.get(&self.key(name));
        let context = self.access_point_context(name, point.map(|point| point.vpc.is_some()));
        let arn = self.access_point_arn(name);
        self.authorize(action, &arn, &context)
            .or_else(|fault| self.unless_granted(point, action, &arn, &context, fault))?;
        if let Some(policy) = point.and_then(|point| point.policy.as_ref()) {
            let asked =
                Question { resource_policy: Some(policy), ..self.question(action, &arn, &context) };
            let asked = self.scope.authorize(&asked);
            let _permit = asked.map_err(|_| Fault::not_modelled(OWN_POLICY))?;
        }
        point.ok_or_else(|| {
            let message = "The specified accesspoint does not exist";
            Fault::new(404, "NoSuchAccessPoint", message).with("AccessPointName", name)
        })
    }

    /// The refusal, unless the access point's own policy would grant what was refused.
    fn unless_granted(
        &self,
        point: Option<&AccessPoint>,
        action: &str,
        arn: &str,
        context: &Context,
        fault: Fault,
    ) -> Result<()> {
        let Some(policy) = point.and_then(|point| point.policy.as_ref()) else {
            return Err(fault);
        };
        let asked =
            Question { resource_policy: Some(policy), ..self.question(action, arn, context) };
        match self.scope.authorize(&asked) {
            Ok(_permit) => Err(Fault::not_modelled(OWN_POLICY)),
            Err(_) => Err(fault),
        }
    }

    pub(super) fn create_access_point(&mut self, name: &str) -> Result<Done> {
        self.takes_query(&[])?;
        let members =
            ["Bucket", "BucketAccountId", "PublicAccessBlockConfiguration", "VpcConfiguration"];
        let request = self.read("CreateAccessPointRequest", &members)?;
        let vpc = request
            .child("VpcConfiguration")
            .map(|vpc| vpc.get("VpcId").unwrap_or_default().to_owned());
        let public_access = match request.child("PublicAccessBlockConfiguration") {
            Some(written) => block(written)?,
            None => PublicAccessBlock::ALL,
        };
        let mut context = self.access_point_context(name, Some(vpc.is_some()));
        context.set_unmodelled("s3:LocationConstraint");
        self.authorize("s3:CreateAccessPoint", &self.access_point_arn(name), &context)?;
        check_name(name)?;
        let bucket = request.get("Bucket").unwrap_or_default();
        let owner = self.world.buckets.get(bucket).map(|bucket| bucket.config.account.clone());
        let owner = owner.ok_or_else(|| {
            // As public transcripts of AWS's answer have it.
            let message = "Amazon S3 AccessPoint can only be created for existing bucket";
            Fault::new(400, "InvalidRequest", message)
        })?;
        if owner != request.get("BucketAccountId").unwrap_or(self.account) {
            return Err(Fault::new(403, "AccessDenied", "Access Denied"));
        }
        let key = self.key(name);
        if self.world.control.access_points.contains_key(&key) {
            return Err(Fault::new(
                409,
                "AccessPointAlreadyOwnedByYou",
                "Your previous request to create the named accesspoint succeeded and you already own it.",
            )
            .with("AccessPointName", name));
        }
        let made = AccessPoint {
            account: self.account.to_owned(),
            name: name.to_owned(),
            bucket: bucket.to_owned(),
            bucket_account: owner,
            vpc,
            public_access,
            policy: None,
            alias: alias(self.account, name),
            created: self.scope.now,
        };
        let inner = element("AccessPointArn", &self.access_point_arn(name))
            + &element("Alias", &made.alias);
        self.control().access_points.insert(key, made);
        Ok(Done::Body("CreateAccessPointResult", inner))
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListAccessPoints.html>: by
    /// name, at most 1000 to a page. The token is the last name.
    pub(super) fn list_access_points(&mut self) -> Result<Done> {
        self.takes_query(&["bucket", "maxResults", "nextToken"])?;
        let most = self.query_value("maxResults").map_or(Ok(1000), str::parse);
        let most = most.ok().filter(|most| (0..=1000).contains(most));
        let most = most.ok_or_else(|| {
            Fault::new(400, "InvalidRequest", "maxResults must be between 0 and 1000")
        })?;
        self.authorize("s3:ListAccessPoints", "*", &self.context())?;
        let (bucket, after) = (self.query_value("bucket"), self.query_value("nextToken"));
        let mut points = self.world.control.access_points.values().filter(|point| {
            point.account == self.account
                && bucket.is_none_or(|bucket| bucket == point.bucket)
                && after.is_none_or(|after| *point.name > *after)
        });
        let page: Vec<&AccessPoint> = points.by_ref().take(most).collect();
        let list: String =
            page.iter().map(|point| wrap("AccessPoint", &self.shown(point))).collect();
        let mut inner = wrap("AccessPointList", &list);
        if let (Some(last), Some(_)) = (page.last(), points.next()) {
            inner += &element("NextToken", &last.name);
        }
        Ok(Done::Body("ListAccessPointsResult", inner))
    }

    fn query_value(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What a list and a description both say.
    fn shown(&self, point: &AccessPoint) -> String {
        let origin = match &point.vpc {
            Some(vpc) => {
                element("NetworkOrigin", "VPC") + &wrap("VpcConfiguration", &element("VpcId", vpc))
            }
            None => element("NetworkOrigin", "Internet"),
        };
        element("Name", &point.name)
            + &element("Bucket", &point.bucket)
            + &origin
            + &element("Alias", &point.alias)
            + &element("AccessPointArn", &self.access_point_arn(&point.name))
            + &element("BucketAccountId", &point.bucket_account)
    }

    pub(super) fn get_access_point(&mut self, name: &str) -> Result<Done> {
        let point = self.access_point(name, "s3:GetAccessPoint")?;
        let mut inner = self.shown(point);
        inner +=
            &wrap("PublicAccessBlockConfiguration", &super::account::written(point.public_access));
        inner += &element("CreationDate", &timestamp(point.created));
        inner += &wrap("Endpoints", &endpoints(&self.world.region));
        Ok(Done::Body("GetAccessPointResult", inner))
    }

    pub(super) fn delete_access_point(&mut self, name: &str) -> Result<Done> {
        self.access_point(name, "s3:DeleteAccessPoint")?;
        let key = self.key(name);
        self.control().access_points.remove(&key);
        Ok(Done::Nothing(204))
    }

    pub(super) fn put_access_point_policy(&mut self, name: &str) -> Result<Done> {
        let request = self.read("PutAccessPointPolicyRequest", &["Policy"])?;
        let action = "s3:PutAccessPointPolicy";
        let point = self.access_point(name, action)?;
        let text = request.get("Policy").unwrap_or_default().to_owned();
        let known = KnownPrincipals::of(self.world);
        let name_of = "the access point's policy";
        let document = stored_policy::read(PolicyKind::Bucket, &text, name_of, &known, None)
            .map_err(|says| Fault::new(400, says.code, says.message))?;
        let account_blocks = self.world.control.public_access.get(self.account);
        let blocked = point.public_access.block_public_policy
            || account_blocks.is_some_and(|block| block.block_public_policy);
        match document.policy.publicity() {
            Publicity::Public if blocked => {
                let clause = "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access";
                let arn = self.access_point_arn(name);
                return Err(self
                    .scope
                    .refuse(action, &arn, Layer::BlockPublicAccess, clause)
                    .into());
            }
            Publicity::Unknown if blocked => {
                return Err(Fault::not_modelled(
                    "whether conditions keep a policy from being public",
                ));
            }
            Publicity::Public | Publicity::Unknown | Publicity::Private => {}
        }
        let key = self.key(name);
        if let Some(point) = self.control().access_points.get_mut(&key) {
            point.policy = Some(document);
        }
        Ok(Done::Nothing(200))
    }

    pub(super) fn get_access_point_policy(&mut self, name: &str) -> Result<Done> {
        let point = self.access_point(name, "s3:GetAccessPointPolicy")?;
        let policy = point.policy.as_ref().ok_or_else(no_policy)?;
        Ok(Done::Body("GetAccessPointPolicyResult", element("Policy", &policy.text)))
    }

    /// Whether its policy is public, by what S3 calls so.
    pub(super) fn get_access_point_policy_status(&mut self, name: &str) -> Result<Done> {
        let point = self.access_point(name, "s3:GetAccessPointPolicyStatus")?;
        let policy = point.policy.as_ref().ok_or_else(no_policy)?;
        let public = match policy.policy.publicity() {
            Publicity::Public => "true",
            Publicity::Unknown => {
                return Err(Fault::not_modelled(
                    "whether conditions keep a policy from being public",
                ));
            }
            Publicity::Private => "false",
        };
        let inner = wrap("PolicyStatus", &element("IsPublic", public));
        Ok(Done::Body("GetAccessPointPolicyStatusResult", inner))
    }

    pub(super) fn delete_access_point_policy(&mut self, name: &str) -> Result<Done> {
        let point = self.access_point(name, "s3:DeleteAccessPointPolicy")?;
        point.policy.as_ref().ok_or_else(no_policy)?;
        let key = self.key(name);
        if let Some(point) = self.control().access_points.get_mut(&key) {
            point.policy = None;
        }
        Ok(Done::Nothing(204))
    }
}

fn no_policy() -> Fault {
    Fault::new(404, "NoSuchAccessPointPolicy", "The specified accesspoint policy does not exist")
}

/// The hosts of access points by their kind (recorded by LocalStack, `test_access_point_lifecycle`,
/// 30-05-2024).
fn endpoints(region: &str) -> String {
    let hosts = [
        ("dualstack", "s3-accesspoint.dualstack"),
        ("fips", "s3-accesspoint-fips"),
        ("fips_dualstack", "s3-accesspoint-fips.dualstack"),
        ("ipv4", "s3-accesspoint"),
    ];
    let entry = |(kind, host): (&str, &str)| {
        let host = format!("{host}.{region}.amazonaws.com");
        wrap("entry", &(element("key", kind) + &element("value", &host)))
    };
    hosts.map(entry).concat()
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-access-points.html>: 3 to 50 of
/// a-z, 0-9 and `-`, beginning and ending with a letter or digit. What cannot stand in the path at
/// all AWS answers in other words than a name against the rules (recorded by LocalStack,
/// `test_access_point_name_validation`, 30-05-2024).
fn check_name(name: &str) -> Result<()> {
    let bytes = name.as_bytes();
    let in_path = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    if !(3..=50).contains(&bytes.len()) || !bytes.iter().all(in_path) {
        let fault = Fault::new(400, "InvalidURI", "Couldn't parse the specified URI.");
        return Err(fault.with("URI", format!("accesspoint/{name}")));
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| plain(*b));
    if bytes.iter().all(|b| plain(*b) || *b == b'-')
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.ends_with(ALIAS)
    {
        return Ok(());
    }
    let message = "Your Amazon S3 AccessPoint name is invalid";
    Err(Fault::new(400, "InvalidRequest", message))
}

/// `NAME-METADATA-s3alias`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html>.
fn alias(account: &str, name: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let hash = hex::encode(Sha256::digest(format!("{account}/{name}")));
    format!("{}-{}{ALIAS}", name.get(..20).unwrap_or(name), hash.get(..34).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_in_the_words_that_aws_has_for_each_fault() {
        for good in ["abc", "a-b", "1a2", "a".repeat(50).as_str()] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for (bad, code) in [
            ("sa", "InvalidURI"),
            ("xn-_test-alias", "InvalidURI"),
            ("a".repeat(51).as_str(), "InvalidURI"),
            ("-hyphen-start", "InvalidRequest"),
            ("hyphen-end-", "InvalidRequest"),
            ("cannot-end-s3alias", "InvalidRequest"),
            ("cannot-have.dot", "InvalidRequest"),
            ("Upper", "InvalidRequest"),
        ] {
            assert_eq!(check_name(bad).map_err(|fault| fault.code), Err(code), "{bad}");
        }
    }
}
