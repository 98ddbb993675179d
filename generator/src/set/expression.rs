//! `PromQL` as a tree that can be compared, changed and printed again.

use std::time::Duration;

use promql_parser::parser::token::{T_EQLC, T_GTE, T_GTR, T_LSS, T_LTE, T_NEQ};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{self, BinaryExpr, Expr, MatrixSelector, SubqueryExpr, VectorSelector};
use promql_parser::util::duration::display_duration;

/// A parsed expression; comments and line breaks are gone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression(pub(crate) Expr);

/// What a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Decides a comparison, in this direction.
    Threshold(Direction),
    /// Is given to a function or an aggregation.
    Parameter,
    /// Anything else, such as a code that is added.
    Plain,
}

/// What happens when a threshold is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The comparison holds less often.
    Less,
    /// The comparison holds more often.
    More,
    /// The number is part of a computation, or compared for equality.
    Unknown,
}

/// A number or window of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Literal {
    /// A number, and what it is for.
    Number(f64, Role),
    /// A window.
    Window(Duration),
}

impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text).map(Self)
    }

    /// Prints it on one line.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }

    /// Every number and window, in reading order.
    pub(crate) fn literals(&self) -> Vec<Literal> {
        let mut literals = Vec::new();
        visit(&mut self.0.clone(), Role::Plain, &mut |node, role| match node {
            Expr::NumberLiteral(number) => literals.push(Literal::Number(number.val, role)),
            Expr::MatrixSelector(MatrixSelector { range, .. }) | Expr::Subquery(SubqueryExpr { range, .. }) => literals.push(Literal::Window(*range)),
            _ => {}
        });
        literals
    }

    /// The expression without its numbers and windows: the same for two that differ in those only.
    pub(crate) fn shape(&self) -> String {
        let mut shape = self.0.clone();
        visit(&mut shape, Role::Plain, &mut |node, _| match node {
            Expr::NumberLiteral(number) => number.val = 0.0,
            Expr::MatrixSelector(MatrixSelector { range, .. }) | Expr::Subquery(SubqueryExpr { range, .. }) => *range = Duration::from_secs(1),
            _ => {}
        });
        shape.to_string()
    }

    /// Every selector, those of windows included.
    pub(crate) fn selectors(&self) -> Vec<VectorSelector> {
        let mut selectors = Vec::new();
        visit(&mut self.0.clone(), Role::Plain, &mut |node, _| match node {
            Expr::VectorSelector(selector) => selectors.push(selector.clone()),
            Expr::MatrixSelector(matrix) => selectors.push(matrix.vs.clone()),
            _ => {}
        });
        selectors
    }
}

/// Shows every node to `see`, a parent before its children, with what a number at this place is for.
pub(crate) fn visit(node: &mut Expr, role: Role, see: &mut impl FnMut(&mut Expr, Role)) {
    see(node, role);
    match node {
        Expr::Aggregate(aggregate) => {
            if let Some(parameter) = &mut aggregate.param {
                visit(parameter, Role::Parameter, see);
            }
            visit(&mut aggregate.expr, Role::Plain, see);
        }
        Expr::Unary(unary) => visit(&mut unary.expr, role.computed(), see),
        Expr::Paren(paren) => visit(&mut paren.expr, role, see),
        Expr::Subquery(subquery) => visit(&mut subquery.expr, Role::Plain, see),
        Expr::Binary(binary) => {
            let (left, right) = operand_roles(binary, role);
            visit(&mut binary.lhs, left, see);
            visit(&mut binary.rhs, right, see);
        }
        Expr::Call(call) => {
            for argument in &mut call.args.args {
                // `vector` shows its number, and decides nothing by it.
                let decides = argument.value_type() == ValueType::Scalar && call.func.name != "vector";
                let role = if decides { Role::Parameter } else { Role::Plain };
                visit(argument, role, see);
            }
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::VectorSelector(_) | Expr::MatrixSelector(_) | Expr::Extension(_) => {}
    }
}

/// What numbers on the two sides of an operator are for.
fn operand_roles(binary: &BinaryExpr, role: Role) -> (Role, Role) {
    use Direction::{Less, More, Unknown};
    match binary.op.id() {
        T_GTR | T_GTE => (Role::Threshold(More), Role::Threshold(Less)),
        T_LSS | T_LTE => (Role::Threshold(Less), Role::Threshold(More)),
        T_EQLC | T_NEQ => (Role::Threshold(Unknown), Role::Threshold(Unknown)),
        _ if binary.op.is_set_operator() => (Role::Plain, Role::Plain),
        _ => (role.computed(), role.computed()),
    }
}

impl Role {
    /// The role of a number from which one of this role is computed.
    fn computed(self) -> Self {
        if matches!(self, Self::Threshold(_)) { Self::Threshold(Direction::Unknown) } else { self }
    }
}

/// A window as `PromQL` writes it.
pub(crate) fn window_text(window: Duration) -> String {
    display_duration(&window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_and_reading_again_changes_nothing() {
        for text in [
            r#"(up{job="redis"} == 0) + 1 or on (job, instance) absent(up{job=~"a|b\\."}) * 3"#,
            "sum by (instance, job) (rate(x_total{mode!=\"idle\"}[5m] offset 1w)) / ignoring (a) group_left (b) count without () (y) >= bool 0.05",
            "predict_linear(x[1h:5m], 4 * 3600) < -1.5e9 unless topk(3, y) > histogram_quantile(0.95, sum by (le) (rate(z_bucket[10m])))",
        ] {
            let expression = Expression::parse(text).unwrap();
            assert_eq!(Expression::parse(&expression.text()).unwrap(), expression, "{text}");
        }
    }

    #[test]
    fn numbers_know_what_they_are_for() {
        let expression = Expression::parse("(x == 0) + 1 or rate(y[5m]) * 60 > 10 or quantile(0.9, z) > bool 2").unwrap();
        let numbers = expression.literals().into_iter().filter_map(|literal| match literal {
            Literal::Number(number, role) => Some((number.to_string(), role)),
            Literal::Window(_) => None,
        });
        let expected = [
            ("0", Role::Threshold(Direction::Unknown)),
            ("1", Role::Plain),
            ("60", Role::Threshold(Direction::Unknown)),
            ("10", Role::Threshold(Direction::Less)),
            ("0.9", Role::Parameter),
            ("2", Role::Threshold(Direction::Less)),
        ];
        assert_eq!(numbers.collect::<Vec<_>>(), expected.map(|(number, role)| (number.to_owned(), role)));
    }

    #[test]
    fn expressions_that_differ_in_numbers_have_one_shape() {
        let shape = |text| Expression::parse(text).unwrap().shape();
        assert_eq!(shape("rate(x[5m]) > 1 # often"), shape("rate(x[1h])\n> 2"));
        assert_ne!(shape("x > 1"), shape("x >= 1"));
    }
}
