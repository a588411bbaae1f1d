//! What the services say of a member of an input that breaks a constraint of its model: length,
//! range, pattern, set of values, presence. All of them are told in one message, before anybody is
//! asked whether the call is permitted.
//!
//! The words are those that AWS gives, recorded by `LocalStack` (`test_sts_invalid_parameters`,
//! 2025-07-21; `test_create_key_with_invalid_tag_key`, 2025-01-22;
//! `test_generate_random_invalid_number_of_bytes`, 2023-04-13). That a broken pattern is told
//! before a broken length, and how several problems are joined:
//! <https://github.com/newscorpaus/consigliere/issues/18>.

/// A constraint of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Of a text the characters, of a list the members: from, to.
    Length(usize, usize),
    /// From, to.
    Range(i64, i64),
    /// The characters, as the service's model writes them.
    Pattern(&'static str, fn(char) -> bool),
    /// As the service's model writes it, where it is more than a set of characters.
    Form(&'static str, fn(&str) -> bool),
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// What a service's model says of a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its path in the input without the numbers of lists, such as `Tags.TagKey`.
    pub name: &'static str,
    pub rules: &'static [Rule],
    /// Whether messages leave its value out.
    pub hidden: bool,
}

impl Member {
    pub(super) const fn new(name: &'static str, rules: &'static [Rule]) -> Self {
        Self { name, rules, hidden: false }
    }

    /// A member whose value no message shows.
    pub(super) const fn hidden(name: &'static str, rules: &'static [Rule]) -> Self {
        Self { name, rules, hidden: true }
    }
}

/// What is wrong with an input.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    /// A member that is required is not there. Its words: AWS's message for `DynamoDB` and Secrets
    /// Manager, whose servers validate in the same way; assumed for others.
    pub(super) fn missing(&mut self, path: &str) {
        self.tell("Value null ", path, "not be null");
    }

    /// Every constraint that a text breaks, or a number written as text.
    pub(super) fn check(&mut self, member: &Member, path: &str, value: &str) {
        let shown = if member.hidden { "Value ".to_owned() } else { format!("Value '{value}' ") };
        let length = value.chars().count();
        for words in broken(member.rules, value, length) {
            self.tell(&shown, path, &words);
        }
    }

    /// Every constraint that so many bytes break.
    pub(super) fn check_bytes(&mut self, member: &Member, path: &str, count: usize) {
        for words in member.rules.iter().filter_map(|rule| broken_length(*rule, count)) {
            self.tell("Value ", path, &words);
        }
    }

    /// A list that may have no more members than `most`; `shown` is how messages write it.
    pub(super) fn check_count(&mut self, path: &str, shown: &str, count: usize, most: usize) {
        if count > most {
            self.tell(&format!("Value '{shown}' "), path, &at_most("length", most));
        }
    }

    /// A list of texts one of which breaks a constraint: then the message has all constraints.
    pub(super) fn check_list(&mut self, member: &Member, path: &str, values: &[String]) {
        let is_broken =
            |value: &String| broken(member.rules, value, value.chars().count()).next().is_some();
        if values.iter().any(is_broken) {
            let all: Vec<String> = member.rules.iter().flat_map(|rule| in_words(*rule)).collect();
            let all: Vec<String> = all.iter().map(|words| format!("Member must {words}")).collect();
            let words = format!("satisfy constraint: [{}]", all.join(", "));
            self.tell(&format!("Value '[{}]' ", values.join(", ")), path, &words);
        }
    }

    fn tell(&mut self, value: &str, path: &str, words: &str) {
        self.0
            .push(format!("{value}at '{path}' failed to satisfy constraint: Member must {words}"));
    }

    /// The message of all of them, if there are any.
    pub(super) fn message(&self) -> Option<String> {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        (!self.0.is_empty()).then(|| {
            format!("{} validation error{plural} detected: {}", self.0.len(), self.0.join("; "))
        })
    }
}

