//! Jobs of S3 Batch Operations: who may create them, and with which role. They are kept and never
//! run.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html>. That the action is
//! asked on every job of the account is what its refusals say.

use gainsay_model::xml::{element, wrap};

use super::{Call, Done, Fault, Result, state::Job, timestamp};
use crate::pass_role::pass_role;

/// Whom the job's role is passed to.
const SERVICE: &str = "batchoperations.s3.amazonaws.com";
const MEMBERS: &[&str] = &[
    "ClientRequestToken",
    "ConfirmationRequired",
    "Description",
    "Manifest",
    "Operation",
    "Priority",
    "Report",
    "RoleArn",
];
const OPERATIONS: &[&str] = &[
    "LambdaInvoke",
    "S3PutObjectCopy",
    "S3PutObjectAcl",
    "S3PutObjectTagging",
    "S3DeleteObjectTagging",
    "S3InitiateRestoreObject",
    "S3PutObjectLegalHold",
    "S3PutObjectRetention",
    "S3ReplicateObject",
];

impl Job {
    /// A job that must be confirmed waits for that; another would be prepared, which here it never
    /// is.
    fn status(&self) -> &'static str {
        match self.request.get("ConfirmationRequired") {
            Some("true") => "Suspended",
            _ => "New",
        }
    }

    fn member(&self, name: &str) -> String {
        self.request.child(name).map(super::Element::write).unwrap_or_default()
    }
}

impl Call<'_> {
    pub(super) fn create_job(&mut self) -> Result<Done> {
        self.takes_query(&[])?;
        let request = self.read("CreateJobRequest", MEMBERS)?;
        let bad = |what: &str| {
            Fault::new(400, "BadRequestException", format!("{what} is missing or invalid"))
        };
        let operation =
            match request.child("Operation").map(|operation| operation.children.as_slice()) {
                Some([one]) if OPERATIONS.contains(&one.name.as_str()) => one.name.clone(),
                Some([one]) => {
                    return Err(Fault::not_modelled(&format!("jobs that do `{}`", one.name)));
                }
                _ => return Err(bad("Operation")),
            };
        let priority: u32 = request
            .get("Priority")
            .and_then(|priority| priority.parse().ok())
            .ok_or_else(|| bad("Priority"))?;
        let role = request
            .get("RoleArn")
            .filter(|arn| is_role(arn))
            .ok_or_else(|| bad("RoleArn"))?
            .to_owned();
        for needed in ["ClientRequestToken", "Manifest", "Report"] {
            request.child(needed).ok_or_else(|| bad(needed))?;
        }
        let mut context = self.context();
        context.set("s3:RequestJobOperation", operation.as_str());
        context.set("s3:RequestJobPriority", priority.to_string());
        self.authorize("s3:CreateJob", &self.arn("job/*"), &context)?;
        let _permit = pass_role(self.world, self.scope, &role, SERVICE)?;
        let token = request.get("ClientRequestToken");
        let jobs = self.world.control.jobs.iter();
        let same = jobs
            .filter(|((account, _), _)| account == self.account)
            .find(|(_, job)| job.request.get("ClientRequestToken") == token);
        let id = match same {
            Some(((_, id), job)) if job.request == request => id.clone(),
            Some(_) => {
                return Err(Fault::new(
                    400,
                    "IdempotencyException",
                    "The client request token was used for another job",
                ));
            }
            None => uuid::Uuid::new_v4().to_string(),
        };
        let job = Job { request, operation, created: self.scope.now };
        let key = self.key(&id);
        self.control().jobs.entry(key).or_insert(job);
        Ok(Done::Body("CreateJobResult", element("JobId", &id)))
    }

    pub(super) fn describe_job(&mut self, id: &str) -> Result<Done> {
        self.takes_query(&[])?;
        let arn = self.arn(&format!("job/{id}"));
        self.authorize("s3:DescribeJob", &arn, &self.context())?;
        let job = self.world.control.jobs.get(&self.key(id));
        let job = job.ok_or_else(|| {
            Fault::new(404, "NotFoundException", "The specified job does not exist")
        })?;
        let mut inner =
            element("JobId", id) + &element("JobArn", &arn) + &element("Status", job.status());
        for name in [
            "ConfirmationRequired",
            "Description",
            "Manifest",
            "Operation",
            "Priority",
            "Report",
            "RoleArn",
        ] {
            inner.push_str(&job.member(name));
        }
        inner.push_str(&element("CreationTime", &timestamp(job.created)));
        Ok(Done::Body("DescribeJobResult", wrap("Job", &inner)))
    }

    /// On which resource the action is asked is assumed: that of `CreateJob`.
    pub(super) fn list_jobs(&mut self) -> Result<Done> {
        self.takes_query(&[])?;
        self.authorize("s3:ListJobs", &self.arn("job/*"), &self.context())?;
        let own =
            self.world.control.jobs.iter().filter(|((account, _), _)| account == self.account);
        let listed = own.map(|((_, id), job)| {
            let inner = element("JobId", id)
                + &job.member("Description")
                + &element("Operation", &job.operation)
                + &job.member("Priority")
                + &element("Status", job.status())
                + &element("CreationTime", &timestamp(job.created));
            wrap("member", &inner)
        });
        let jobs = wrap("Jobs", &listed.collect::<String>());
        Ok(Done::Body("ListJobsResult", jobs))
    }
}

/// `arn:aws:iam::ACCOUNT:role/NAME`.
pub(super) fn is_role(arn: &str) -> bool {
    let account = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    account.is_some_and(|(account, name)| account.len() == 12 && !name.is_empty())
}
