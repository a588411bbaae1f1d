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

use super::{Kind, resolve::Variant};

/// Which attempts of a scenario are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sample {
    /// All of them.
    #[default]
    All,
    /// So many that every two values come together.
    Pairwise,
}

/// How many attempts of a scenario a pairwise sample makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampled {
    /// Of what must be refused.
    pub refusals: SampleCount,
    /// Of what must succeed.
    pub allows: SampleCount,
}

/// How many attempts of a kind a sample makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleCount {
    /// Attempts that are made.
    #[serde(rename = "kept")]
    pub made: usize,
    /// Attempts there would be without the sample.
    #[serde(rename = "of")]
    pub total: usize,
}

impl Sampled {
    /// How many attempts are not made.
    #[must_use]
    pub const fn left_out(self) -> usize {
        let Self { refusals, allows } = self;
        (refusals.total + allows.total) - (refusals.made + allows.made)
    }

    /// The sum of this file's numbers and another's.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { refusals: self.refusals.and(other.refusals), allows: self.allows.and(other.allows) }
    }
}

impl SampleCount {
    const fn and(self, other: Self) -> Self {
        Self { made: self.made + other.made, total: self.total + other.total }
    }
}

impl std::fmt::Display for Sampled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { refusals, allows } = self;
        write!(
            f,
            "pairwise: {} of {} refusals, {} of {} allows; every two values together at least once per file",
            refusals.made, refusals.total, allows.made, allows.total
        )
    }
}

/// Chooses the attempts of one file, in its order.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    /// How many attempts were chosen so far, of how many.
    pub sampled: Sampled,
    /// A number for each variable with its value, and for each entry with its operation.
    values: HashMap<(String, String), u32>,
    /// Which two have come together in what must be refused, and in what must succeed.
    refused: HashSet<(u32, u32)>,
    allowed: HashSet<(u32, u32)>,
}

impl Sampler {
    /// Which variants of an entry are attempted with these values of its variables.
    pub(super) fn choose(
        &mut self,
        (entry, kind): (usize, Kind),
        variables: &[(&str, &str)],
        variants: &[Variant],
    ) -> Vec<Variant> {
        let variables: Vec<u32> =
            variables.iter().map(|(name, value)| self.number(name, value)).collect();
        let mut chosen = Vec::new();
        for variant in variants {
            let what = self.number(&format!("{entry}.{}", variant.base), variant.operation.name);
            let together = if kind == Kind::Allow { &mut self.allowed } else { &mut self.refused };
            // Not `any`: all of them have come together now.
            let new = pairs(&variables, what).filter(|pair| together.insert(*pair)).count();
            if new > 0 || variables.is_empty() {
                chosen.push(*variant);
            }
        }
        let counts =
            if kind == Kind::Allow { &mut self.sampled.allows } else { &mut self.sampled.refusals };
        counts.made += chosen.len();
        counts.total += variants.len();
        chosen
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

    /// What is chosen of them, with so many operations of one entry.
    fn chosen(
        sampler: &mut Sampler,
        kind: Kind,
        sizes: &[usize],
        operations: usize,
    ) -> Vec<(Vec<usize>, &'static str)> {
        let variants: Vec<_> = OPERATIONS
            .iter()
            .take(operations)
            .map(|operation| Variant { base: 0, operation })
            .collect();
        let mut made = Vec::new();
        for row in product(sizes) {
            let texts: Vec<(String, String)> = (0..)
                .zip(&row)
                .map(|(name, value): (u8, _)| (name.to_string(), value.to_string()))
                .collect();
            let variables: Vec<(&str, &str)> =
                texts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let chosen = sampler.choose((0, kind), &variables, &variants);
            made.extend(chosen.into_iter().map(|variant| (row.clone(), variant.operation.name)));
        }
        made
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
        let attempts = chosen(&mut sampler, Kind::Deny, &[100, 100], 10);
        assert_eq!(sampler.sampled.refusals.total, 100_000);
        assert_eq!(sampler.sampled.refusals.made, attempts.len());
        assert!((10_000..12_000).contains(&attempts.len()), "{}", attempts.len());
    }

    #[test]
    fn what_has_fewer_than_two_variables_is_kept_whole() {
        for sizes in [&[][..], &[7]] {
            let mut sampler = Sampler::default();
            chosen(&mut sampler, Kind::Deny, sizes, 5);
            assert_eq!(sampler.sampled.refusals.made, sampler.sampled.refusals.total, "{sizes:?}");
        }
    }

    #[test]
    fn what_is_permitted_does_not_stand_for_what_is_refused() {
        let mut sampler = Sampler::default();
        let allows = chosen(&mut sampler, Kind::Allow, &[4, 4], 3);
        let refusals = chosen(&mut sampler, Kind::Deny, &[4, 4], 3);
        assert_eq!(allows, refusals);
        assert_eq!(sampler.sampled.allows, sampler.sampled.refusals);
    }

    proptest! {
        #[test]
        fn every_two_values_that_could_meet_do(
            sizes in prop::collection::vec(1_usize..6, 1..4),
            operations in 1_usize..5,
        ) {
            let each = |row: Vec<usize>| {
                let names = OPERATIONS.iter().take(operations).map(|operation| operation.name);
                names.map(move |name| (row.clone(), name)).collect::<Vec<_>>()
            };
            let whole: Vec<_> = product(&sizes).into_iter().flat_map(each).collect();
            let sample = chosen(&mut Sampler::default(), Kind::Deny, &sizes, operations);
            prop_assert_eq!(met(&sample), met(&whole));
            prop_assert!(sample.len() <= whole.len());
            let again = chosen(&mut Sampler::default(), Kind::Deny, &sizes, operations);
            prop_assert_eq!(sample, again);
        }
    }
}
