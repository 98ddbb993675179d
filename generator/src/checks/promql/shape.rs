//! What is known of an expression's series before there are any: labels, values, unit, and whether they are flows.

use std::collections::{BTreeMap, BTreeSet};

use metric_catalogue::{Definition, Type, Unit};
use promql_parser::label::MatchOp;
use promql_parser::parser::{self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector};

use super::known::{Family, Known};
use super::range::Range;
use super::walk::bare;

/// All series of an expression.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, each with its own sentence")]
pub(in crate::checks) struct Shape {
    /// Whether it has no series but one number.
    pub(in crate::checks) scalar: bool,
    /// Labels that every series has.
    pub(in crate::checks) sure: BTreeSet<String>,
    /// Labels that a series can have, the sure ones included.
    pub(in crate::checks) possible: BTreeSet<String>,
    /// Labels with the same value on every series, and that value.
    pub(in crate::checks) fixed: BTreeMap<String, String>,
    /// Whether it has labels that nobody knows.
    pub(in crate::checks) open: bool,
    pub(super) counter: bool,
    /// Whether it comes from counting, and is nothing when nothing happens.
    pub(super) flow: bool,
    /// The histogram whose buckets these are.
    pub(super) buckets: Option<&'static Definition>,
    pub(in crate::checks) unit: Option<Unit>,
    pub(super) range: Range,
}

impl Shape {
    fn number(range: Range) -> Self {
        Self {
            scalar: true,
            sure: BTreeSet::new(),
            possible: BTreeSet::new(),
            fixed: BTreeMap::new(),
            open: false,
            counter: false,
            flow: false,
            buckets: None,
            unit: None,
            range,
        }
    }

    fn labelled(labels: impl IntoIterator<Item = String>, range: Range) -> Self {
        let labels: BTreeSet<String> = labels.into_iter().collect();
        Self { scalar: false, sure: labels.clone(), possible: labels, ..Self::number(range) }
    }

    /// The same series with other values.
    fn with(self, range: Range, unit: Option<Unit>) -> Self {
        Self { counter: false, range, unit, ..self }
    }

    fn keeping(mut self, keep: impl Fn(&str) -> bool) -> Self {
        for labels in [&mut self.sure, &mut self.possible] {
            labels.retain(|label| keep(label));
        }
        self.fixed.retain(|label, _| keep(label));
        self
    }

    pub(in crate::checks) fn can_have(&self, label: &str) -> bool {
        self.open || self.possible.contains(label)
    }
}

/// What is known of an expression.
pub(in crate::checks) fn infer(expression: &Expr, known: &Known<'_>) -> Shape {
    match expression {
        Expr::NumberLiteral(number) => Shape::number(Range::between(number.val, number.val)),
        Expr::StringLiteral(_) | Expr::Extension(_) => Shape::number(Range::ANY),
        Expr::Paren(paren) => infer(&paren.expr, known),
        Expr::Unary(unary) => {
            let shape = infer(&unary.expr, known);
            let Range { least, most, .. } = shape.range;
            let unit = shape.unit;
            shape.with(Range::between(-most, -least), unit)
        }
        Expr::VectorSelector(selector) => of_selector(selector, known),
        Expr::MatrixSelector(matrix) => of_selector(&matrix.vs, known),
        Expr::Subquery(subquery) => infer(&subquery.expr, known),
        Expr::Aggregate(aggregate) => of_aggregate(aggregate, known),
        Expr::Binary(binary) => of_binary(binary, known),
        Expr::Call(call) => of_call(call, known),
    }
}

fn of_selector(selector: &VectorSelector, known: &Known<'_>) -> Shape {
    let name = selector.name.as_deref().unwrap_or_default();
    let mut shape = match known.family(name) {
        None => Shape { open: true, ..Shape::labelled([], Range::ANY) },
        Some(Family::Recorded(expression)) => match parser::parse(expression) {
            Ok(expression) => Shape { counter: false, ..infer(&expression, known) },
            Err(_) => Shape { open: true, ..Shape::labelled([], Range::ANY) },
        },
        Some(family @ Family::Exposed { definition, suffix_label, .. }) => {
            let labels = family.labels().chain(["job", "instance"]).map(str::to_owned);
            let mut shape = Shape::labelled(labels, Range::of(definition));
            for optional in definition.labels.iter().rev().take(definition.optional) {
                shape.sure.remove(*optional);
            }
            shape.counter =
                definition.kind == Type::Counter || matches!(definition.kind, Type::Histogram | Type::Summary) && suffix_label != Some("quantile");
            shape.flow = shape.counter;
            shape.buckets = (suffix_label == Some("le")).then_some(definition);
            shape.unit = if name.ends_with("_count") || name.ends_with("_bucket") { None } else { definition.unit() };
            shape
        }
    };
    for matcher in &selector.matchers.matchers {
        if matches!(matcher.op, MatchOp::Equal) {
            if matcher.value.is_empty() {
                shape = shape.keeping(|label| label != matcher.name);
            } else {
                shape.sure.insert(matcher.name.clone());
                shape.possible.insert(matcher.name.clone());
                shape.fixed.insert(matcher.name.clone(), matcher.value.clone());
            }
        }
    }
    shape
}

