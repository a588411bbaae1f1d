//! The services of AWS that are spoken to: what each is called in host names and in signatures.

/// The Region that requests of IAM are signed for
/// (<https://docs.aws.amazon.com/general/latest/gr/iam-service.html>).
pub const IAM_REGION: &str = "us-east-1";

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Amazon S3.
    S3,
    /// Amazon S3 Control.
    S3Control,
    /// AWS KMS.
    Kms,
    /// AWS STS.
    Sts,
    /// AWS IAM, which has one Region.
    Iam,
    /// AWS `CloudTrail`.
    CloudTrail,
    /// Amazon `CloudWatch` Logs.
    Logs,
    /// Amazon `CloudWatch`.
    CloudWatch,
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// Amazon Macie.
    Macie,
    /// AWS Config.
    Config,
}

impl Service {
    /// The services that watch an account.
    pub const WATCH: [Self; 6] = [
        Self::CloudTrail,
        Self::Logs,
        Self::CloudWatch,
        Self::AccessAnalyzer,
        Self::Macie,
        Self::Config,
    ];

    /// What its host names begin with (`endpointPrefix` of its API model).
    const fn label(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::S3Control => "s3-control",
            Self::Kms => "kms",
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::CloudTrail => "cloudtrail",
            Self::Logs => "logs",
            Self::CloudWatch => "monitoring",
            Self::AccessAnalyzer => "access-analyzer",
            Self::Macie => "macie2",
            Self::Config => "config",
        }
    }

    /// What it is called in the scope of a signature: S3 Control signs as S3, as the endpoint rules
    /// of its client say.
    #[must_use]
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::S3Control => Self::S3.label(),
            other => other.label(),
        }
    }

    /// The Region that requests to AWS's own endpoint are signed for, by a client in a Region.
    #[must_use]
    pub const fn signing_region(self, region: &str) -> &str {
        match self {
            Self::Iam => IAM_REGION,
            _ => region,
        }
    }

    /// The endpoint's host in a Region; that of S3 Control has the account in front.
    #[must_use]
    pub fn host(self, region: &str) -> String {
        match self {
            Self::Iam => "iam.amazonaws.com".to_owned(),
            other => format!("{}.{region}.amazonaws.com", other.label()),
        }
    }

    /// Whether both are one to whom a policy lets in: the actions of S3 and of S3 Control begin
    /// with `s3:`.
    #[must_use]
    pub fn is_with(self, other: Self) -> bool {
        self.signing_name() == other.signing_name()
    }
}
