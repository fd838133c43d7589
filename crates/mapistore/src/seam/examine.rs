//! What `doctor` says of the registry.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;

use module::Finding;

use crate::legacy::{Mq, Way};
use crate::live::Settings;
use crate::registry::Queue;

const NAME: &str = "registry";

/// Looks at socket and queues.
pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let (socket, queues) = (settings.socket.clone(), settings.queues.clone());
    let look = move || {
        let socket = socket.as_deref().map(examine_socket);
        let queues = queues.iter().map(|(queue, name)| examine_queue(*queue, name));
        socket.into_iter().chain(queues).collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn examine_socket(path: &Path) -> Finding {
    let place = path.display();
    match UnixStream::connect(path) {
        Ok(_) => Finding::ok(NAME, format!("processes of OpenChange connect at {place}")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::ok(NAME, format!("{place}, made when the hub starts"))
        }
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Finding::warning(
            NAME,
            format!("nobody listens at {place}"),
            "start the hub; processes of OpenChange wait until it is there, and lose nothing",
        ),
        Err(error) => Finding::error(
            NAME,
            format!("{place}: {error}"),
            "correct registry.socket and registry.group, and who may enter the folder",
        ),
    }
}

fn examine_queue(queue: Queue, name: &str) -> Finding {
    let what = format!("queue {name} of generation {}", queue.as_str());
    match Mq::open(name, Way::Look) {
        Ok(_) => Finding::ok(NAME, format!("{what} is there")),
        Err(error) if error.is_missing() => Finding::ok(NAME, format!("{what}, made when the hub starts")),
        Err(error) => Finding::error(
            NAME,
            error.to_string(),
            "give the hub the right to read it, or leave it out of registry.legacy",
        ),
    }
}
