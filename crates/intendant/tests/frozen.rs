//! A hub that is stopped for longer than any limit (a debugger, a paused container, a frozen machine) and goes on:
//! nothing is lost, nothing runs twice, and the time in which it was stopped counts for nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "the time in which the hub is stopped has to go by")]

mod support;

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use support::World;

/// Longer than the limit of the script and what the engine grants beyond it together.
const FROZEN: Duration = Duration::from_secs(20);

#[test]
fn a_script_that_only_waited_for_the_hub_is_not_too_slow() {
    let world = World::new();
    world.gates();
    let (started, gate) = (world.text("started"), world.text("gate"));
    // More than a pipe holds: it can end only when the hub reads again.
    let script = format!(
        "cat >/dev/null; echo on >'{started}'; read word <'{gate}'; echo ran >>'{}'; \
         head -c 300000 /dev/zero | tr '\\0' x >&2; echo '{{\"status\":0}}'",
        world.text("runs")
    );
    world.backend_with("10slow", "stop", "timeout: 3s\n", &script);
    let serving = world.serve();
    let first = world.submit(r#"{"action":"IDENTITY_UPDATE","concernedTo":"a","payload":{}}"#);
    world.wait_until_started();
    serving.signal(Signal::STOP);
    world.open_gate();
    sleep(FROZEN);
    serving.signal(Signal::CONT);
    let ended = world.run(&["jobs", "watch", &first]);
    assert_eq!(ended.code, 0, "{ended:?} {}", serving.log());
    let shown = world.run(&["jobs", "show", "--json", &first]).json();
    assert_eq!(shown["steps"][0]["attempts"], 1, "{shown}");
    assert_eq!(std::fs::read_to_string(world.path("runs")).unwrap(), "ran\n", "once");
    let ready = world.run(&["doctor", "--json"]);
    assert!(!ready.stdout.contains("not ready"), "{ready:?}");
    assert_eq!(serving.stop(), Some(0));
}
