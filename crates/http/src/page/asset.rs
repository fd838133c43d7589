//! Styles, scripts and images, compiled in. Each is served under a name that contains a hash of its content, so that a
//! browser asks for it once and never shows an old one.

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A file.
struct Asset {
    /// Its name in the tree.
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    /// The name under which it is served.
    served: String,
}

/// All files.
pub(super) struct Assets(Vec<Asset>);

impl Assets {
    pub(super) fn new() -> Self {
        const SCRIPT: &str = "text/javascript; charset=utf-8";
        Assets(vec![
            asset("page.css", "text/css; charset=utf-8", include_bytes!("../../assets/page.css")),
            asset("page.js", SCRIPT, include_bytes!("../../assets/page.js")),
            asset("htmx.min.js", SCRIPT, include_bytes!("../../assets/htmx.min.js")),
            asset("icon.svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")),
        ])
    }

    /// Where a file is served.
    pub(super) fn path(&self, name: &str) -> String {
        let asset = self.0.iter().find(|asset| asset.name == name);
        format!("/assets/{}", asset.map_or(name, |asset| &asset.served))
    }

    /// The file that is served under this name.
    pub(super) fn serve(&self, served: &str) -> Response {
        let Some(asset) = self.0.iter().find(|asset| asset.served == served) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let headers = [
            (header::CONTENT_TYPE, asset.kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        (headers, Bytes::from_static(asset.content)).into_response()
    }
}

fn asset(name: &'static str, kind: &'static str, content: &'static [u8]) -> Asset {
    let hash = blake3::hash(content).to_hex();
    let hash = hash.get(..12).unwrap_or_default();
    let (stem, end) = name.split_once('.').unwrap_or((name, ""));
    Asset { name, kind, content, served: format!("{stem}-{hash}.{end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_served_under_its_hash_and_for_ever() {
        let assets = Assets::new();
        let path = assets.path("page.css");
        let served = path.strip_prefix("/assets/").unwrap();
        assert!(served.starts_with("page-") && served != "page.css", "{served}");
        let response = assets.serve(served);
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert_eq!(assets.serve("page.css").status(), StatusCode::NOT_FOUND);
    }
}
