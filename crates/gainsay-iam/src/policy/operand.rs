//! Typed values of condition operators: numbers, dates, networks, ARNs, bytes.
//!
//! Follows "IAM JSON policy elements: Condition operators".

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::error::UndecidableCause;
use crate::pattern::{Glob, Piece};

/// What an operator compares, apart from negation and sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// How two ordered values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// A value of a condition, read once.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Text(String),
    Folded(String),
    Glob(Glob),
    Number(Order, Number),
    Date(Order, OffsetDateTime),
    Bool(bool),
    Bytes(Vec<u8>),
    Net(IpNet),
    Arn(Vec<Glob>),
    /// A lone `*`, of which no page says whether it is every ARN.
    AnyArn,
    /// What has not the segments of an ARN: `*` does not cross a colon, so it matches none.
    NoArn,
}

impl Operand {
    /// Reads the pieces of a policy value; the error says what to write instead.
    pub(crate) fn read(test: Test, pieces: &[Piece]) -> Result<Self, &'static str> {
        let written = || plain(pieces);
        match test {
            Test::Equals => Ok(Operand::Text(written())),
            Test::EqualsIgnoreCase => Ok(Operand::Folded(written().to_lowercase())),
            Test::Like => Ok(Operand::Glob(pieces.iter().copied().collect())),
            Test::Number(order) => Number::read(&written())
                .map(|number| Operand::Number(order, number))
                .ok_or("a number, such as `10`"),
            Test::Date(order) => instant(&written())
                .map(|date| Operand::Date(order, date))
                .ok_or("a date, such as `2030-01-31T00:00:00Z`, or seconds since 1970"),
            Test::Bool | Test::Null => {
                boolean(&written()).map(Operand::Bool).ok_or("`true` or `false`")
            }
            Test::Binary => STANDARD.decode(written()).map(Operand::Bytes).map_err(|_| "base64"),
            Test::Ip => network(&written())
                .map(Operand::Net)
                .ok_or("an address or a CIDR range, such as `203.0.113.0/24`"),
            Test::Arn => Ok(match segments(pieces) {
                Some(segments) => Operand::Arn(segments),
                None if matches!(pieces, [Piece::Many]) => Operand::AnyArn,
                None => Operand::NoArn,
            }),
        }
    }

    /// Whether a value of the request matches this one; an error if this one cannot be compared
    /// with.
    pub(crate) fn matches(&self, value: &str) -> Result<bool, UndecidableCause> {
        Ok(match self {
            Operand::Text(text) => text == value,
            Operand::Folded(text) => *text == value.to_lowercase(),
            Operand::Glob(glob) => glob.matches(value),
            Operand::Number(order, number) => {
                Number::read(value).is_some_and(|value| order.holds(value.cmp(number)))
            }
            Operand::Date(order, date) => {
                instant(value).is_some_and(|value| order.holds(value.cmp(date)))
            }
            Operand::Bool(expected) => boolean(value) == Some(*expected),
            Operand::Bytes(bytes) => STANDARD.decode(value).is_ok_and(|value| value == *bytes),
            Operand::Net(net) => network(value).is_some_and(|value| net.contains(&value)),
            Operand::Arn(globs) => {
                let parts: Vec<&str> = value.splitn(6, ':').collect();
                parts.len() == globs.len()
                    && globs.iter().zip(parts).all(|(glob, part)| glob.matches(part))
            }
            Operand::AnyArn => return Err(UndecidableCause::NotAnArn("*".to_owned())),
            Operand::NoArn => false,
        })
    }
}

/// The text of the pieces in the policy.
fn plain(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Is(c) => *c,
            Piece::One => '?',
            Piece::Many => '*',
        })
        .collect()
}

