//! By what a control can be proved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One kind of proof.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A forbidden request that was refused, for the right reason.
    Refusal,
    /// What is deployed was read, and is as it must be.
    Setting,
    /// A permitted request that succeeded.
    PermittedAct,
}

impl Proof {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Setting => "setting",
            Self::PermittedAct => "permitted act",
        }
    }
}

/// The kinds of proof that a control takes, at least one. Every proof of these kinds that is
/// planned must be made and pass. A permitted act is enough where no other kind is named; beside
/// others it is required, and proves nothing without one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Proof>")]
#[schemars(with = "Vec<Proof>")]
pub struct ProvedBy(Vec<Proof>);

/// A control that nothing can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`proved_by` names no kind of proof, or one of them twice")]
pub struct NoProof;

impl TryFrom<Vec<Proof>> for ProvedBy {
    type Error = NoProof;

    fn try_from(kinds: Vec<Proof>) -> Result<Self, NoProof> {
        let mut sorted = kinds.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let good = !kinds.is_empty() && sorted.len() == kinds.len();
        good.then_some(Self(kinds)).ok_or(NoProof)
    }
}

impl ProvedBy {
    /// A refusal alone: what is asked of a control of which nothing is said.
    #[must_use]
    pub fn refusal() -> Self {
        Self(vec![Proof::Refusal])
    }

    /// Whether a proof of this kind counts.
    #[must_use]
    pub fn takes(&self, proof: Proof) -> bool {
        self.0.contains(&proof)
    }

    /// Whether a proof of this kind is enough.
    #[must_use]
    pub fn suffices(&self, proof: Proof) -> bool {
        match proof {
            Proof::Refusal | Proof::Setting => self.takes(proof),
            Proof::PermittedAct => self.0 == [proof],
        }
    }
}

impl std::fmt::Display for ProvedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|kind| kind.as_str()).collect();
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_permitted_act_is_enough_only_where_it_is_all_that_is_asked() {
        let (refusal, setting, act) = (Proof::Refusal, Proof::Setting, Proof::PermittedAct);
        for (kinds, enough) in [
            (vec![refusal], vec![refusal]),
            (vec![refusal, act], vec![refusal]),
            (vec![setting, refusal, act], vec![refusal, setting]),
            (vec![act], vec![act]),
        ] {
            let proved = ProvedBy::try_from(kinds.clone()).unwrap();
            let mut found = vec![refusal, setting, act];
            found.retain(|kind| proved.suffices(*kind));
            assert_eq!(found, enough, "{kinds:?}");
            assert!(kinds.iter().all(|kind| proved.takes(*kind)));
        }
        assert_eq!(ProvedBy::try_from(vec![]), Err(NoProof));
        assert_eq!(ProvedBy::try_from(vec![act, act]), Err(NoProof));
    }
}
