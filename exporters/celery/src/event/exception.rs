//! Which exception a failure was, out of two texts that each may hide it.

/// What a failure without a usable text is called.
pub(crate) const UNKNOWN: &str = "unknown";

/// Longest class name that is taken for one.
const CLASS_BYTES: usize = 100;

/// How a task ended that its worker reports as failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed<'a> {
    /// By an exception of this class.
    Error(&'a str),
    /// By asking that its message be rejected.
    Reject,
}

/// Reads the class. The text is the `repr` of the exception, which names the class unless the class has one of its own, or
/// the pool has wrapped it (`ExceptionWithTraceback()`); then it stands in the traceback.
pub(crate) fn failed<'a>(exception: &'a str, traceback: Option<&'a str>) -> Failed<'a> {
    if exception.starts_with("reject requeue=") {
        return Failed::Reject;
    }
    match class(exception).filter(|class| *class != "ExceptionWithTraceback") {
        Some(class) => Failed::Error(last(class)),
        None => match traceback.and_then(raised) {
            Some("celery.exceptions.Reject") => Failed::Reject,
            Some(class) => Failed::Error(last(class)),
            None => Failed::Error(UNKNOWN),
        },
    }
}

/// The name of a task that no worker knows: the only text in which an event of it carries the name.
pub(crate) fn unregistered(exception: &str) -> Option<&str> {
    let name = exception.strip_prefix("NotRegistered('")?.strip_suffix("')")?;
    (!name.contains('\\')).then_some(name)
}

/// `Class` of `Class(…)`.
fn class(text: &str) -> Option<&str> {
    let (class, _) = text.split_once('(')?;
    is_path(class).then_some(class)
}

/// The class on the line where a traceback says what was raised last: the first one that is not indented after its last
/// frame. Lines after it belong to the message.
fn raised(traceback: &str) -> Option<&str> {
    let frame = traceback.rfind("\n  File \"").map_or(0, |at| at + 1);
    let line = traceback.get(frame..)?.lines().find(|line| !line.is_empty() && !line.starts_with(' ') && !line.starts_with("Traceback "))?;
    let class = line.split_once(':').map_or(line, |(class, _)| class);
    is_path(class).then_some(class)
}

/// Names joined by dots.
fn is_path(text: &str) -> bool {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(|first| first.is_alphabetic() || first == '_') && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    text.len() <= CLASS_BYTES && text.split('.').all(word)
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARD: &str = "Traceback (most recent call last):\n  File \"/x/request.py\", line 1, in on_timeout\n    raise exc\n\
                        billiard.exceptions.TimeLimitExceeded: TimeLimitExceeded(1,)\n";

    #[test]
    fn class_is_found_in_either_text() {
        let expected = [
            ("ValueError('bad input, id=17')", None, "ValueError"),
            ("KeyError(\"missing 'k' key\")", None, "KeyError"),
            ("My('x(y)')", None, "My"),
            ("psycopg2.errors.UniqueViolation('x')", None, "UniqueViolation"),
            ("ExceptionWithTraceback()", Some(HARD), "TimeLimitExceeded"),
            ("<odd repr>", Some(HARD), "TimeLimitExceeded"),
            ("<odd repr>", Some("  File \"a.py\", line 1\n    x\nError: first\nsecond: line\n"), "Error"),
            ("<odd repr>", Some("A: first\n\nDuring handling:\n\n  File \"a.py\", line 1\n    x\nm.B\n"), "B"),
            ("<odd repr>", None, "unknown"),
            ("", Some(""), "unknown"),
            ("two words(1)", None, "unknown"),
        ];
        for (exception, traceback, class) in expected {
            assert_eq!(failed(exception, traceback), Failed::Error(class), "{exception}");
        }
    }

    #[test]
    fn reject_is_no_error() {
        let threads = "Traceback (most recent call last):\n  File \"a.py\", line 1, in rej\n    raise Reject('no')\n\
                       celery.exceptions.Reject: ('no', False)\n";
        assert_eq!(failed("reject requeue=False: no", Some(threads)), Failed::Reject);
        assert_eq!(failed("ExceptionWithTraceback()", Some(threads)), Failed::Reject);
        assert_eq!(failed("Reject('mine')", None), Failed::Error("Reject"));
    }

    #[test]
    fn unregistered_task_has_its_name() {
        assert_eq!(unregistered("NotRegistered('app.gone')"), Some("app.gone"));
        assert_eq!(unregistered("ValueError('app.gone')"), None);
    }

    #[test]
    fn broken_exceptions_do_not_panic() {
        let correct: [&[u8]; 3] = [
            b"Retry(Retry(...), TimeoutError('always'), 0.2)",
            b"NotRegistered('app.gone')",
            b"Traceback (most recent call last):\n  File \"a.py\", line 1\nbilliard.exceptions.TimeLimitExceeded: (1,)\n",
        ];
        crate::fuzz::feed(&correct, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let _ = (failed(&text, None), failed("ExceptionWithTraceback()", Some(&text)), unregistered(&text));
        });
    }

    proptest::proptest! {
        #[test]
        fn no_texts_panic(exception in "\\PC{0,60}", traceback in "[ a-zA-Z:.\n\"é]{0,200}") {
            let _ = failed(&exception, Some(&traceback));
            let _ = unregistered(&exception);
        }
    }
}
