//! The variables of `.env`: what can differ between sites without touching the spec.

/// One variable.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) reader: Reader,
    /// What it is, for the person who edits the file.
    pub(crate) comment: &'static str,
}

/// What holds where the file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A value that suits the compose network.
    Default(&'static str),
    /// Nothing, which has a meaning of its own.
    Empty,
    /// The stack does not start without it.
    Required,
}

/// Who acts on a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The generator: the files must be rendered again.
    Generator,
    /// Compose: the containers must be created again.
    Compose,
    /// Compose, which hands it to containers as a file and never as a variable.
    Secret,
}

pub(crate) static GRAFANA_ADMIN_PASSWORD: Variable =
    Variable { name: "GRAFANA_ADMIN_PASSWORD", value: Value::Required, reader: Reader::Secret, comment: "Password of Grafana's user admin." };

pub(crate) static ADMIN_EMAIL: Variable =
    Variable { name: "ADMIN_EMAIL", value: Value::Default("admin@selextract.com"), reader: Reader::Generator, comment: "Who gets alerts by e-mail." };

pub(crate) static SMTP_HOST: Variable = Variable {
    name: "SMTP_HOST",
    value: Value::Default("smtp.selextract.com:587"),
    reader: Reader::Generator,
    comment: "Mail server, with its port. STARTTLS is required.",
};

pub(crate) static SMTP_USER: Variable = Variable {
    name: "SMTP_USER",
    value: Value::Default("alerts@selextract.com"),
    reader: Reader::Generator,
    comment: "User name for the mail server.",
};

pub(crate) static SMTP_FROM: Variable =
    Variable { name: "SMTP_FROM", value: Value::Default("alerts@selextract.com"), reader: Reader::Generator, comment: "Sender of alerts." };

pub(crate) static SMTP_PASSWORD: Variable =
    Variable { name: "SMTP_PASSWORD", value: Value::Required, reader: Reader::Secret, comment: "Password for the mail server." };

pub(crate) static SLACK_WEBHOOK_URL: Variable = Variable {
    name: "SLACK_WEBHOOK_URL",
    value: Value::Empty,
    reader: Reader::Secret,
    comment: "Slack's incoming webhook for critical alerts. Empty: no Slack. The generator reads whether it is set, so render after a change.",
};

pub(crate) static SLACK_CHANNEL: Variable =
    Variable { name: "SLACK_CHANNEL", value: Value::Default("#alerts"), reader: Reader::Generator, comment: "Channel that it posts to." };

pub(crate) static METRICS_TOKEN: Variable = Variable {
    name: "METRICS_TOKEN",
    value: Value::Empty,
    reader: Reader::Secret,
    comment: "Token that /metrics of the API asks for. Empty: the page is open on its network. The generator reads whether it is set, so render after a change.",
};

pub(crate) static WEBHOOK_URL: Variable = Variable {
    name: "ALERTMANAGER_WEBHOOK_URL",
    value: Value::Default("http://api:8000/internal/alerts"),
    reader: Reader::Generator,
    comment: "Where Alertmanager posts alerts.",
};

pub(crate) static WEBHOOK_USER: Variable = Variable {
    name: "ALERTMANAGER_WEBHOOK_USER",
    value: Value::Default("alertmanager"),
    reader: Reader::Generator,
    comment: "User name that Alertmanager logs in to the webhook with.",
};

pub(crate) static WEBHOOK_PASSWORD: Variable = Variable {
    name: "ALERTMANAGER_WEBHOOK_PASSWORD",
    value: Value::Required,
    reader: Reader::Secret,
    comment: "Password that Alertmanager logs in to the webhook with.",
};

pub(crate) static HEARTBEAT_URL: Variable = Variable {
    name: "HEARTBEAT_URL",
    value: Value::Empty,
    reader: Reader::Generator,
    comment: "Service that raises the alarm when the Watchdog alert stops arriving. Empty: the Watchdog is kept inside.",
};

pub(crate) static POSTGRES_DSN: Variable = Variable {
    name: "POSTGRES_DSN",
    value: Value::Empty,
    reader: Reader::Secret,
    comment: "The PostgreSQL server that is watched, on APP_NETWORK: postgresql://user:password@host:port/database. Empty: postgres:5432, without a password.",
};

pub(crate) static REDIS_ADDR: Variable = Variable {
    name: "REDIS_ADDR",
    value: Value::Default("redis://redis:6379"),
    reader: Reader::Compose,
    comment: "The Redis server that is watched, on APP_NETWORK.",
};

pub(crate) static REDIS_PASSWORD: Variable =
    Variable { name: "REDIS_PASSWORD", value: Value::Empty, reader: Reader::Secret, comment: "Its password. Empty: none is sent." };

