//! A security key in software: ES256, attestation `none`. It answers as a browser would, or lies.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};

pub(crate) const RP_ID: &str = "localhost";
pub(crate) const ORIGIN: &str = "http://localhost:4455";

/// What the key says wrongly.
#[derive(Clone, Default)]
pub(crate) struct Lies {
    pub(crate) origin: Option<&'static str>,
    pub(crate) challenge: Option<String>,
    pub(crate) rp_id: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) flags: Option<u8>,
    pub(crate) counter: Option<u32>,
    pub(crate) cross_origin: bool,
    pub(crate) top_origin: Option<&'static str>,
    pub(crate) trailing: bool,
    pub(crate) algorithm: Option<i128>,
    pub(crate) handle: Option<Vec<u8>>,
    pub(crate) spoiled: bool,
}

pub(crate) struct SecurityKey {
    pub(crate) id: Vec<u8>,
    pair: EcdsaKeyPair,
    pub(crate) counter: u32,
    pub(crate) handle: Vec<u8>,
}

impl SecurityKey {
    pub(crate) fn new() -> Self {
        Self {
            id: rand::random::<[u8; 32]>().to_vec(),
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            counter: 0,
            handle: Vec::new(),
        }
    }

    fn client_data(kind: &str, options: &Value, lies: &Lies) -> Vec<u8> {
        let challenge = options["publicKey"]["challenge"].as_str().unwrap();
        let mut data = json!({
            "type": lies.kind.unwrap_or(kind),
            "challenge": lies.challenge.as_deref().unwrap_or(challenge),
            "origin": lies.origin.unwrap_or(ORIGIN),
            "crossOrigin": lies.cross_origin,
        });
        if let Some(top) = lies.top_origin {
            data["topOrigin"] = top.into();
        }
        data.to_string().into_bytes()
    }

    fn authenticator_data(&mut self, flags: u8, more: &[u8], lies: &Lies) -> Vec<u8> {
        self.counter += 1;
        let counter = lies.counter.unwrap_or(self.counter);
        let rp_id = lies.rp_id.unwrap_or(RP_ID);
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(lies.flags.unwrap_or(flags));
        data.extend(counter.to_be_bytes());
        data.extend(more);
        if lies.trailing {
            data.extend(b"more");
        }
        data
    }

    /// Answers `navigator.credentials.create()`.
    pub(crate) fn create(&mut self, options: &Value, lies: &Lies) -> String {
        let point = self.pair.public_key().as_ref();
        let cose = Cbor::Map(BTreeMap::from([
            (Cbor::Integer(1), Cbor::Integer(2)),
            (
                Cbor::Integer(3),
                Cbor::Integer(lies.algorithm.unwrap_or(-7)),
            ),
            (Cbor::Integer(-1), Cbor::Integer(1)),
            (Cbor::Integer(-2), Cbor::Bytes(point[1..33].to_vec())),
            (Cbor::Integer(-3), Cbor::Bytes(point[33..].to_vec())),
        ]));
        let mut attested = vec![0; 16];
        attested.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        attested.extend(&self.id);
        attested.extend(serde_cbor_2::to_vec(&cose).unwrap());
        let data = self.authenticator_data(0x45, &attested, lies);
        let object = Cbor::Map(BTreeMap::from([
            (Cbor::Text("fmt".to_owned()), Cbor::Text("none".to_owned())),
            (Cbor::Text("attStmt".to_owned()), Cbor::Map(BTreeMap::new())),
            (Cbor::Text("authData".to_owned()), Cbor::Bytes(data)),
        ]));
        let handle = options["publicKey"]["user"]["id"].as_str().unwrap();
        self.handle = URL_SAFE_NO_PAD.decode(handle).unwrap();
        let client_data = Self::client_data("webauthn.create", options, lies);
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "response": {
                "attestationObject": text(&serde_cbor_2::to_vec(&object).unwrap()),
                "clientDataJSON": text(&client_data),
            },
        })
        .to_string()
    }

    /// Answers `navigator.credentials.get()`.
    pub(crate) fn sign(&mut self, options: &Value, lies: &Lies) -> String {
        let client_data = Self::client_data("webauthn.get", options, lies);
        let data = self.authenticator_data(0x05, &[], lies);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &client_data).as_ref());
        if lies.spoiled {
            signed.push(0);
        }
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let handle = lies.handle.as_ref().unwrap_or(&self.handle);
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "response": {
                "authenticatorData": text(&data),
                "clientDataJSON": text(&client_data),
                "signature": text(signature.as_ref()),
                "userHandle": text(handle),
            },
        })
        .to_string()
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
