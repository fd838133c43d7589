use super::*;

fn said(all: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    let mut headers = HeaderMap::new();
    all.iter().map(pair).for_each(|(name, value): (HeaderName, HeaderValue)| _ = headers.append(name, value));
    headers
}

const BASE: &str = "filename YmFzZS56aXA=";

#[test]
fn one_version_is_spoken() {
    assert_eq!(version(&said(&[("tus-resumable", "1.0.0")])), Ok(()));
    for other in
        [&[][..], &[("tus-resumable", "0.2.2")], &[("tus-resumable", "1.0.0"), ("tus-resumable", "1.0.0")]]
    {
        assert_eq!(version(&said(other)), Err(Bad::Version), "{other:?}");
    }
    assert_eq!(Bad::Version.status(), StatusCode::PRECONDITION_FAILED);
}

#[test]
fn a_file_is_announced() {
    let announced = |more: &[(&str, &str)]| {
        let all = [&[("upload-length", "100"), ("upload-metadata", BASE)], more].concat();
        creation(&said(&all))
    };
    let Creation { length, name, part } = announced(&[]).unwrap();
    assert_eq!((length, name.as_str(), part), (100, "base.zip", None));
    let along = announced(&[("content-type", PART), ("content-length", "7")]).unwrap();
    assert_eq!(along.part, Some(Part { offset: 0, checksum: None, length: Some(7) }));
    assert_eq!(announced(&[("upload-defer-length", "1")]), Err(Bad::Deferred));
    assert_eq!(announced(&[("upload-concat", "partial")]), Err(Bad::Concat));
}

#[test]
fn lengths_are_numbers() {
    for length in ["", "-1", "+1", "1.0", "0x10", " 1", "99999999999999999999", "1e3"] {
        assert_eq!(creation(&said(&[("upload-length", length)])), Err(Bad::Length), "{length:?}");
    }
    assert_eq!(creation(&said(&[("upload-length", "1"), ("upload-length", "2")])), Err(Bad::Length));
    assert_eq!(creation(&said(&[("upload-length", "0")])).unwrap().length, 0);
}

#[test]
fn metadata_say_the_name() {
    for (metadata, name) in [
        ("filename w4lsw6h2ZXMuemlw", Some("Élèves.zip")),
        ("filetype dGV4dA==, filename YmFzZS56aXA=,is_confidential", Some("base.zip")),
        ("name YmFzZS56aXA=", Some("base.zip")),
        ("name eA==,filename YmFzZS56aXA=", Some("base.zip")),
        ("filename", Some("")),
        ("", Some("")),
        ("filename !", None),
        ("filename /w==", None),
        ("filename eA==,filename eQ==", None),
    ] {
        let read = creation(&said(&[("upload-length", "1"), ("upload-metadata", metadata)]));
        assert_eq!(read.map(|creation| creation.name).ok().as_deref(), name, "{metadata}");
    }
    assert_eq!(metadata("base.zip"), BASE);
}

#[test]
fn a_part_says_where_it_begins_and_what_it_is() {
    let head = |more: &[(&str, &str)]| part(&said(&[&[("content-type", PART)], more].concat()));
    let sha1 = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=";
    let read = head(&[("upload-offset", "5"), ("upload-checksum", sha1)]).unwrap();
    assert_eq!((read.offset, read.length), (5, None));
    assert_eq!(read.checksum.unwrap().algorithm, Algorithm::Sha1);
    assert_eq!(head(&[]), Err(Bad::Offset));
    assert_eq!(head(&[("upload-offset", "-5")]), Err(Bad::Offset));
    for checksum in
        ["sha1", "sha1 AA==", "md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", ""]
    {
        let read = head(&[("upload-offset", "0"), ("upload-checksum", checksum)]);
        assert_eq!(read, Err(Bad::Checksum), "{checksum:?}");
    }
    let other = part(&said(&[("content-type", "application/octet-stream"), ("upload-offset", "0")]));
    assert_eq!(other, Err(Bad::MediaType));
}

#[test]
fn only_a_post_may_mean_another_method() {
    let meant = said(&[("x-http-method-override", "patch")]);
    assert_eq!(method(&Method::POST, &meant), Method::PATCH);
    assert_eq!(method(&Method::GET, &meant), Method::GET);
    assert_eq!(method(&Method::POST, &said(&[])), Method::POST);
}

#[test]
fn moments_are_written_as_http_does() {
    let at = "2026-11-27T03:04:05Z".parse().unwrap();
    assert_eq!(http_date(at), "Fri, 27 Nov 2026 03:04:05 GMT");
}
