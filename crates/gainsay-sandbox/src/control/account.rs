//! Block Public Access of an account.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>. The
//! service authorization reference gives the actions no resource; `*` is assumed to be what
//! policies are asked about.

use gainsay_model::{
    PublicAccessBlock,
    xml::{Element, element},
};

use super::{Call, Done, Fault, Result};

const BLOCK: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// Block Public Access as it is written; what is left out is off.
pub(super) fn block(written: &Element) -> Result<PublicAccessBlock> {
    if let Some(name) = written.unknown_child(&BLOCK) {
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
        if request.children.is_empty() {
            // Recorded by LocalStack, `test_empty_public_access_block`, 30-05-2024.
            let message = "Must specify at least one configuration.";
            return Err(Fault::new(400, "InvalidRequest", message));
        }
        let account = self.account.to_owned();
        self.control().public_access.insert(account, block);
        // The page says 201; AWS was recorded to answer 200 (LocalStack,
        // `test_crud_public_access_block`, 2024).
        Ok(Done::Nothing(200))
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
            .with("AccountId", self.account)
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
}