pub(crate) static CELERY_BROKER_URL: Variable = Variable {
    name: "CELERY_BROKER_URL",
    value: Value::Default("redis://redis:6379/0"),
    reader: Reader::Compose,
    comment: "The broker of the Celery workers that are watched, on APP_NETWORK.",
};

pub(crate) static CELERY_BROKER_PASSWORD: Variable = Variable {
    name: "CELERY_BROKER_PASSWORD",
    value: Value::Empty,
    reader: Reader::Secret,
    comment: "Its password, which does not belong into the address: others could read it there. Empty: none is sent.",
};

pub(crate) static BIND_ADDRESS: Variable = Variable {
    name: "BIND_ADDRESS",
    value: Value::Default("127.0.0.1"),
    reader: Reader::Compose,
    comment: "Address of the host on which Prometheus, Alertmanager and Grafana are published. The first two ask for no password.",
};

pub(crate) static HOST_GATEWAY: Variable = Variable {
    name: "HOST_GATEWAY",
    value: Value::Default("172.17.0.1"),
    reader: Reader::Compose,
    comment: "Address of the host on Docker's own bridge (`ip -4 addr show docker0`). node-exporter listens there and nowhere else.",
};

pub(crate) static CONFIG_DIR: Variable = Variable {
    name: "CONFIG_DIR",
    value: Value::Default("./generated"),
    reader: Reader::Compose,
    comment: "The rendered set that is mounted: ./generated holds the defaults, ./site what you rendered from this file.",
};

pub(crate) static APP_NETWORK: Variable = Variable {
    name: "APP_NETWORK",
    value: Value::Default("selextract"),
    reader: Reader::Compose,
    comment: "Existing Docker network of the watched services.",
};

pub(crate) static ENVIRONMENT: Variable = Variable {
    name: "ENVIRONMENT",
    value: Value::Default("production"),
    reader: Reader::Generator,
    comment: "Label environment of everything that leaves this Prometheus.",
};

pub(crate) static CLUSTER: Variable = Variable {
    name: "CLUSTER",
    value: Value::Default("main"),
    reader: Reader::Generator,
    comment: "Label cluster of everything that leaves this Prometheus.",
};

/// Every variable, in the order of `.env.example`.
pub(crate) static ALL: [&Variable; 24] = [
    &GRAFANA_ADMIN_PASSWORD,
    &ADMIN_EMAIL,
    &SMTP_HOST,
    &SMTP_USER,
    &SMTP_FROM,
    &SMTP_PASSWORD,
    &WEBHOOK_URL,
    &WEBHOOK_USER,
    &WEBHOOK_PASSWORD,
    &SLACK_WEBHOOK_URL,
    &SLACK_CHANNEL,
    &HEARTBEAT_URL,
    &METRICS_TOKEN,
    &POSTGRES_DSN,
    &REDIS_ADDR,
    &REDIS_PASSWORD,
    &CELERY_BROKER_URL,
    &CELERY_BROKER_PASSWORD,
    &BIND_ADDRESS,
    &HOST_GATEWAY,
    &CONFIG_DIR,
    &APP_NETWORK,
    &ENVIRONMENT,
    &CLUSTER,
];

impl Variable {
    /// The value that holds where the file says nothing; empty where there is none.
    pub(crate) fn default(&self) -> &'static str {
        match self.value {
            Value::Default(value) => value,
            Value::Empty | Value::Required => "",
        }
    }

    /// How a compose file refers to its value.
    pub(crate) fn reference(&self) -> String {
        format!("${{{}:-{}}}", self.name, self.default())
    }

    /// Its name for one of several parts, each of which reads one of its own.
    pub(crate) fn name_of(&self, number: u8) -> String {
        if number == 1 { self.name.to_owned() } else { format!("{}_{number}", self.name) }
    }

    /// How a compose file refers to the value of one of several: only the first has a default.
    pub(crate) fn reference_of(&self, number: u8) -> String {
        if number == 1 { self.reference() } else { format!("${{{}:?is required in .env}}", self.name_of(number)) }
    }

    /// Name of the file that holds it, if it is a secret: a compose secret's, and so the last part of the file's path.
    pub(crate) fn secret_file(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_no_default() {
        for variable in ALL.into_iter().filter(|variable| variable.reader == Reader::Secret) {
            assert_eq!(variable.default(), "", "{}", variable.name);
        }
    }

    #[test]
    fn only_secrets_are_required() {
        for variable in ALL.into_iter().filter(|variable| variable.value == Value::Required) {
            assert_eq!(variable.reader, Reader::Secret, "{}", variable.name);
        }
    }
}