fn broken<'a>(
    rules: &'a [Rule],
    value: &'a str,
    length: usize,
) -> impl Iterator<Item = String> + 'a {
    // Patterns first.
    let (patterns, others): (Vec<Rule>, Vec<Rule>) =
        rules.iter().partition(|rule| matches!(rule, Rule::Pattern(..) | Rule::Form(..)));
    patterns.into_iter().chain(others).filter_map(move |rule| match rule {
        Rule::Length(..) => broken_length(rule, length),
        Rule::Range(least, most) => match value.parse::<i64>() {
            Ok(number) if number < least => Some(at_least("value", least)),
            Ok(number) if number > most => Some(at_most("value", most)),
            // What is no number is for the protocol to refuse.
            Ok(_) | Err(_) => None,
        },
        Rule::Pattern(pattern, fits) => {
            let empty = pattern.ends_with("+$") || pattern.ends_with('+');
            let fits = value.chars().all(fits) && !(empty && value.is_empty());
            (!fits).then(|| format!("satisfy regular expression pattern: {pattern}"))
        }
        Rule::Form(pattern, fits) => {
            (!fits(value)).then(|| format!("satisfy regular expression pattern: {pattern}"))
        }
        Rule::OneOf(values) => (!values.contains(&value)).then(|| one_of(values)),
    })
}

fn broken_length(rule: Rule, length: usize) -> Option<String> {
    match rule {
        Rule::Length(least, _) if length < least => Some(at_least("length", least)),
        Rule::Length(_, most) if length > most => Some(at_most("length", most)),
        Rule::Length(..)
        | Rule::Range(..)
        | Rule::Pattern(..)
        | Rule::Form(..)
        | Rule::OneOf(_) => None,
    }
}

fn in_words(rule: Rule) -> Vec<String> {
    match rule {
        Rule::Length(least, most) => vec![at_most("length", most), at_least("length", least)],
        Rule::Range(least, most) => vec![at_most("value", most), at_least("value", least)],
        Rule::Pattern(pattern, _) | Rule::Form(pattern, _) => {
            vec![format!("satisfy regular expression pattern: {pattern}")]
        }
        Rule::OneOf(values) => vec![one_of(values)],
    }
}

fn at_least(what: &str, least: impl std::fmt::Display) -> String {
    format!("have {what} greater than or equal to {least}")
}

fn at_most(what: &str, most: impl std::fmt::Display) -> String {
    format!("have {what} less than or equal to {most}")
}

fn one_of(values: &[&str]) -> String {
    format!("satisfy enum value set: [{}]", values.join(", "))
}

/// `roleName` of `RoleName`, as messages write members.
pub(super) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Characters of texts: `\w`, and a few signs besides.
pub(super) const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `[\w+=,.@-]`.
pub(super) fn is_name(c: char) -> bool {
    is_word(c) || "+=,.@-".contains(c)
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
pub(super) fn is_tag(c: char) -> bool {
    let separator = c.is_whitespace() && !c.is_control();
    c.is_alphanumeric() || separator || "_.:/=+-@".contains(c)
}

/// `[\u0009\u000A\u000D\u0020-\u00FF]`.
pub(super) fn is_latin(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_told_as_aws_tells_them() {
        let name = Member::new("N", &[Rule::Length(2, 4), Rule::Pattern("[\\w]+", is_word)]);
        for (value, message) in [
            ("abc", None),
            (
                "",
                Some(
                    "2 validation errors detected: Value '' at 'n' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+; Value '' at 'n' failed to satisfy constraint: Member must have length greater than or equal to 2",
                ),
            ),
            (
                "abcde",
                Some(
                    "1 validation error detected: Value 'abcde' at 'n' failed to satisfy constraint: Member must have length less than or equal to 4",
                ),
            ),
        ] {
            let mut problems = Problems::default();
            problems.check(&name, "n", value);
            assert_eq!(problems.message().as_deref(), message, "{value}");
        }
    }

    #[test]
    fn a_list_is_told_with_all_its_constraints() {
        let mut problems = Problems::default();
        let member = Member::new("L", &[Rule::Length(1, 2)]);
        problems.check_list(&member, "l", &["a".to_owned(), "abc".to_owned()]);
        let expected = "1 validation error detected: Value '[a, abc]' at 'l' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 2, Member must have length greater than or equal to 1]";
        assert_eq!(problems.message().as_deref(), Some(expected));
        let mut fits = Problems::default();
        fits.check_list(&member, "l", &["a".to_owned()]);
        assert_eq!(fits.message(), None);
    }
}
