//! Methods as label values: a closed set, since the method is what a client writes.

use http::Method;

/// Position of `_OTHER`, which stands for every method that is not registered. Also the number of the others.
const OTHER: usize = 9;

/// Number of values.
pub(super) const METHODS: usize = OTHER + 1;

/// A method's position in the catalogue's list.
pub(super) fn index(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PUT => 3,
        Method::DELETE => 4,
        Method::CONNECT => 5,
        Method::OPTIONS => 6,
        Method::TRACE => 7,
        Method::PATCH => 8,
        _ => OTHER,
    }
}

/// The label's value.
pub(super) fn name(index: usize) -> &'static str {
    metric_catalogue::api::http::METHODS.get(index).copied().unwrap_or("_OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_catalogue() {
        assert_eq!(metric_catalogue::api::http::METHODS.len(), METHODS);
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] {
            assert_eq!(name(index(&method.parse().unwrap())), method);
        }
        for method in ["get", "BREW", "PROPFIND"] {
            assert_eq!(name(index(&method.parse().unwrap())), "_OTHER");
        }
    }
}
