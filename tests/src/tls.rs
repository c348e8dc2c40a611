//! TLS in front of any server on this machine, with certificates of a test authority (`tls/make.sh`).
//!
//! Never here: HTTP.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::serve::Serving;

/// The versions of TLS that a server speaks.
#[derive(Clone, Copy, Debug)]
pub enum Versions {
    /// 1.2 and 1.3.
    Both,
    /// 1.2 only.
    Tls12,
    /// 1.3 only.
    Tls13,
}

/// The certificate of a server; all but `Expired` are valid for a long time.
#[derive(Clone, Copy, Debug)]
pub enum Certificate {
    /// For `localhost`, `api.example.test` and the loopback addresses.
    Good,
    /// The same, but expired.
    Expired,
    /// For another name.
    Elsewhere,
    /// As the good one, but self-signed.
    Own,
    /// The same, with the CA flag, as `openssl req -x509` makes it.
    OwnAuthority,
}

/// The file with the certificate of the authority that signed them.
pub fn authority() -> PathBuf {
    file("authority.pem")
}

/// The file with [`Certificate::Own`].
pub fn own() -> PathBuf {
    file("own.pem")
}

/// The file with the certificate of an authority that signed none of them.
pub fn other_authority() -> PathBuf {
    file("other.pem")
}

fn file(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tls")).join(name)
}

/// Terminates TLS and forwards to another server. Stops when dropped.
#[derive(Debug)]
pub struct TlsFront(Serving);

impl TlsFront {
    /// Starts in front of a port of 127.0.0.1.
    pub fn start(port: u16, certificate: Certificate, versions: Versions) -> Self {
        let versions: &[&SupportedProtocolVersion] = match versions {
            Versions::Both => &[&version::TLS12, &version::TLS13],
            Versions::Tls12 => &[&version::TLS12],
            Versions::Tls13 => &[&version::TLS13],
        };
        let name = match certificate {
            Certificate::Good => "server.pem",
            Certificate::Expired => "expired.pem",
            Certificate::Elsewhere => "elsewhere.pem",
            Certificate::Own => "own.pem",
            Certificate::OwnAuthority => "own-authority.pem",
        };
        let chain = vec![CertificateDer::from_pem_file(file(name)).unwrap()];
        let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        TlsFront(Serving::start(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut outside) = acceptor.accept(stream).await else {
                    return;
                };
                let Ok(mut inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
                    return;
                };
                _ = copy_bidirectional(&mut outside, &mut inside).await;
            }
        }))
    }

    pub fn port(&self) -> u16 {
        self.0.port
    }
}
