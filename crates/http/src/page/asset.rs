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

/// Files that are served from one place.
pub struct Assets {
    place: &'static str,
    files: Vec<Asset>,
}

impl Assets {
    pub(super) fn new() -> Self {
        const SCRIPT: &str = "text/javascript; charset=utf-8";
        let files: [(_, _, &'static [u8]); 5] = [
            ("page.css", "text/css; charset=utf-8", include_bytes!("../../assets/page.css")),
            ("page.js", SCRIPT, include_bytes!("../../assets/page.js")),
            ("docs.js", SCRIPT, include_bytes!("../../assets/docs.js")),
            ("htmx.min.js", SCRIPT, include_bytes!("../../assets/htmx.min.js")),
            ("icon.svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")),
        ];
        Assets::of("/assets/", &files)
    }

    /// Files, each with its name, media type and content, that are served below a path, which ends in `/`.
    pub fn of(place: &'static str, files: &[(&'static str, &'static str, &'static [u8])]) -> Self {
        let files = files.iter().map(|(name, kind, content)| asset(name, kind, content)).collect();
        Assets { place, files }
    }

    /// Where a file is served.
    pub fn path(&self, name: &str) -> String {
        let asset = self.files.iter().find(|asset| asset.name == name);
        format!("{}{}", self.place, asset.map_or(name, |asset| &asset.served))
    }

    /// The file that is served under this name.
    pub fn serve(&self, served: &str) -> Response {
        let Some(asset) = self.files.iter().find(|asset| asset.served == served) else {
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
