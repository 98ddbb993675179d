//! `postgres_exporter.yml`: credentials for `/probe`, and the targets that each may be sent to.

use std::{
    collections::BTreeMap,
    fs,
    net::IpAddr,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use exporter_core::{Secret, SecretFile, SecretSource};
use metric_catalogue::postgres::compat;
use serde::Deserialize;
use tracing::{info, warn};

use crate::{
    dsn::{Dsn, DsnError},
    password::Password,
    target::Target,
};

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    auth_modules: BTreeMap<String, Module>,
}

/// Who is probed, whatever whoever asks calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) host: String,
    pub(crate) port: u16,
    database: String,
    mode: &'static str,
    module: String,
    /// Which state of the file: another one may hold other credentials.
    loaded: Option<SystemTime>,
}

/// Values of `sslmode`, the weakest first.
const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// What holds where neither the module nor whoever asks says anything.
const DEFAULT_MODE: &str = "prefer";

/// One set of credentials.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    userpass: Option<UserPass>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    /// `host`, `host:port` or `*.domain`; nothing else is sent these credentials.
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserPass {
    username: String,
    password: Option<String>,
    password_file: Option<PathBuf>,
}

/// Without the password.
impl std::fmt::Debug for UserPass {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("UserPass").field("username", &self.username).field("password_file", &self.password_file).finish_non_exhaustive()
    }
}

/// The file as it was last read without an error.
#[derive(Debug)]
pub(crate) struct Modules {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: File,
    modified: Option<SystemTime>,
    loaded: Option<SystemTime>,
    failed: bool,
}

impl Modules {
    /// A file that need not be there.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, state: Mutex::default() }
    }

    /// Reads the file if it changed.
    fn refresh(&self, state: &mut State) {
        let modified = fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        if modified.is_none() || modified == state.modified {
            return;
        }
        state.modified = modified;
        let read = fs::read_to_string(&self.path).map_err(|error| error.to_string());
        // A parser's message may quote the line, and the line may be a password's: only its place is told.
        let parsed = read.and_then(|text| serde_yaml::from_str::<File>(&text).map_err(|error| place(&error.to_string())));
        match parsed {
            Ok(file) => {
                info!(file = %self.path.display(), modules = file.auth_modules.len(), "Modules are loaded");
                (state.file, state.loaded, state.failed) = (file, Some(SystemTime::now()), false);
            }
            Err(error) => {
                warn!(file = %self.path.display(), error, "Modules cannot be loaded, those of before stay in use");
                state.failed = true;
            }
        }
    }

    /// What is probed with a module's credentials, or one line that says why not.
    pub(crate) fn target(&self, target: &str, module: &str) -> Result<(Key, Target), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut state);
        let found = state.file.auth_modules.get(module).ok_or_else(|| format!("auth_module {module:?} is not in the configuration"))?;
        let (key, target) = found.target(target)?;
        Ok((Key { module: module.to_owned(), loaded: state.loaded, ..key }, target))
    }

    /// How the last reading went; nothing where there is no file.
    pub(crate) fn describe(&self, samples: &mut exporter_core::Samples) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut state);
        if state.modified.is_some() {
            samples.gauge(&compat::CONFIG_LAST_RELOAD_SUCCESSFUL, [], !state.failed);
            samples.gauge(&compat::CONFIG_LAST_RELOAD_TIMESTAMP, [], state.loaded);
        }
    }
}

impl Module {
    fn target(&self, text: &str) -> Result<(Key, Target), String> {
        let malformed = || "target is not of the form host:port/database".to_owned();
        let mut dsn = Dsn::parse_rest(text).map_err(|_| malformed())?;
        // Whoever asks may choose the server and the database, nothing that decides where credentials come from or go to.
        if let Some((name, _)) = dsn.parameters().find(|(name, _)| !matches!(*name, "host" | "port" | "dbname" | "sslmode")) {
            return Err(format!("parameter {name:?} cannot be part of a target"));
        }
        let host = dsn.get("host").ok_or_else(malformed)?.to_ascii_lowercase();
        let port: u16 = dsn.get("port").unwrap_or("5432").parse().map_err(|_| malformed())?;
        if host.contains(',') || host.starts_with('/') {
            return Err(malformed());
        }
        if is_link_local(&host) {
            return Err(LINK_LOCAL.to_owned());
        }
        if !self.targets.iter().any(|allowed| allows(&allowed.to_ascii_lowercase(), &host, &port.to_string())) {
            return Err(format!("{host}:{port} is not among the targets of this auth_module"));
        }
        let Some(userpass) = self.userpass.as_ref().filter(|userpass| self.kind == "userpass" && !userpass.username.is_empty()) else {
            return Err("the auth_module is not of type userpass with a username".to_owned());
        };
        let mode = self.mode(dsn.get("sslmode"))?;
        dsn.set("host", &host);
        dsn.set("port", &port.to_string());
        for (name, value) in &self.options {
            dsn.set(name, value);
        }
        dsn.set("sslmode", mode);
        dsn.set("user", &userpass.username);
        let file = userpass.password_file.clone().map(|path| SecretSource::File(SecretFile::from(path)));
        let password = file.or_else(|| userpass.password.clone().map(|password| SecretSource::Value(Secret::new(password))));
        let target = Target::new(&dsn, password.map(Password::Given)).map_err(|error: DsnError| error.to_string())?;
        let database = dsn.get("dbname").unwrap_or(&userpass.username).to_owned();
        Ok((Key { host, port, database, mode, module: String::new(), loaded: None }, target))
    }

