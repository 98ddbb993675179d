//! The `PostgreSQL` exporter while its target misbehaves: the page is there in time, says what is wrong, keeps what is unaffected,
//! and is right again at the next scrape.

#[cfg(test)]
mod network;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod process;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod watched;
