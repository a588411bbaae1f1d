//! Which attempts of a file are made where not all are: `--sample pairwise`.
//!
//! The number of combinations grows with the product of what is combined; the number that brings
//! every two values together grows with the largest two. An attempt's values are those of its
//! variables, of the row and its own, and what it is: the entry of the file with one operation. In
//! file order an attempt is kept if it brings two values together that none before it did, so that
//! in every file every team meets every other, and every attempt of the file each of them. What is
//! permitted is sampled by itself, by the same rule. Whoever is named as a witness is asked
//! wherever a refusal needs it, whether its own attempt is kept or not.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::attempt::Operation;

/// Which attempts of a scenario are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sample {
    /// All of them.
    #[default]
    All,
    /// So many that every two values come together.
    Pairwise,
}

/// How much a pairwise sample kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampled {
    /// Of what must be refused.
    pub refusals: Kept,
    /// Of what must succeed.
    pub allows: Kept,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Attempts that are made.
    pub kept: usize,
    /// Attempts there would be.
    pub of: usize,
}

impl Sampled {
    /// How many attempts are not made.
    #[must_use]
    pub const fn left_out(self) -> usize {
        let Self { refusals, allows } = self;
        (refusals.of + allows.of) - (refusals.kept + allows.kept)
    }

    /// With that of another file.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { refusals: self.refusals.and(other.refusals), allows: self.allows.and(other.allows) }
    }
}

impl Kept {
    const fn and(self, other: Self) -> Self {
        Self { kept: self.kept + other.kept, of: self.of + other.of }
    }
}

impl std::fmt::Display for Sampled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { refusals, allows } = self;
        write!(
            f,
            "pairwise: {} of {} refusals, {} of {} allows; every two values together at least once per file",
            refusals.kept, refusals.of, allows.kept, allows.of
        )
    }
}

/// Chooses the attempts of one file, in its order.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    /// What has been kept of how much.
    pub sampled: Sampled,
    /// A number for each variable with its value, and for each entry with its operation.
    values: HashMap<(String, String), u32>,
    /// Which two have come together in what must be refused, and in what must succeed.
    refused: HashSet<(u32, u32)>,
    allowed: HashSet<(u32, u32)>,
}

impl Sampler {
    /// Which operations of an entry are attempted with these values of its variables.
    pub(super) fn keep(
        &mut self,
        (entry, kind): (usize, Kind),
        variables: &[(&str, &str)],
        operations: &[&'static Operation],
    ) -> Vec<&'static Operation> {
        let variables: Vec<u32> =
            variables.iter().map(|(name, value)| self.number(name, value)).collect();
        let entry = entry.to_string();
        let mut kept = Vec::new();
        for operation in operations {
            let what = self.number(&entry, operation.name);
            let seen = if kind == Kind::Allow { &mut self.allowed } else { &mut self.refused };
            // Not `any`: all of them have come together now.
            let new = pairs(&variables, what).filter(|pair| seen.insert(*pair)).count();
            if new > 0 || variables.is_empty() {
                kept.push(*operation);
            }
        }
        let counts =
            if kind == Kind::Allow { &mut self.sampled.allows } else { &mut self.sampled.refusals };
        counts.kept += kept.len();
        counts.of += operations.len();
        kept
    }

    fn number(&mut self, name: &str, value: &str) -> u32 {
        let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        *self.values.entry((name.to_owned(), value.to_owned())).or_insert(next)
    }
}

