//! Pure modules do no I/O, do not wait, and read neither clock nor chance: what they need is an argument.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::Source;

/// Folders and files that must be pure.
const PURE: &[&str] = &[
    "crates/bus/src/envelope/",
    "crates/bus/src/failure.rs",
    "crates/bus/src/moved.rs",
    "crates/bus/src/raw.rs",
    "crates/bus/src/reactor.rs",
    "crates/bus/src/request.rs",
    "crates/bus/src/route/",
    "crates/bus/src/tell.rs",
    "crates/engine/src/window.rs",
    "crates/http/src/decode",
    "crates/model/src/",
    "crates/scripts/src/answer/",
    "crates/identities/src/document",
    "crates/identities/src/fingerprint",
    "crates/identities/src/identity",
    "crates/identities/src/import/",
    "crates/identities/src/reactor",
    "crates/identities/src/request",
    "crates/identities/src/state",
    "crates/sesame/src/answer",
    "crates/sesame/src/decode/",
    "crates/sesame/src/reactor.rs",
];

/// What a pure module must not name.
const IMPURE: &[&str] = &[
    "getrandom",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "rand",
    "rusqlite",
    "rustix",
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "uuid::Uuid::new_v4",
    "uuid::Uuid::now_v7",
];

/// Lists what the pure modules name and must not, with file and line. Their tests are free.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let missing = PURE.iter().filter(|pure| !sources.iter().any(|s| s.path.starts_with(**pure)));
    let missing = missing.map(|pure| format!("{pure} is on the list of pure modules and does not exist"));
    let is_pure = |s: &&Source| s.is_rust() && PURE.iter().any(|pure| s.path.starts_with(pure));
    missing.chain(sources.iter().filter(is_pure).flat_map(impurities)).collect()
}

fn impurities(source: &Source) -> Vec<String> {
    let file = match syn::parse_file(&source.text) {
        Ok(file) => file,
        Err(error) => return vec![format!("{}: {error}", source.path)],
    };
    let mut search = Search::default();
    search.visit_file(&file);
    search.found.dedup_by_key(|(line, _)| *line);
    search.found.iter().map(|(line, what)| format!("{}:{line} uses {what}", source.path)).collect()
}

#[derive(Default)]
struct Search {
    found: Vec<(usize, String)>,
}

impl Search {
    fn name(&mut self, path: &str, span: proc_macro2::Span) {
        if IMPURE.iter().any(|impure| names(path, impure)) {
            self.found.push((span.start().line, path.to_owned()));
        }
    }

    fn use_tree(&mut self, prefix: &str, tree: &syn::UseTree) {
        let join = |name: &syn::Ident| {
            if prefix.is_empty() { name.to_string() } else { format!("{prefix}::{name}") }
        };
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&join(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.name(&join(&name.ident), name.span()),
            syn::UseTree::Rename(rename) => self.name(&join(&rename.ident), rename.span()),
            syn::UseTree::Glob(glob) => self.name(prefix, glob.span()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(prefix, item)),
        }
    }

    /// The arguments of a macro are no syntax yet: names joined by colons are read out of its tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = String::new();
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if !path.ends_with("::") {
                        path.clear();
                    }
                    path.push_str(&ident.to_string());
                    self.name(&path, ident.span());
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => path.push(':'),
                TokenTree::Group(group) => {
                    path.clear();
                    self.tokens(group.stream());
                }
                _ => path.clear(),
            }
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree("", &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.name(&names.join("::"), path.span());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(keyword) = signature.asyncness {
            self.found.push((keyword.span().start().line, "async".to_owned()));
        }
        visit::visit_signature(self, signature);
    }
}

/// Whether a path names the impure thing: begins with it, or ends a longer path that was shortened by a `use` of the
/// type (`Timestamp::now` for `jiff::Timestamp::now`).
fn names(path: &str, impure: &str) -> bool {
    let begins = path.strip_prefix(impure).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let shortened =
        impure.split("::").count() > 2 && path.contains("::") && impure.ends_with(&format!("::{path}"));
    begins || shortened
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|argument| argument.is_ident("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn check_text(text: &str) -> Vec<String> {
        impurities(&source("crates/model/src/a.rs", text))
    }

    #[test]
    fn impure_names_are_found_however_they_come_in() {
        for (text, what) in [
            ("use std::fs::File;", "std::fs::File"),
            ("use std::{io, net::{IpAddr, TcpStream}};", "std::net::IpAddr"),
            ("use tokio as t;", "tokio"),
            ("use std::time::*; fn f() -> std::time::Instant { g() }", "std::time::Instant"),
            ("fn f() { let _ = jiff::Timestamp::now(); }", "jiff::Timestamp::now"),
            ("use jiff::Timestamp; fn f() { let _ = Timestamp::now(); }", "Timestamp::now"),
            ("fn f() { println!(\"{:?}\", std::env::args()); }", "std::env"),
            ("async fn f() {}", "async"),
        ] {
            let findings = check_text(text);
            let expected = format!("crates/model/src/a.rs:1 uses {what}");
            assert!(findings.contains(&expected), "{text}: {findings:?}");
        }
    }

    #[test]
    fn pure_code_its_comments_and_its_tests_are_free() {
        let text = "//! Not std::fs, nor tokio.\nuse std::time::Duration;\nuse jiff::Timestamp;\n\
            fn random(environment: &str) -> String { format!(\"{environment} std::env\") }\n\
            #[cfg(test)] mod tests { use std::time::Instant; }";
        assert_eq!(check_text(text), Vec::<String>::new());
    }

    #[test]
    fn a_listed_module_must_exist_and_others_may_do_io() {
        assert_eq!(check(&[source("crates/journal/src/a.rs", "use std::fs;")]).len(), PURE.len());
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(check_text("fn f( {").len(), 1);
    }
}
