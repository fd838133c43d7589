//! The patch for `SOGo`, as an Objective-C program: compiled as it stands, opening and ending contexts.

use std::fs;
use std::process::Command;

use crate::daemon::{Daemon, triple};
use crate::program::{Bench, Program, run, source};

const FLAGS: &[&str] = &[
    "-std=gnu11",
    "-Wall",
    "-Werror",
    "-g",
    "-pthread",
    "-fobjc-exceptions",
    "-fconstant-string-class=NSConstantString",
    "-D_NATIVE_OBJC_EXCEPTIONS",
    "-DGNUSTEP_BASE_LIBRARY=1",
    "-I/usr/include/GNUstep",
];

#[test]
fn contexts_of_sogo_register_and_unregister() {
    let bench = Bench::new();
    let daemon = Daemon::start(&bench.socket());
    let mut program = Program::spawn(&mut bench.command(patched(&bench)));
    program.says("opened");
    let jerome = (triple("SOGo", "jérôme", "jérôme"), 1);
    daemon.wait_for(&[(triple("SOGo", "alice", "sogo1"), 2), jerome]);
    program.go();
    program.says("half ended");
    daemon.wait_for(&[(triple("SOGo", "alice", "sogo1"), 1)]);
    program.go();
    program.says("ended");
    daemon.wait_for(&[]);
    // What was never registered was not unregistered either: it had no connection, or no name.
    assert_eq!(daemon.look(|peers| peers[0].anomalies), 0);
    program.ends_well();
}

/// Applies the patch and builds.
fn patched(bench: &Bench) -> std::path::PathBuf {
    let (sources, tree) = (source().join("tests/library/objc"), bench.path("objc"));
    fs::create_dir_all(tree.join("OpenChange")).unwrap();
    for name in ["main.m", "OpenChange/MAPIStoreContext.h", "OpenChange/MAPIStoreContext.m"] {
        fs::copy(sources.join(name), tree.join(name)).unwrap();
    }
    let patch = source().join("../../contrib/sogo/register-users.patch");
    run(Command::new("git").args(["apply", "--verbose"]).arg(patch).current_dir(&tree));
    fs::create_dir(bench.path("c")).unwrap();
    fs::copy(source().join("tests/library/c/test.h"), bench.path("c/test.h")).unwrap();

    let program = bench.path("sogo");
    let mut compiler = Command::new("gcc");
    compiler.args(FLAGS).arg("-I").arg(source().join("include")).current_dir(&tree);
    compiler.args(["main.m", "OpenChange/MAPIStoreContext.m", "-o"]).arg(&program);
    compiler.arg(format!("-L{}", bench.path("").display()));
    compiler.arg(format!("-Wl,-rpath,{}", bench.path("").display()));
    run(compiler.args(["-lintendant_mapistore", "-ltalloc", "-lgnustep-base", "-lobjc"]));
    program
}
