//! Why there is no connection, in plain words, and what can be done about it. Pure.

use std::io;

use lapin::ErrorKind;

use crate::connection::{ACCESS_REFUSED, number, reason};
use crate::settings::Address;

/// What the broker answers when it does not let somebody into a virtual host.
const NOT_ALLOWED: u16 = 530;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreached {
    /// Why, in plain words, with those of the broker or the connection behind.
    pub(crate) why: String,
    /// What to do.
    pub(crate) remedy: &'static str,
}

impl Unreached {
    fn new(plain: impl Into<String>, said: &str, remedy: &'static str) -> Self {
        Unreached { why: format!("{} ({said})", plain.into()), remedy }
    }

    /// Nothing was said at all.
    pub(crate) fn silent() -> Self {
        Unreached {
            why: "no answer within 10 s".to_owned(),
            remedy: "look whether a firewall is in the way, and whether something else has its port",
        }
    }
}

/// Why it did not come about.
pub(crate) fn unreached(address: &Address, error: &lapin::Error) -> Unreached {
    if address.is_external()
        && let Some(look) = external(error)
    {
        return Unreached {
            why: format!("{}; {look}", reason(error)),
            remedy: "see the guide, under Connections",
        };
    }
    let said = reason(error);
    match error.kind() {
        ErrorKind::ProtocolError(_) => refused(address, error, &said),
        ErrorKind::IOError(error) => lost(address, error, &said),
        ErrorKind::ParsingError(_) | ErrorKind::InvalidProtocolVersion(_) => foreign(address, &said),
        _ => Unreached { why: said, remedy: "look at RabbitMQ and its log" },
    }
}

/// It was reached, and does not want us.
fn refused(address: &Address, error: &lapin::Error, said: &str) -> Unreached {
    let (user, vhost) = (address.user(), address.vhost());
    match number(error) {
        Some(ACCESS_REFUSED) if said.contains("Login was refused") => Unreached::new(
            format!("it does not let user {user} in: the user or the password is wrong"),
            said,
            "correct user and password, or make the user with `rabbitmqctl add_user`",
        ),
        Some(NOT_ALLOWED) if said.contains("not found") => Unreached::new(
            format!("there is no virtual host {vhost}"),
            said,
            "correct the virtual host, or make it with `rabbitmqctl add_vhost`",
        ),
        Some(NOT_ALLOWED | ACCESS_REFUSED) if said.contains("vhost") => Unreached::new(
            format!("user {user} may not enter the virtual host {vhost}"),
            said,
            "correct user or virtual host, or let the user in with `rabbitmqctl set_permissions -p VHOST USER …`",
        ),
        _ => Unreached { why: said.to_owned(), remedy: "look at RabbitMQ and its log" },
    }
}

/// What went wrong on the way there.
fn lost(address: &Address, error: &io::Error, said: &str) -> Unreached {
    let certificate = "invalid peer certificate";
    let has = |part: &str| said.contains(part);
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            Unreached::new("nobody listens there", said, "start RabbitMQ, or correct host and port")
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::TimedOut => {
            Unreached::new("there is no way to it", said, "look at the network, or correct host and port")
        }
        _ if has("lookup address") || has("resolve") => {
            Unreached::new("its name is not known", said, "correct the host, or look at the name service")
        }
        _ if has(certificate) && (has("UnknownIssuer") || has("UnknownRevocation") || has("self-signed")) => {
            Unreached::new(
                "its certificate is signed by an authority that is not trusted here",
                said,
                "name the file with the authority's certificate in `authorities`",
            )
        }
        _ if has(certificate) && (has("not valid for") || has("NotValidForName")) => Unreached::new(
            "its certificate is for another name",
            said,
            "connect to a name that stands in the certificate, or have it made for this one",
        ),
        _ if has(certificate) && (has("xpired") || has("not valid yet") || has("NotValidYet")) => {
            Unreached::new(
                "its certificate is not valid at this time",
                said,
                "renew it, or put the clock right",
            )
        }
        _ if has(certificate) => Unreached::new(
            "its certificate is refused here",
            said,
            "look at the certificate of RabbitMQ, and at `authorities`",
        ),
        _ if has("alert") && address.is_tls() => Unreached::new(
            "it broke off while the connection was being secured",
            said,
            "look at ssl_options of RabbitMQ: it may want a certificate (`certificate`, `key`)",
        ),
        _ if has("corrupt message") || has("InvalidContentType") => foreign(address, said),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => {
            foreign(address, said)
        }
        _ => Unreached { why: said.to_owned(), remedy: "look at RabbitMQ, its log and the way there" },
    }
}

/// Something is there, and speaks otherwise.
fn foreign(address: &Address, said: &str) -> Unreached {
    if address.is_tls() {
        let remedy = "name the port where RabbitMQ speaks TLS (5671 as a rule), or write amqp://";
        Unreached::new("what answers there does not speak TLS, or went away", said, remedy)
    } else {
        let remedy =
            "name the port where RabbitMQ speaks AMQP (5672 as a rule); for one with TLS write amqps://";
        Unreached::new("what answers there does not speak AMQP in clear, or went away", said, remedy)
    }
}

/// Who signs in with a certificate alone hears little from the broker: where to look.
fn external(error: &lapin::Error) -> Option<&'static str> {
    match number(error) {
        Some(ACCESS_REFUSED) => Some(
            "it trusts the certificate, and has no user called as that says (by common or distinguished name: \
             `ssl_cert_login_from` of RabbitMQ), or its ssl_options lack verify_peer",
        ),
        Some(_) => None,
        None if reason(error).contains("alert") => Some(
            "it does not trust the certificate: give RabbitMQ the authority that signed it (ssl_options.cacertfile)",
        ),
        None if reason(error).contains("invalid peer certificate") => None,
        None if matches!(error.kind(), ErrorKind::IOError(error) if error.kind() == io::ErrorKind::ConnectionRefused) => {
            None
        }
        None => Some(
            "if it ends so at each try, RabbitMQ does not trust the certificate (ssl_options.cacertfile), or knows none \
             for signing in: enable its plugin rabbitmq_auth_mechanism_ssl, and add EXTERNAL to its auth_mechanisms",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Access;

    fn of(uri: &str, error: io::Error) -> String {
        let address = Address::new(uri, Access::default()).unwrap();
        unreached(&address, &lapin::Error::from(error)).why
    }

    #[test]
    fn trouble_with_certificates_is_called_so() {
        let tls = |said: &str| of("amqps://mq", io::Error::new(io::ErrorKind::InvalidData, said.to_owned()));
        for (said, plain) in [
            ("invalid peer certificate: UnknownIssuer", "an authority that is not trusted"),
            ("invalid peer certificate: certificate not valid for name \"mq\"", "for another name"),
            ("invalid peer certificate: certificate expired: 1 s ago", "not valid at this time"),
            ("invalid peer certificate: BadEncoding", "is refused here"),
            ("received fatal alert: CertificateRequired", "being secured"),
            ("received corrupt message of type InvalidContentType", "does not speak TLS"),
        ] {
            let why = tls(said);
            assert!(why.contains(plain) && why.contains(said) && !why.contains("password"), "{why}");
        }
    }

    #[test]
    fn a_broker_that_is_not_there_is_called_so() {
        assert!(of("amqp://mq", io::ErrorKind::ConnectionRefused.into()).starts_with("nobody listens there"));
        assert!(of("amqp://mq", io::ErrorKind::ConnectionReset.into()).contains("AMQP in clear"));
        let unknown = io::Error::other("failed to lookup address information: Name or service not known");
        assert!(of("amqp://mq", unknown).starts_with("its name is not known"));
    }
}
