//! Rows as collectors read them: columns by name, numbers as floats, NULL as `None`.

use std::borrow::Cow;

use tokio_postgres::types::{FromSql, Type};

/// Seconds from 1970 to 2000, where the server's clock starts.
const EPOCH: f64 = 946_684_800.0;

/// Seconds in a day, and days in a month as the server counts them where a month has to be a number.
const DAY: f64 = 86_400.0;
const MONTH: f64 = 30.0 * DAY;

/// A column that is not as a collector needs it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowError {
    /// The reply does not have it.
    #[error("column {0:?} is missing")]
    Missing(String),
    /// It is of a type that has no numeric value.
    #[error("column {0:?} is no number")]
    NotANumber(String),
}

/// One row of a reply.
#[derive(Debug)]
pub(crate) enum Row {
    /// As the server sent it.
    Live(tokio_postgres::Row),
    /// Names and values as text: what tests and simple queries have.
    Text(Vec<(String, Option<String>)>),
}

impl Row {
    /// Where a column is.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        match self {
            Self::Live(row) => row.columns().iter().position(|column| column.name() == name),
            Self::Text(columns) => columns.iter().position(|(column, _)| column == name),
        }
    }

    /// The text of a column; empty where it is NULL. Bytes that are no UTF-8 become U+FFFD.
    pub(crate) fn text(&self, name: &str) -> Result<Cow<'_, str>, RowError> {
        let position = self.position(name).ok_or_else(|| RowError::Missing(name.to_owned()))?;
        Ok(self.text_at(position).unwrap_or_default())
    }

    /// The value of a column: numbers, booleans as 0 and 1, times as seconds since 1970, intervals in seconds, WAL
    /// positions in bytes.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, RowError> {
        let position = self.position(name).ok_or_else(|| RowError::Missing(name.to_owned()))?;
        self.number_at(position)
    }

    /// As [`text`](Self::text), by position.
    pub(crate) fn text_at(&self, position: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Live(row) => {
                let raw = row.try_get::<_, Option<Raw<'_>>>(position).ok()??;
                Some(if is_textual(raw.kind) { String::from_utf8_lossy(raw.bytes) } else { raw.number()?.to_string().into() })
            }
            Self::Text(columns) => columns.get(position)?.1.as_deref().map(Cow::Borrowed),
        }
    }

    /// As [`number`](Self::number), by position.
    pub(crate) fn number_at(&self, position: usize) -> Result<Option<f64>, RowError> {
        let (name, value) = match self {
            Self::Live(row) => {
                let Ok(Some(raw)) = row.try_get::<_, Option<Raw<'_>>>(position) else { return Ok(None) };
                (row.columns().get(position).map(tokio_postgres::Column::name), raw.number())
            }
            Self::Text(columns) => {
                let Some((name, Some(text))) = columns.get(position) else { return Ok(None) };
                (Some(name.as_str()), parse(text))
            }
        };
        value.map(Some).ok_or_else(|| RowError::NotANumber(name.unwrap_or_default().to_owned()))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, Option<&str>); N]> for Row {
    fn from(columns: [(&str, Option<&str>); N]) -> Self {
        Self::Text(columns.iter().map(|(name, value)| ((*name).to_owned(), value.map(ToOwned::to_owned))).collect())
    }
}

/// A number as the server writes it; `t` and `f` are 1 and 0.
pub(crate) fn parse(text: &str) -> Option<f64> {
    match text.trim() {
        "t" | "true" | "on" => Some(1.0),
        "f" | "false" | "off" => Some(0.0),
        number => number.parse().ok(),
    }
}

/// Any value in the binary format.
struct Raw<'a> {
    kind: &'a Type,
    bytes: &'a [u8],
}

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(kind: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self { kind: known(kind), bytes })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The same type with a life of its own; every type that is not read counts as text.
fn known(kind: &Type) -> &'static Type {
    const KNOWN: &[Type] = &[
        Type::INT8,
        Type::FLOAT8,
        Type::INT4,
        Type::BOOL,
        Type::TIMESTAMPTZ,
        Type::OID,
        Type::NUMERIC,
        Type::PG_LSN,
        Type::INT2,
        Type::FLOAT4,
        Type::TIMESTAMP,
        Type::INTERVAL,
        Type::XID,
    ];
    KNOWN.iter().find(|known| *known == kind).unwrap_or(&Type::TEXT)
}

fn is_textual(kind: &Type) -> bool {
    *kind == Type::TEXT
}