fn of_aggregate(aggregate: &AggregateExpr, known: &Known<'_>) -> Shape {
    let inner = infer(&aggregate.expr, known);
    let operator = aggregate.op.to_string();
    if ["topk", "bottomk"].contains(&operator.as_str()) {
        return inner;
    }
    let (range, unit) = match operator.as_str() {
        "count" | "count_values" => (Range { least: 1.0, ..Range::NOT_NEGATIVE }, None),
        "group" => (Range::between(1.0, 1.0), None),
        "sum" if inner.range.least >= 0.0 => (Range { most: f64::INFINITY, ..inner.range }, inner.unit),
        "stddev" | "stdvar" => (Range::NOT_NEGATIVE, None),
        "avg" | "min" | "max" | "quantile" => (inner.range, inner.unit),
        _ => (Range::ANY, inner.unit),
    };
    let flow = inner.flow && unit_or_sum(&operator);
    let kept = match &aggregate.modifier {
        Some(LabelModifier::Include(labels)) => inner.keeping(|label| labels.labels.iter().any(|kept| kept == label)),
        Some(LabelModifier::Exclude(labels)) => inner.keeping(|label| !labels.labels.iter().any(|dropped| dropped == label)),
        None => Shape { open: false, ..inner.keeping(|_| false) },
    };
    let open = kept.open && !matches!(aggregate.modifier, Some(LabelModifier::Include(_)));
    let buckets = kept.buckets.filter(|_| kept.possible.contains("le") && operator == "sum");
    let mut shape = Shape { scalar: false, open, flow, buckets, ..kept.with(range, unit) };
    if let (true, Some(Expr::StringLiteral(label))) = (operator == "count_values", aggregate.param.as_deref().map(bare)) {
        shape.sure.insert(label.val.clone());
        shape.possible.insert(label.val.clone());
    }
    shape
}

/// Whether the aggregate of nothing happening is nothing happening.
fn unit_or_sum(operator: &str) -> bool {
    !matches!(operator, "count" | "count_values" | "group")
}

fn of_binary(binary: &BinaryExpr, known: &Known<'_>) -> Shape {
    let (left, right) = (infer(&binary.lhs, known), infer(&binary.rhs, known));
    let operator = binary.op.to_string();
    match operator.as_str() {
        "and" | "unless" => left,
        "or" => Shape {
            sure: left.sure.intersection(&right.sure).cloned().collect(),
            possible: left.possible.union(&right.possible).cloned().collect(),
            fixed: left.fixed.into_iter().filter(|(label, value)| right.fixed.get(label) == Some(value)).collect(),
            open: left.open || right.open,
            flow: left.flow || right.flow,
            range: left.range.hull(right.range),
            unit: left.unit.filter(|unit| right.unit == Some(*unit)),
            ..left
        },
        _ if binary.op.is_comparison_operator() => of_comparison(binary, &operator, left, right),
        _ => of_arithmetic(binary, &operator, left, right),
    }
}

fn of_comparison(binary: &BinaryExpr, operator: &str, left: Shape, right: Shape) -> Shape {
    if binary.modifier.as_ref().is_some_and(|modifier| modifier.return_bool) {
        let scalar = left.scalar && right.scalar;
        let labelled = if left.scalar { right } else { left };
        return Shape { scalar, flow: false, ..labelled.with(Range::between(0.0, 1.0), None) };
    }
    if left.scalar {
        return right;
    }
    match right.range.number() {
        Some(number) if right.scalar => {
            let (range, unit, counter) = (left.range.filtered(operator, number), left.unit, left.counter);
            Shape { counter, ..left.with(range, unit) }
        }
        _ => Shape { fixed: left.fixed.clone(), ..joined(binary, &left, &right) },
    }
}