/// Every two of the variables' values and what is attempted.
fn pairs(variables: &[u32], what: u32) -> impl Iterator<Item = (u32, u32)> {
    let of = move |(index, one): (usize, &u32)| {
        let one = *one;
        let later = variables.iter().skip(index + 1).copied().chain([what]);
        later.map(move |other| (one, other))
    };
    variables.iter().enumerate().flat_map(of)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::attempt::OPERATIONS;

    /// Every combination of variables of so many values each.
    fn product(sizes: &[usize]) -> Vec<Vec<usize>> {
        sizes.iter().fold(vec![Vec::new()], |rows, size| {
            let longer = |row: &Vec<usize>| {
                (0..*size).map(|value| [row.as_slice(), &[value]].concat()).collect::<Vec<_>>()
            };
            rows.iter().flat_map(longer).collect()
        })
    }

    /// What is kept of them, with so many operations of one entry.
    fn kept(
        sampler: &mut Sampler,
        kind: Kind,
        sizes: &[usize],
        operations: usize,
    ) -> Vec<(Vec<usize>, &'static str)> {
        let operations: Vec<_> = OPERATIONS.iter().take(operations).collect();
        let mut kept = Vec::new();
        for row in product(sizes) {
            let texts: Vec<(String, String)> = (0..)
                .zip(&row)
                .map(|(name, value): (u8, _)| (name.to_string(), value.to_string()))
                .collect();
            let variables: Vec<(&str, &str)> =
                texts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let chosen = sampler.keep((0, kind), &variables, &operations);
            kept.extend(chosen.into_iter().map(|operation| (row.clone(), operation.name)));
        }
        kept
    }

    /// Every two values that come together in one of these.
    fn met(attempts: &[(Vec<usize>, &'static str)]) -> BTreeSet<(String, String)> {
        let factors = |(row, operation): &(Vec<usize>, &'static str)| {
            let values = row.iter().enumerate().map(|(name, value)| format!("{name}={value}"));
            values.chain([(*operation).to_owned()]).collect::<Vec<String>>()
        };
        let pairs = attempts.iter().map(factors).flat_map(|factors| {
            let pairs = factors.iter().enumerate().flat_map(|(index, one)| {
                let later = factors.get(index + 1..).unwrap_or_default();
                later.iter().map(|other| (one.clone(), other.clone())).collect::<Vec<_>>()
            });
            pairs.collect::<Vec<_>>()
        });
        pairs.collect()
    }

    #[test]
    fn a_hundred_teams_meet_in_little_more_attempts_than_pairs() {
        let mut sampler = Sampler::default();
        let attempts = kept(&mut sampler, Kind::Deny, &[100, 100], 10);
        assert_eq!(sampler.sampled.refusals.of, 100_000);
        assert_eq!(sampler.sampled.refusals.kept, attempts.len());
        assert!((10_000..12_000).contains(&attempts.len()), "{}", attempts.len());
    }

    #[test]
    fn what_has_fewer_than_two_variables_is_kept_whole() {
        for sizes in [&[][..], &[7]] {
            let mut sampler = Sampler::default();
            kept(&mut sampler, Kind::Deny, sizes, 5);
            assert_eq!(sampler.sampled.refusals.kept, sampler.sampled.refusals.of, "{sizes:?}");
        }
    }

    #[test]
    fn what_is_permitted_does_not_stand_for_what_is_refused() {
        let mut sampler = Sampler::default();
        let allows = kept(&mut sampler, Kind::Allow, &[4, 4], 3);
        let refusals = kept(&mut sampler, Kind::Deny, &[4, 4], 3);
        assert_eq!(allows, refusals);
        assert_eq!(sampler.sampled.allows, sampler.sampled.refusals);
    }

    proptest! {
        #[test]
        fn every_two_values_that_could_meet_do(sizes in prop::collection::vec(1_usize..6, 1..4), operations in 1_usize..5) {
            let each = |row: Vec<usize>| OPERATIONS.iter().take(operations).map(move |operation| (row.clone(), operation.name));
            let whole: Vec<_> = product(&sizes).into_iter().flat_map(each).collect();
            let sample = kept(&mut Sampler::default(), Kind::Deny, &sizes, operations);
            prop_assert_eq!(met(&sample), met(&whole));
            prop_assert!(sample.len() <= whole.len());
            prop_assert_eq!(sample, kept(&mut Sampler::default(), Kind::Deny, &sizes, operations));
        }
    }
}