/// The six segments of an ARN pattern; the colons of the last belong to it.
fn segments(pieces: &[Piece]) -> Option<Vec<Glob>> {
    let parts: Vec<Glob> = pieces
        .splitn(6, |piece| *piece == Piece::Is(':'))
        .map(|part| part.iter().copied().collect())
        .collect();
    (parts.len() == 6).then_some(parts)
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

pub(crate) fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(net) => Some(net),
        Err(_) => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

/// A decimal number, exact at any length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Number {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let digits_only = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        // There is one zero only.
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { negative, whole, fraction })
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = || {
            (self.whole.len(), &self.whole, &self.fraction).cmp(&(
                other.whole.len(),
                &other.whole,
                &other.fraction,
            ))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(),
            (true, true) => size().reverse(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A moment: one of the W3C forms of ISO 8601, from the year alone to fractions of a second with a
/// zone, or seconds since 1970. Four digits are a year.
pub(crate) fn instant(text: &str) -> Option<OffsetDateTime> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if text.len() != 4 && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return OffsetDateTime::from_unix_timestamp(text.parse().ok()?).ok();
    }
    let Some((date, clock)) = text.split_once('T') else {
        return Some(PrimitiveDateTime::new(day(text)?, Time::MIDNIGHT).assume_utc());
    };
    let (clock, offset) = zone(clock)?;
    // A time needs the whole date before it.
    let date = if date.len() == 10 {
        day(date)?
    } else {
        return None;
    };
    Some(PrimitiveDateTime::new(date, time_of_day(clock)?).assume_offset(offset))
}

fn day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = i32::from(two_or_four(parts.next()?, 4)?);
    let month = parts.next().map_or(Some(1), |part| two_or_four(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| two_or_four(part, 2))?;
    if parts.next().is_some() {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()
}

fn time_of_day(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let hour = small(parts.next()?)?;
    let minute = small(parts.next()?)?;
    let (second, fraction) = match parts.next() {
        None => ("00", ""),
        Some(seconds) => {
            seconds.split_once('.').map_or((seconds, "0"), |(second, fraction)| (second, fraction))
        }
    };
    if parts.next().is_some() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Time::from_hms_nano(hour, minute, small(second)?, nanos).ok()
}

/// Splits a clock time from its zone.
fn zone(text: &str) -> Option<(&str, UtcOffset)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, UtcOffset::UTC));
    }
    let at = text.rfind(['+', '-'])?;
    let (clock, offset) = (text.get(..at)?, text.get(at..)?);
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (i8::try_from(small(hours)?).ok()?, i8::try_from(small(minutes)?).ok()?);
    if minutes > 59 {
        return None;
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    Some((clock, UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?))
}

fn small(text: &str) -> Option<u8> {
    u8::try_from(two_or_four(text, 2)?).ok()
}

/// A number of exactly so many digits.
fn two_or_four(text: &str, digits: usize) -> Option<u16> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]
    use super::*;

    #[test]
    fn numbers_compare_as_decimals() {
        let ordered = [
            "-10",
            "-9.5",
            "-1",
            "0",
            "0.05",
            "0.5",
            "1",
            "9",
            "10",
            "10.01",
            "123456789012345678901234567890",
        ];
        for pair in ordered.windows(2) {
            let [small, large] = pair else { continue };
            assert!(Number::read(small).unwrap() < Number::read(large).unwrap(), "{small} {large}");
        }
        for (a, b) in [("007", "7"), ("1.0", "1"), ("-0", "0"), ("+5", "5")] {
            assert_eq!(Number::read(a), Number::read(b));
        }
        for text in ["", "-", "1.", ".5", "1e3", "NaN", "0x10", " 1"] {
            assert_eq!(Number::read(text), None, "{text}");
        }
    }

    #[test]
    fn dates_have_many_forms_and_one_meaning() {
        let same = [
            "2020-01-01T00:00:00Z",
            "2020-01-01",
            "2020-01",
            "2020",
            "1577836800",
            "2020-01-01T00:00Z",
            "2020-01-01T01:00:00+01:00",
            "2019-12-31T19:00:00.000-05:00",
        ];
        for text in same {
            assert_eq!(instant(text).unwrap().unix_timestamp(), 1_577_836_800, "{text}");
        }
        let bad = [
            "",
            "-",
            "soon",
            "2020-13-01",
            "2020-02-30",
            "2020-01-01T00:00:00",
            "2020-01T00:00Z",
            "20-01-01",
        ];
        for text in bad {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
