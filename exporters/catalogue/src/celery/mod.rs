//! celery-exporter: everything that it can expose, by what it is about.

pub mod broker;
pub mod events;
pub mod peer;
pub mod queues;
pub mod tasks;
pub mod workers;

/// What the exporter says of itself.
pub mod exporter {
    use crate::exporter::{entries, statics};

    entries!(statics "celery");
}

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
///
/// The names of [`peer`] are not in it: they take the place of these where the operator asks for them, and no rule of ours
/// reads them.
pub const PROGRAM: crate::Program = crate::Program {
    name: "celery-exporter",
    sections: &[
        ("broker", broker::ALL),
        ("queues", queues::ALL),
        ("workers", workers::ALL),
        ("tasks", tasks::ALL),
        ("events", events::ALL),
        ("exporter", exporter::ALL),
        ("process", crate::process::ALL),
    ],
};
