//! What a source file names, outside its tests: paths as they stand there, those of `use` joined.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Stands for the word before a function that waits.
pub(crate) const ASYNC: &str = "async";

/// All names with their lines.
pub(crate) fn of(text: &str) -> syn::Result<Vec<(usize, String)>> {
    let mut search = Search::default();
    search.visit_file(&syn::parse_file(text)?);
    Ok(search.found)
}

#[derive(Default)]
struct Search {
    found: Vec<(usize, String)>,
}

impl Search {
    fn name(&mut self, path: &str, span: proc_macro2::Span) {
        self.found.push((span.start().line, path.to_owned()));
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
            self.found.push((keyword.span().start().line, ASYNC.to_owned()));
        }
        visit::visit_signature(self, signature);
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|argument| argument.is_ident("test"))
    })
}
