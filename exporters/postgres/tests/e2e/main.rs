//! The exporter against real servers: Debian's `PostgreSQL` 15, or the version in the folder that `POSTGRES_BIN` names.

#[cfg(test)]
mod custom;
#[cfg(test)]
mod exporter;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod page;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod program;
#[cfg(test)]
mod session;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod troubles;
