//! The header says what the library has: each function with its types, each structure with its members, each number.

use std::collections::BTreeMap;
use std::fs;

use mapistore_wire::code;
use syn::{FnArg, Item, Pat, ReturnType, Type};

use crate::program::{run, source};

fn read(path: &str) -> String {
    fs::read_to_string(source().join(path)).unwrap()
}

/// The functions that are declared, as `int name(int on)`, by their names.
pub fn functions() -> BTreeMap<String, String> {
    let header = without_comments(&read("include/intendant_mapistore.h"));
    let declared =
        header.split_inclusive(['{', '}', ';']).filter(|part| part.contains(");") && !part.contains("(*"));
    declared
        .filter(|part| !part.contains("ssert("))
        .map(|part| {
            let whole = part.trim().trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ");
            let (before, _) = whole.split_once('(').unwrap();
            (before.rsplit([' ', '*']).next().unwrap().to_owned(), whole)
        })
        .collect()
}

fn without_comments(text: &str) -> String {
    let code =
        text.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code)).collect::<String>();
    code.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// The members of a structure that is declared, by their names.
fn members_declared(name: &str) -> Vec<String> {
    let header = without_comments(&read("include/intendant_mapistore.h"));
    let (_, after) = header.split_once(&format!("struct {name} {{")).unwrap();
    let (body, _) = after.split_once("\n}").unwrap();
    let name_of = |member: &str| {
        let name = member.split_once("(*").map_or(member, |(_, rest)| rest.split(')').next().unwrap());
        name.rsplit([' ', '*']).next().unwrap().to_owned()
    };
    body.split(';').map(str::trim).filter(|member| !member.is_empty()).map(name_of).collect()
}

/// A type in C.
fn in_c(of: &Type, name: &str) -> String {
    match of {
        Type::Path(path) => match path.path.segments.last().unwrap().ident.to_string().as_str() {
            "c_int" => format!("int {name}"),
            other => panic!("no C for {other}"),
        },
        Type::Ptr(pointer) => {
            let Type::Path(path) = &*pointer.elem else { panic!("no C for a pointer to a pointer") };
            let target = match path.path.segments.last().unwrap().ident.to_string().as_str() {
                "c_char" => "char",
                "ConnectionInfo" => "struct mapistore_connection_info",
                "Manager" => "struct mapistore_manager",
                other => panic!("no C for {other}"),
            };
            let constant = if pointer.const_token.is_some() { "const " } else { "" };
            format!("{constant}{target} *{name}")
        }
        _ => panic!("no C for this type"),
    }
}

fn exported(function: &syn::ItemFn) -> Option<(String, String)> {
    function.sig.abi.as_ref()?;
    let name = function.sig.ident.to_string();
    let arguments: Vec<String> = function
        .sig
        .inputs
        .iter()
        .map(|argument| {
            let FnArg::Typed(argument) = argument else { panic!("a method") };
            let Pat::Ident(ident) = &*argument.pat else { panic!("a pattern") };
            in_c(&argument.ty, &ident.ident.to_string())
        })
        .collect();
    let arguments = if arguments.is_empty() { "void".to_owned() } else { arguments.join(", ") };
    let returned = match &function.sig.output {
        ReturnType::Default => format!("void {name}"),
        ReturnType::Type(_, of) => in_c(of, &name),
    };
    Some((name, format!("{returned}({arguments})")))
}

#[test]
fn every_function_is_declared_as_it_is() {
    let file = syn::parse_file(&read("src/export.rs")).unwrap();
    let exported: BTreeMap<String, String> = file
        .items
        .iter()
        .filter_map(|item| if let Item::Fn(function) = item { exported(function) } else { None })
        .collect();
    assert_eq!(functions(), exported);
}

#[test]
fn every_structure_has_the_members_that_it_has() {
    let file = syn::parse_file(&read("src/callback.rs")).unwrap();
    let mut compared = 0;
    for item in file.items {
        let Item::Struct(structure) = item else { continue };
        let name = format!("mapistore_{}", structure.ident.to_string().to_lowercase());
        let members: Vec<String> =
            structure.fields.iter().map(|field| field.ident.as_ref().unwrap().to_string()).collect();
        assert_eq!(members_declared(&name), members, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 2);
}

#[test]
fn every_number_is_the_one_that_is_returned() {
    let numbers = read("include/mapistore/mapistore_errors.h");
    let number = |name: &str| {
        let line = numbers.lines().find(|line| line.split_whitespace().nth(1) == Some(name)).unwrap();
        line.split_whitespace().last().unwrap().parse::<i32>().unwrap()
    };
    for (name, returned) in [
        ("MAPISTORE_SUCCESS", code::SUCCESS),
        ("MAPISTORE_ERROR", code::ERROR),
        ("MAPISTORE_ERR_NO_MEMORY", code::NO_MEMORY),
        ("MAPISTORE_ERR_NOT_INITIALIZED", code::NOT_INITIALIZED),
        ("MAPISTORE_ERR_INVALID_PARAMETER", code::INVALID_PARAMETER),
        ("MAPISTORE_ERR_INVALID_DATA", code::INVALID_DATA),
        ("MAPISTORE_ERR_MSG_SEND", code::MSG_SEND),
        ("MAPISTORE_ERR_MSG_RCV", code::MSG_RCV),
        ("MAPISTORE_ERR_NOT_IMPLEMENTED", code::NOT_IMPLEMENTED),
    ] {
        assert_eq!(number(name), returned, "{name}");
    }
}

#[test]
fn the_headers_stand_alone_in_c_and_in_cpp() {
    let include = source().join("include");
    for header in ["intendant_mapistore.h", "mapistore/mapistore.h"] {
        for language in [&["-xc", "-std=c11"][..], &["-xc++", "-std=c++11"]] {
            let mut compiler = std::process::Command::new("gcc");
            compiler.args(language).args([
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
                "-fsyntax-only",
                "-I",
            ]);
            run(compiler.arg(&include).arg(include.join(header)));
        }
    }
}
