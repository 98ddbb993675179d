//! Every part of an expression with the parts that it stands in.

use promql_parser::parser::{AggregateExpr, BinaryExpr, Expr, ParenExpr, SubqueryExpr, UnaryExpr};

/// Calls `visit` with each part and its ancestors, the outermost first.
pub(in crate::checks) fn walk<'a>(expression: &'a Expr, above: &mut Vec<&'a Expr>, visit: &mut impl FnMut(&'a Expr, &[&'a Expr])) {
    visit(expression, above);
    above.push(expression);
    for part in parts(expression) {
        walk(part, above, visit);
    }
    above.pop();
}

fn parts(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Aggregate(AggregateExpr { expr, param, .. }) => param.iter().map(|parameter| &**parameter).chain([&**expr]).collect(),
        Expr::Unary(UnaryExpr { expr }) | Expr::Paren(ParenExpr { expr }) | Expr::Subquery(SubqueryExpr { expr, .. }) => vec![expr],
        Expr::Binary(BinaryExpr { lhs, rhs, .. }) => vec![lhs, rhs],
        Expr::Call(call) => call.args.args.iter().map(|argument| &**argument).collect(),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::VectorSelector(_) | Expr::MatrixSelector(_) | Expr::Extension(_) => Vec::new(),
    }
}

/// The same without the parentheses around it.
pub(in crate::checks) fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(ParenExpr { expr }) => bare(expr),
        other => other,
    }
}