    /// How the connection is secured: as the module has it, or better if whoever asks wants that.
    fn mode(&self, asked: Option<&str>) -> Result<&'static str, String> {
        let rank = |mode: &str| MODES.iter().position(|known| *known == mode);
        let own = self.options.get("sslmode").map_or(DEFAULT_MODE, String::as_str);
        let least = rank(own).ok_or_else(|| format!("found sslmode {own:?} in the auth_module, expected one of {}", MODES.join(", ")))?;
        let wanted = match asked {
            None => least,
            Some(asked) => rank(asked).ok_or_else(|| format!("found sslmode {asked:?}, expected one of {}", MODES.join(", ")))?,
        };
        if wanted < least {
            return Err(format!("sslmode cannot be less than that of this auth_module, {own}"));
        }
        MODES.get(wanted).copied().ok_or_else(|| own.to_owned())
    }
}

/// Where in the file the parser stopped.
fn place(message: &str) -> String {
    let digits = |word: &str| {
        let (_, rest) = message.split_once(word)?;
        let digits: String = rest.chars().skip_while(|character| !character.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    };
    digits("line").map_or_else(
        || "not of the form of postgres_exporter.yml".to_owned(),
        |line| format!("not of the form of postgres_exporter.yml at line {line}"),
    )
}

/// What is said to whoever asks for such an address.
pub(crate) const LINK_LOCAL: &str = "link-local addresses are not probed";

/// The cloud's metadata services live there.
fn is_link_local(host: &str) -> bool {
    host.parse().is_ok_and(is_link_local_address)
}

/// As [`is_link_local`], of what a name stands for.
pub(crate) fn is_link_local_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn allows(pattern: &str, host: &str, port: &str) -> bool {
    let (name, allowed_port) = match pattern.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => (name, Some(port)),
        _ => (pattern, None),
    };
    let named = match name.strip_prefix('*') {
        Some(domain) => domain.starts_with('.') && host.len() > domain.len() && host.ends_with(domain),
        None => name == host,
    };
    named && allowed_port.is_none_or(|allowed| allowed == port)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const FILE: &str = "
auth_modules:
  shop:
    type: userpass
    userpass: {username: me, password: CANARY}
    options: {sslmode: disable}
    targets: ['db1', 'db2:6000', '*.internal', '169.254.1.1']
  open:
    type: userpass
    userpass: {username: me, password: CANARY}
";

    fn modules(text: &str) -> (tempfile::NamedTempFile, Modules) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let modules = Modules::new(file.path().to_owned());
        (file, modules)
    }

    #[test]
    fn credentials_belong_to_their_targets() {
        let (_file, modules) = modules(FILE);
        for target in ["db1", "db1:5433/shop", "db2:6000", "a.internal", "postgresql://db1/x?sslmode=require"] {
            assert!(modules.target(target, "shop").is_ok(), "{target}: {:?}", modules.target(target, "shop").err());
        }
        for target in ["db3", "db2:5432", ".internal", "169.254.1.1", "[fe80::1]", "you@db1", "db1/x?passfile=/etc/shadow", "db1,db3", "/run/pg", ""]
        {
            let refused = modules.target(target, "shop").unwrap_err();
            assert!(!refused.contains("CANARY") && !refused.contains('\n'), "{refused}");
        }
        assert!(modules.target("db1", "open").unwrap_err().contains("not among the targets"));
        assert!(modules.target("db1", "none").unwrap_err().contains("not in the configuration"));
    }

    #[test]
    fn spellings_of_a_target_are_one() {
        let (_file, modules) = modules(FILE);
        let key = |target| modules.target(target, "shop").unwrap().0;
        for other in ["db1:5432", "DB1", "db1/me", "postgresql://db1:05432/me", "db1/?sslmode=disable", "host=db1 dbname=me"] {
            assert_eq!(key(other), key("db1"), "{other}");
        }
        for other in ["db1:5433", "db1/other", "db1?sslmode=require"] {
            assert_ne!(key(other), key("db1"), "{other}");
        }
    }

    #[test]
    fn encryption_cannot_be_lowered() {
        let file = "
auth_modules:
  plain: {type: userpass, userpass: {username: me}, targets: [db]}
  strict: {type: userpass, userpass: {username: me}, targets: [db], options: {sslmode: verify-full}}
";
        let (_file, modules) = modules(file);
        let mode = |target, module| modules.target(target, module).map(|(key, _)| key.mode);
        assert_eq!(mode("db", "plain"), Ok("prefer"));
        assert_eq!(mode("db?sslmode=require", "plain"), Ok("require"));
        assert_eq!(mode("db?sslmode=verify-full", "strict"), Ok("verify-full"));
        for (target, module) in
            [("db?sslmode=disable", "plain"), ("db?sslmode=allow", "plain"), ("db?sslmode=verify-ca", "strict"), ("db?sslmode=x", "plain")]
        {
            assert!(mode(target, module).unwrap_err().contains("sslmode"), "{target}");
        }
    }

    #[test]
    fn nothing_prints_the_password() {
        let (_file, modules) = modules(FILE);
        let target = modules.target("db1", "shop").unwrap();
        assert!(!format!("{modules:?} {target:?}").contains("CANARY"));
        assert!(!place("invalid type: string \"CANARY\", expected a map at line 4 column 2").contains("CANARY"));
    }

    #[test]
    fn broken_file_is_reported() {
        let (_file, modules) = modules("auth_modules: [");
        let mut samples = exporter_core::Samples::default();
        modules.describe(&mut samples);
        assert_eq!(samples.text(), "postgres_exporter_config_last_reload_successful 0\n");
    }
}
