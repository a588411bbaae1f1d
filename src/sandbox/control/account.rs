//! What an account has once: its Block Public Access and its Access Grants instance.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetDataAccess.html>. The service authorization reference gives the
//! actions on Block Public Access no resource; `*` is assumed to be what policies are asked about.

use super::{
    Call, Done, Fault, Result,
    state::Instance,
    timestamp,
    xml::{Element, element},
};
use crate::environment::PublicAccessBlock;

const BLOCK: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// Block Public Access as it is written; what is left out is off.
pub(super) fn block(written: &Element) -> Result<PublicAccessBlock> {
    if let Some(name) = written.stranger(&BLOCK) {
        return Err(Fault::not_modelled(&format!("`{name}` of Block Public Access")));
    }
    let flag = |name: &str| match written.get(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Fault::malformed()),
    };
    Ok(PublicAccessBlock {
        block_public_acls: flag("BlockPublicAcls")?,
        ignore_public_acls: flag("IgnorePublicAcls")?,
        block_public_policy: flag("BlockPublicPolicy")?,
        restrict_public_buckets: flag("RestrictPublicBuckets")?,
    })
}

/// The four settings as they are read.
pub(super) fn written(block: PublicAccessBlock) -> String {
    let values = [
        block.block_public_acls,
        block.ignore_public_acls,
        block.block_public_policy,
        block.restrict_public_buckets,
    ];
    let pairs = BLOCK.iter().zip(values);
    pairs.map(|(name, value)| element(name, &value.to_string())).collect()
}

impl Call<'_> {
    fn account_action(&self, action: &str) -> Result<()> {
        self.takes_query(&[])?;
        self.authorize(action, "*", &self.context())
    }

    pub(super) fn put_public_access_block(&mut self) -> Result<Done> {
        let request = self.read("PublicAccessBlockConfiguration", &BLOCK)?;
        let block = block(&request)?;
        self.account_action("s3:PutAccountPublicAccessBlock")?;
        let account = self.account.to_owned();
        self.control().public_access.insert(account, block);
        Ok(Done::Nothing(201))
    }

    pub(super) fn get_public_access_block(&mut self) -> Result<Done> {
        self.account_action("s3:GetAccountPublicAccessBlock")?;
        let block = self.world.control.public_access.get(self.account).copied();
        let block = block.ok_or_else(|| {
            Fault::new(
                404,
                "NoSuchPublicAccessBlockConfiguration",
                "The public access block configuration was not found",
            )
        })?;
        Ok(Done::Body("PublicAccessBlockConfiguration", written(block)))
    }

    /// The action is that of putting it, as for a bucket's.
    pub(super) fn delete_public_access_block(&mut self) -> Result<Done> {
        self.account_action("s3:PutAccountPublicAccessBlock")?;
        let account = self.account;
        self.control().public_access.remove(account);
        Ok(Done::Nothing(204))
    }

    /// Authorizes an action on the instance, whether or not there is one.
    fn instance(&self, action: &str, query: &[&str]) -> Result<Option<&Instance>> {
        self.takes_query(query)?;
        self.authorize(action, &self.arn("access-grants/default"), &self.context())?;
        Ok(self.world.control.instances.get(self.account))
    }

    pub(super) fn create_instance(&mut self) -> Result<Done> {
        self.read("CreateAccessGrantsInstanceRequest", &[])?;
        if self.instance("s3:CreateAccessGrantsInstance", &[])?.is_some() {
            return Err(Fault::new(
                409,
                "AccessGrantsInstanceAlreadyExists",
                "An Access Grants instance already exists for this account",
            ));
        }
        let (account, created) = (self.account.to_owned(), self.scope.now);
        self.control().instances.insert(account, Instance { created });
        Ok(Done::Body("CreateAccessGrantsInstanceResult", self.told(created)))
    }

    pub(super) fn get_instance(&mut self) -> Result<Done> {
        let held = self.instance("s3:GetAccessGrantsInstance", &[])?.ok_or_else(no_instance)?;
        Ok(Done::Body("GetAccessGrantsInstanceResult", self.told(held.created)))
    }

    pub(super) fn delete_instance(&mut self) -> Result<Done> {
        self.instance("s3:DeleteAccessGrantsInstance", &[])?.ok_or_else(no_instance)?;
        let account = self.account;
        self.control().instances.remove(account);
        Ok(Done::Nothing(204))
    }

    fn told(&self, created: time::OffsetDateTime) -> String {
        element("CreatedAt", &timestamp(created))
            + &element("AccessGrantsInstanceId", "default")
            + &element("AccessGrantsInstanceArn", &self.arn("access-grants/default"))
    }

    /// Grants are not modelled, so an instance has none, and what it answers then is assumed.
    pub(super) fn get_data_access(&mut self) -> Result<Done> {
        let held = self.instance("s3:GetDataAccess", &["target", "permission"])?;
        held.ok_or_else(no_instance)?;
        Err(Fault::new(
            403,
            "AccessDenied",
            "You do not have the requested permissions to the requested S3 prefix",
        ))
    }
}

fn no_instance() -> Fault {
    Fault::new(
        404,
        "AccessGrantsInstanceNotExistsError",
        "Access Grants instance does not exist for this account",
    )
}