impl Raw<'_> {
    fn number(&self) -> Option<f64> {
        match *self.kind {
            Type::INT8 => self.integer(),
            Type::INT4 => Some(i32::from_be_bytes(self.bytes.try_into().ok()?).into()),
            Type::INT2 => Some(i16::from_be_bytes(self.bytes.try_into().ok()?).into()),
            Type::OID | Type::XID => Some(u32::from_be_bytes(self.bytes.try_into().ok()?).into()),
            Type::FLOAT8 => Some(f64::from_be_bytes(self.bytes.try_into().ok()?)),
            Type::FLOAT4 => Some(f32::from_be_bytes(self.bytes.try_into().ok()?).into()),
            Type::BOOL => Some(if self.bytes == [0] { 0.0 } else { 1.0 }),
            Type::TIMESTAMPTZ | Type::TIMESTAMP => Some(self.integer()? / 1e6 + EPOCH),
            Type::PG_LSN => Some(float(u64::from_be_bytes(self.bytes.try_into().ok()?))),
            Type::INTERVAL => interval(self.bytes),
            Type::NUMERIC => numeric(self.bytes),
            _ => parse(std::str::from_utf8(self.bytes).ok()?),
        }
    }

    fn integer(&self) -> Option<f64> {
        let value = i64::from_be_bytes(self.bytes.try_into().ok()?);
        Some(if value < 0 { -float(value.unsigned_abs()) } else { float(value.unsigned_abs()) })
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "every sample is a float in the formats; exact up to 2^53")]
const fn float(value: u64) -> f64 {
    value as f64
}

/// Microseconds, days and months, in seconds.
fn interval(bytes: &[u8]) -> Option<f64> {
    let (time, rest) = bytes.split_first_chunk()?;
    let (days, months) = rest.split_first_chunk()?;
    let time = i64::from_be_bytes(*time);
    let micros = if time < 0 { -float(time.unsigned_abs()) } else { float(time.unsigned_abs()) };
    Some(micros / 1e6 + f64::from(i32::from_be_bytes(*days)) * DAY + f64::from(i32::from_be_bytes(months.try_into().ok()?)) * MONTH)
}

/// Digits to the base of 10,000 behind a head of their count, weight of the first, sign and scale. `src/backend/utils/adt/numeric.c`
fn numeric(bytes: &[u8]) -> Option<f64> {
    const NEGATIVE: u16 = 0x4000;
    const NAN: u16 = 0xC000;
    const INFINITY: u16 = 0xD000;
    const MINUS_INFINITY: u16 = 0xF000;
    let mut words = bytes.as_chunks::<2>().0.iter().map(|word| u16::from_be_bytes(*word));
    let count = words.next()?;
    let weight = i32::from(words.next()?.cast_signed());
    let sign = words.next()?;
    let _scale = words.next()?;
    let sum =
        words.take(count.into()).zip((0..).map(|place| weight - place)).map(|(digit, place)| f64::from(digit) * 1e4_f64.powi(place)).sum::<f64>();
    Some(match sign {
        NAN => f64::NAN,
        INFINITY => f64::INFINITY,
        MINUS_INFINITY => f64::NEG_INFINITY,
        NEGATIVE => -sum,
        _ => sum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(kind: &Type, bytes: &[u8]) -> Option<f64> {
        Raw::from_sql(kind, bytes).unwrap().number()
    }

    #[test]
    fn binary_values_are_numbers() {
        assert_eq!(number(&Type::INT8, &(-5_i64).to_be_bytes()), Some(-5.0));
        assert_eq!(number(&Type::INT4, &7_i32.to_be_bytes()), Some(7.0));
        assert_eq!(number(&Type::INT2, &7_i16.to_be_bytes()), Some(7.0));
        assert_eq!(number(&Type::OID, &u32::MAX.to_be_bytes()), Some(4_294_967_295.0));
        assert_eq!(number(&Type::BOOL, &[1]), Some(1.0));
        assert_eq!(number(&Type::FLOAT8, &2.5_f64.to_be_bytes()), Some(2.5));
        assert_eq!(number(&Type::PG_LSN, &0x1_0000_0000_u64.to_be_bytes()), Some(4_294_967_296.0));
        assert_eq!(number(&Type::TIMESTAMPTZ, &1_500_000_i64.to_be_bytes()), Some(946_684_801.5));
        assert_eq!(number(&Type::TEXT, b"12.5"), Some(12.5));
        assert_eq!(number(&Type::TEXT, b"none"), None);
        assert_eq!(number(&Type::INT4, b"x"), None);
    }

    #[test]
    fn intervals_are_seconds() {
        let bytes = [&2_000_000_i64.to_be_bytes()[..], &1_i32.to_be_bytes(), &0_i32.to_be_bytes()].concat();
        assert_eq!(number(&Type::INTERVAL, &bytes), Some(86_402.0));
    }

    #[test]
    fn numerics_are_floats() {
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        assert_eq!(number(&Type::NUMERIC, &words(&[2, 1, 0, 0, 1, 2345])), Some(12_345.0));
        assert_eq!(number(&Type::NUMERIC, &words(&[2, 0, 0x4000, 2, 7, 2500])), Some(-7.25));
        assert_eq!(number(&Type::NUMERIC, &words(&[0, 0, 0, 0])), Some(0.0));
        assert!(number(&Type::NUMERIC, &words(&[0, 0, 0xC000, 0])).is_some_and(f64::is_nan));
    }

    #[test]
    fn missing_column_is_named() {
        let row = Row::from([("a", Some("1")), ("b", None)]);
        assert_eq!(row.number("a"), Ok(Some(1.0)));
        assert_eq!(row.number("b"), Ok(None));
        assert_eq!(row.text("b").as_deref(), Ok(""));
        assert_eq!(row.number("c").unwrap_err().to_string(), "column \"c\" is missing");
        assert_eq!(Row::from([("a", Some("x"))]).number("a").unwrap_err().to_string(), "column \"a\" is no number");
    }
}
