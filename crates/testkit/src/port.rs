//! Free ports on loopback, of which no two tests get the same.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Error;
use crate::packages::user;

/// Below the ports that the kernel gives to outgoing connections.
const FIRST: u16 = 20_000;
const LAST: u16 = 29_999;

/// A port that nobody else gets from here, in this process or another, until it is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lease: File,
}

impl Port {
    /// Finds one on which nobody listens.
    pub fn take() -> Result<Port, Error> {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let count = u32::from(LAST - FIRST) + 1;
        // Processes begin their search at places of their own, so that they seldom meet.
        let place = std::process::id().wrapping_mul(31).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let folder = leases()?;
        for offset in 0..count {
            let offset = u16::try_from(place.wrapping_add(offset) % count).unwrap_or(0);
            let number = FIRST + offset;
            let path = folder.join(number.to_string());
            let lease = File::create(&path).map_err(Error::io(format!("creating {}", path.display())))?;
            let free = lease.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            if free {
                return Ok(Port { number, _lease: lease });
            }
        }
        Err(Error::NoPort { first: FIRST, last: LAST })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

fn leases() -> Result<PathBuf, Error> {
    let folder = std::env::temp_dir().join(format!("intendant-testkit-ports-{}", user()));
    fs::create_dir_all(&folder).map_err(Error::io(format!("creating {}", folder.display())))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports: Vec<Port> = (0..50).map(|_| Port::take().unwrap()).collect();
        let numbers: BTreeSet<u16> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 50);
    }

    #[test]
    fn a_port_in_use_is_not_given() {
        let port = Port::take().unwrap();
        let number = port.number();
        drop(port);
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
        let others: Vec<u16> = (0..50).map(|_| Port::take().unwrap().number()).collect();
        assert!(!others.contains(&number));
    }
}
