use std::time::Duration;

use rustls::pki_types::UnixTime;

use super::*;

fn refused(what: &'static str, host: &str, in_container: bool) -> String {
    let peer = Peer {
        what,
        host: host.into(),
        port: 11434,
    };
    let error = DialError::Connect(io::ErrorKind::ConnectionRefused.into());
    not_reached(&peer, &error, in_container)
}

#[test]
fn localhost_in_a_container_explains_itself() {
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let text = refused("", host, true);
        assert!(text.contains("host.docker.internal"), "{text}");
        assert!(text.starts_with(&format!("{host}:11434 refused")), "{text}");
    }
    let text = refused("the proxy ", "localhost", true);
    assert!(text.starts_with("the proxy localhost:11434 refused"));
    assert!(text.contains("host.docker.internal"), "{text}");
    for text in [refused("", "localhost", false), refused("", "ollama", true)] {
        assert!(!text.contains("docker"), "{text}");
    }
}

#[test]
#[allow(clippy::unwrap_used)]
fn every_certificate_that_is_refused_has_words_and_advice() {
    let other = |error: webpki::Error| CertificateError::Other(rustls::OtherError(Arc::new(error)));
    for (why, says) in [
        (CertificateError::UnknownIssuer, "SSL_CERT_FILE"),
        (
            CertificateError::ExpiredContext {
                time: UnixTime::since_unix_epoch(Duration::from_secs(2)),
                not_after: UnixTime::since_unix_epoch(Duration::from_secs(1)),
            },
            "): check the clock",
        ),
        (
            CertificateError::NotValidForNameContext {
                expected: ServerName::try_from("a.example").unwrap(),
                presented: Vec::new(),
            },
            "for another name",
        ),
        (CertificateError::Revoked, "revoked"),
        (CertificateError::BadEncoding, "cannot be read"),
        (CertificateError::BadSignature, "SSL_CERT_FILE"),
        (CertificateError::InvalidPurpose, "not meant for servers"),
        (
            CertificateError::UnhandledCriticalExtension,
            "(UnhandledCriticalExtension): the endpoint",
        ),
        (
            CertificateError::ApplicationVerificationFailure,
            "another certificate",
        ),
        (
            other(webpki::Error::CaUsedAsEndEntity),
            "CA:FALSE, and name its file",
        ),
        (other(webpki::Error::EndEntityUsedAsCa), "SSL_CERT_FILE"),
        (other(webpki::Error::UnsupportedCertVersion), "version 3"),
        (
            other(webpki::Error::NameConstraintViolation),
            "(NameConstraintViolation): the endpoint",
        ),
    ] {
        let peer = Peer {
            what: "",
            host: "a.example".into(),
            port: 443,
        };
        let error = io::Error::other(rustls::Error::InvalidCertificate(why));
        let text = no_tls(&peer, &error);
        assert!(text.contains(says), "{text} lacks {says}");
        let beginning = "the certificate of a.example:443 is not accepted (";
        assert!(text.starts_with(beginning), "{text}");
        assert!(!text.contains("Other"), "{text}");
    }
}

#[test]
fn the_name_of_the_host_that_only_some_containers_know_is_explained() {
    let peer = Peer {
        what: "",
        host: "host.docker.internal".into(),
        port: 80,
    };
    let error = DialError::LookUp(LookUpError::Unknown(peer.host.clone()));
    let text = not_reached(&peer, &error, true);
    assert!(text.contains("--add-host"), "{text}");
}
