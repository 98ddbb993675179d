//! What can be changed in one node of an expression.

use std::fmt;
use std::time::Duration;

use promql_parser::label::Matchers;
use promql_parser::parser::token::{T_EQLC, T_GTE, T_GTR, T_LSS, T_LTE, T_NEQ, TokenId, TokenType};
use promql_parser::parser::{Expr, LabelModifier};

use crate::set::{Direction, Role, window_text};

/// Enough to be a different promise, and little enough that a test must look at the number to see it.
const SCALE: f64 = 2.0;

/// A window of another order: over four times the samples, or a quarter of them.
const WINDOW_SCALE: u32 = 4;

/// One change to one node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// Another comparison, with a number on its right if it has one there.
    Comparator { from: TokenId, to: TokenId, with: Option<f64> },
    /// Another number.
    Number { role: Role, from: f64, to: f64 },
    /// Another window.
    Window { of: String, from: Duration, to: Duration },
    /// A selector without one of its matchers, by place.
    Matcher { text: String, of: String, place: usize },
    /// An aggregation without one of its labels, by place.
    Grouping { label: String, of: String, place: usize },
}

/// Every change to a node.
pub(super) fn all(node: &Expr, role: Role) -> Vec<Change> {
    match node {
        Expr::Binary(binary) if binary.op.is_comparison_operator() => comparators(binary.op.id(), number(&binary.rhs)),
        Expr::NumberLiteral(number) if role != Role::Plain => numbers(role, number.val),
        Expr::MatrixSelector(matrix) => {
            let of = matrix.vs.name.clone().unwrap_or_default();
            windows(&of, matrix.range).chain(matchers(&of, &matrix.vs.matchers)).collect()
        }
        Expr::Subquery(subquery) => windows("a subquery", subquery.range).collect(),
        Expr::VectorSelector(selector) => matchers(&selector.name.clone().unwrap_or_default(), &selector.matchers).collect(),
        Expr::Aggregate(aggregate) => {
            let labels = aggregate.modifier.iter().flat_map(|modifier| &modifier.labels().labels);
            let of = aggregate.op.to_string();
            labels.enumerate().map(|(place, label)| Change::Grouping { label: label.clone(), of: of.clone(), place }).collect()
        }
        _ => Vec::new(),
    }
}

fn number(node: &Expr) -> Option<f64> {
    if let Expr::NumberLiteral(number) = node { Some(number.val) } else { None }
}

fn comparators(from: TokenId, with: Option<f64>) -> Vec<Change> {
    let others: &[TokenId] = match from {
        T_GTR => &[T_GTE, T_LSS],
        T_GTE => &[T_GTR, T_LTE],
        T_LSS => &[T_LTE, T_GTR],
        T_LTE => &[T_LSS, T_GTE],
        T_EQLC => &[T_NEQ],
        T_NEQ => &[T_EQLC],
        _ => &[],
    };
    others.iter().map(|to| Change::Comparator { from, to: *to, with }).collect()
}

fn numbers(role: Role, from: f64) -> Vec<Change> {
    let others = match role {
        // Zero has no scale. Where a value is compared with it for equality, it is a code, and another code is 1.
        Role::Threshold(Direction::Unknown) if from == 0.0 => vec![1.0],
        _ if from == 0.0 => Vec::new(),
        _ => vec![from * SCALE, from / SCALE],
    };
    others.into_iter().map(|to| Change::Number { role, from, to }).collect()
}

fn windows(of: &str, from: Duration) -> impl Iterator<Item = Change> {
    let others = [from.saturating_mul(WINDOW_SCALE), from / WINDOW_SCALE];
    others.into_iter().map(move |to| Change::Window { of: of.to_owned(), from, to })
}

fn matchers(of: &str, matchers: &Matchers) -> impl Iterator<Item = Change> {
    matchers.matchers.iter().enumerate().map(move |(place, matcher)| Change::Matcher { text: matcher.to_string(), of: of.to_owned(), place })
}

impl Change {
    /// Makes it in the node that it was found for.
    pub(super) fn apply(&self, node: &mut Expr) {
        match (self, node) {
            (Self::Comparator { to, .. }, Expr::Binary(binary)) => binary.op = TokenType::new(*to),
            (Self::Number { to, .. }, Expr::NumberLiteral(number)) => number.val = *to,
            (Self::Window { to, .. }, Expr::MatrixSelector(matrix)) => matrix.range = *to,
            (Self::Window { to, .. }, Expr::Subquery(subquery)) => subquery.range = *to,
            (Self::Matcher { place, .. }, Expr::VectorSelector(selector)) => without(&mut selector.matchers.matchers, *place),
            (Self::Matcher { place, .. }, Expr::MatrixSelector(matrix)) => without(&mut matrix.vs.matchers.matchers, *place),
            (Self::Grouping { place, .. }, Expr::Aggregate(aggregate)) => {
                if let Some(LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) = &mut aggregate.modifier {
                    without(&mut labels.labels, *place);
                }
            }
            _ => {}
        }
    }
}

fn without<T>(list: &mut Vec<T>, place: usize) {
    if place < list.len() {
        list.remove(place);
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comparator { from, to, with } => {
                let with = with.map_or_else(String::new, |number| format!(" {number}"));
                write!(formatter, "comparator {}{with} to {}{with}", TokenType::new(*from), TokenType::new(*to))
            }
            Self::Number { role: Role::Parameter, from, to } => write!(formatter, "parameter {from} to {to}"),
            Self::Number { from, to, .. } => write!(formatter, "threshold {from} to {to}"),
            Self::Window { of, from, to } => write!(formatter, "window of {of} {} to {}", window_text(*from), window_text(*to)),
            Self::Matcher { text, of, .. } => write!(formatter, "matcher {text} of {of} dropped"),
            Self::Grouping { label, of, .. } => write!(formatter, "label {label} of {of} dropped"),
        }
    }
}
