//! Connections to a service centre: TCP, TLS, and the bind.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::BytesMut;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::config::{SmppConfig, SmppSetupError, TlsConfig};
use super::super::pdu::{Address, Bind, Pdu, Role, decode, drain_frames, encode};
use super::super::shared::Shared;
use super::super::status::Status;

/// Anything that octets go through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a provider connects.
pub(in crate::smpp) struct Connector {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A bound connection.
pub(super) struct Bound {
    pub(super) stream: Box<dyn Stream>,
    /// What came behind the answer to the bind.
    pub(super) inbox: BytesMut,
    pub(super) sequence_number: u32,
}

/// Why no connection was bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotBound {
    /// Nobody answered.
    Unreachable,
    /// The peer answered otherwise than with a bind response.
    NotUnderstood,
    /// The peer refused.
    Refused(Status),
}

impl From<io::Error> for NotBound {
    fn from(_: io::Error) -> Self {
        NotBound::Unreachable
    }
}

impl Connector {
    pub(in crate::smpp) fn new(config: &SmppConfig) -> Result<Self, SmppSetupError> {
        let tls = config.tls.as_ref().map(|tls| connector(tls, &config.host)).transpose()?;
        Ok(Connector { host: config.host.clone(), port: config.port, tls })
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(tcp),
            Some((connector, name)) => Box::new(connector.connect(name.clone(), tcp).await?),
        })
    }
}

fn connector(tls: &TlsConfig, host: &str) -> Result<(TlsConnector, ServerName<'static>), SmppSetupError> {
    let name = tls.server_name.as_deref().unwrap_or(host).to_owned();
    let name = ServerName::try_from(name)
        .map_err(|_| SmppSetupError::Field { field: "tls.server_name", expected: "is a host name" })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| SmppSetupError::NoAuthorities)?;
    let config = match &tls.ca_file {
        None => {
            builder.with_platform_verifier().map_err(|_| SmppSetupError::NoAuthorities)?.with_no_client_auth()
        }
        Some(file) => {
            let mut roots = rustls::RootCertStore::empty();
            let certificates =
                CertificateDer::pem_file_iter(file).map_err(|_| SmppSetupError::Authorities)?;
            for certificate in certificates {
                let certificate = certificate.map_err(|_| SmppSetupError::Authorities)?;
                roots.add(certificate).map_err(|_| SmppSetupError::Authorities)?;
            }
            if roots.is_empty() {
                return Err(SmppSetupError::Authorities);
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok((TlsConnector::from(Arc::new(config)), name))
}

/// Connects and binds, within the provider's time limits.
pub(super) async fn bind(shared: &Shared, role: Role) -> Result<Bound, NotBound> {
    let connecting = tokio::time::timeout(shared.settings.connect, shared.connector.connect());
    let stream = connecting.await.map_err(|_| NotBound::Unreachable)??;
    let binding = tokio::time::timeout(shared.settings.bind, exchange(shared, role, stream));
    binding.await.map_err(|_| NotBound::Unreachable)?
}

async fn exchange(shared: &Shared, role: Role, mut stream: Box<dyn Stream>) -> Result<Bound, NotBound> {
    let sequence_number = 1;
    let credentials = &shared.settings.credentials;
    let request = Bind {
        system_id: credentials.system_id.as_str().into(),
        password: credentials.password.expose().into(),
        system_type: credentials.system_type.as_str().into(),
        interface_version: credentials.interface_version.octet(),
        address_range: Address::default(),
    };
    let mut octets = zeroize::Zeroizing::new(Vec::new());
    encode(&Pdu::Bind(role, request), 0, sequence_number, &mut octets)
        .map_err(|_| NotBound::NotUnderstood)?;
    stream.write_all(&octets).await?;
    stream.flush().await?;
    let mut inbox = BytesMut::with_capacity(super::READ_OCTETS);
    loop {
        if stream.read_buf(&mut inbox).await? == 0 {
            return Err(NotBound::Unreachable);
        }
        let mut answer = None;
        drain_frames(&mut inbox, |frame| {
            let decoded = decode(&frame);
            shared.note(decoded.quirks, &frame);
            let status = Status(frame.header.command_status);
            match decoded.pdu {
                // Some peers answer with another bind's response, or with a nack.
                Pdu::BindResp(..) | Pdu::GenericNack if status.0 != 0 => {
                    answer = Some(Err(NotBound::Refused(status)));
                }
                Pdu::BindResp(..) => answer = Some(Ok(())),
                _ => return ControlFlow::Continue(()),
            }
            ControlFlow::Break(())
        })
        .map_err(|_| NotBound::NotUnderstood)?;
        match answer {
            Some(Ok(())) => return Ok(Bound { stream, inbox, sequence_number }),
            Some(Err(refused)) => return Err(refused),
            None => {}
        }
    }
}