fn of_arithmetic(binary: &BinaryExpr, operator: &str, left: Shape, right: Shape) -> Shape {
    let range = left.range.arithmetic(operator, right.range);
    let unit = match operator {
        "/" if left.unit.is_some() && left.unit == right.unit => Some(Unit::Ratio),
        "/" if left.flow && right.flow && left.unit == right.unit => Some(Unit::Ratio),
        "-" if left.scalar && left.range.number().is_some_and(|number| number.to_bits() == 1.0_f64.to_bits()) => right.unit,
        "+" | "-" if left.unit == right.unit => left.unit,
        _ => None,
    };
    let flow = match operator {
        "/" => left.flow,
        _ => left.flow || right.flow,
    };
    let shape = match (left.scalar, right.scalar) {
        (_, true) => left,
        (true, false) => right,
        (false, false) => joined(binary, &left, &right),
    };
    Shape { flow, buckets: None, ..shape.with(range, unit) }
}

/// The labels of two sides that are matched one to one, or one to many.
fn joined(binary: &BinaryExpr, left: &Shape, right: &Shape) -> Shape {
    let card = binary.modifier.as_ref().map(|modifier| &modifier.card);
    let matching = binary.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref());
    let many = match card {
        Some(VectorMatchCardinality::ManyToOne(labels)) => Some((left, right, labels)),
        Some(VectorMatchCardinality::OneToMany(labels)) => Some((right, left, labels)),
        _ => None,
    };
    if let Some((many, one, labels)) = many {
        let mut shape = many.clone();
        for label in &labels.labels {
            if one.possible.contains(label) {
                shape.possible.insert(label.clone());
            }
            if one.sure.contains(label) {
                shape.sure.insert(label.clone());
            }
        }
        return shape;
    }
    match matching {
        Some(LabelModifier::Include(labels)) => left.clone().keeping(|label| labels.labels.iter().any(|kept| kept == label)),
        Some(LabelModifier::Exclude(labels)) => left.clone().keeping(|label| !labels.labels.iter().any(|dropped| dropped == label)),
        None => left.clone(),
    }
}

fn of_call(call: &Call, known: &Known<'_>) -> Shape {
    let argument = |index: usize| call.args.args.get(index).map(|argument| infer(argument, known));
    let first = argument(0).unwrap_or_else(|| Shape::number(Range::ANY));
    let (range, unit) = (first.range, first.unit);
    match call.func.name {
        "rate" | "irate" => first.with(Range::NOT_NEGATIVE, if unit == Some(Unit::Seconds) { Some(Unit::Ratio) } else { unit }),
        "changes" | "resets" => Shape { flow: false, ..first.with(Range::NOT_NEGATIVE, None) },
        "increase" | "abs" => first.with(Range::NOT_NEGATIVE, unit),
        "delta" | "idelta" | "predict_linear" => first.with(Range::ANY, unit),
        "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time" | "sort" | "sort_desc" | "floor" | "ceil" | "round" => {
            first.with(range, unit)
        }
        "sum_over_time" if range.least >= 0.0 => first.with(Range { most: f64::INFINITY, ..range }, unit),
        "count_over_time" | "present_over_time" => Shape { flow: false, ..first.with(Range { least: 1.0, ..Range::NOT_NEGATIVE }, None) },
        "quantile_over_time" => argument(1).unwrap_or(first),
        "clamp_min" => {
            let least = argument(1).and_then(|limit| limit.range.number()).unwrap_or(f64::NEG_INFINITY);
            first.with(Range { least: range.least.max(least), above: false, most: range.most.max(least) }, unit)
        }
        "absent" | "absent_over_time" => {
            let fixed = first.fixed;
            Shape { fixed: fixed.clone(), ..Shape::labelled(fixed.into_keys(), Range::between(1.0, 1.0)) }
        }
        "vector" => Shape { scalar: false, ..first },
        "scalar" => Shape::number(range),
        "time" => Shape::number(Range::NOT_NEGATIVE),
        "histogram_quantile" => {
            let histogram = argument(1).unwrap_or(first);
            let unit = histogram.buckets.and_then(Definition::unit);
            Shape { buckets: None, flow: false, ..histogram.keeping(|label| label != "le").with(Range::ANY, unit) }
        }
        "label_replace" | "label_join" => {
            let mut shape = first;
            if let Some(Expr::StringLiteral(label)) = call.args.args.get(1).map(|label| bare(label)) {
                shape.possible.insert(label.val.clone());
            }
            shape
        }
        _ => first.with(Range::ANY, None),
    }
}
