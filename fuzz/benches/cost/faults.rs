//! How long the faults of an encrypted message take. Whoever can change a ciphertext and tell by the time what was wrong
//! with it may come to know the plaintext: bad padding of CBC (Jager and Somorovsky 2011), bad OAEP (Manger 2001).
//! docs/saml.md says what of this can be told apart, and why it does not help.

use super::harness::{ACS, AUDIENCE, IDP, expected, now, world};
use super::{micros, timed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::demo::idp::encryption::{Encryption, encrypt_assertion};
use gateway::demo::idp::key::{KeyKind, SigningKey};
use gateway::demo::idp::people::Person;
use gateway::demo::idp::response::{Addressing, Response};
use gateway::demo::idp::signature::Signed;
use gateway::saml::{EncodedResponse, Expected, UnverifiedResponse};
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::x509::X509;
use std::fs;
use std::time::Duration;

/// Measurements of each fault, taken in turns.
const ROUNDS: usize = 1_000;
/// Different messages of each fault.
const VARIANTS: usize = 16;
/// The medians of faults that have to look the same may differ by so much: what another process does to them.
const SAME: f64 = 0.1;
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
const ROLE: &str = "arn:aws:iam::111122223333:role/Studio,arn:aws:iam::111122223333:saml-provider/idp";

/// A fault, as something done to the two cipher values of a genuine message, of the key and of the data.
struct Fault {
    name: &'static str,
    messages: Vec<String>,
    times: Vec<Duration>,
}

impl Fault {
    fn new(name: &'static str, make: impl Fn() -> String) -> Self {
        let encode = |()| Response::encode(&make());
        let messages = std::iter::repeat_n((), VARIANTS).map(encode).collect();
        Self { name, messages, times: Vec::with_capacity(ROUNDS) }
    }
}

pub(crate) fn measure() -> bool {
    let intruder = SigningKey::generate(KeyKind::Rsa(2048), "intruder.test").expect("a key");
    let foreign = |method| sealed(&message().sign(&intruder, Signed::Assertion).expect("signed"), method);
    let inside = |method| sealed(&message().sign(&world().rsa, Signed::Assertion).expect("signed"), method);
    let around = |method| {
        let (key, certificate) = (&world().rsa, certificate());
        message().sign_encrypted(key, Signed::Response, &certificate, &encryption(method)).expect("signed")
    };
    let strict = Expected { cbc_without_response_signature: false, ..expected() };
    let lenient = Expected { cbc_without_response_signature: true, ..expected() };
    let padding = || {
        [
            Fault::new("data: the padding is wrong", || with_data(&inside(CBC), |data| last(data, 17))),
            Fault::new("data: the padding is right", || with_data(&inside(CBC), |data| last(data, 400))),
            Fault::new("opens; signed by a stranger", || foreign(CBC)),
        ]
    };
    let alike = [
        compare(
            "GCM, the Response not signed: anybody can change it",
            &strict,
            2,
            [
                Fault::new("key: OAEP, the first byte is not 0", || with_key(&inside(GCM), &raw(1))),
                Fault::new("key: OAEP, the first byte is 0", || with_key(&inside(GCM), &raw(0))),
                Fault::new("data: the tag is wrong", || with_data(&inside(GCM), |data| last(data, 1))),
                Fault::new("opens; signed by a stranger", || foreign(GCM)),
            ],
        ),
        compare(
            "CBC, the Response signed: a changed ciphertext is not opened",
            &strict,
            3,
            [
                Fault::new("data: the padding is wrong", || with_data(&around(CBC), |data| last(data, 17))),
                Fault::new("data: the padding is right", || with_data(&around(CBC), |data| last(data, 400))),
                Fault::new("key: changed", || with_key(&around(CBC), &raw(0))),
            ],
        ),
        compare("CBC, the Response not signed: not opened", &strict, 3, padding()),
        compare("the same with cbc_without_response_signature: an oracle", &lenient, 1, padding()),
    ];
    alike.iter().all(|alike| *alike)
}

/// Whether the medians of the first `alike` faults are.
fn compare<const N: usize>(
    title: &str,
    expected: &Expected<'_>,
    alike: usize,
    mut faults: [Fault; N],
) -> bool {
    for round in 0..ROUNDS {
        // In another order each time, since each leaves the caches to the next.
        let mut order: [usize; N] = std::array::from_fn(|index| index);
        order.sort_by_cached_key(|_| random());
        for index in order {
            let fault = &mut faults[index];
            let value = fault.messages[round % VARIANTS].clone();
            let (time, accepted) = timed(|| accepted(value, expected));
            assert!(!accepted, "{}: accepted", fault.name);
            fault.times.push(time);
        }
    }
    println!("\n{title:<68} {:>10} {:>10} {:>10}", "10 %", "median", "90 %");
    let medians = faults.map(|mut fault| {
        fault.times.sort_unstable();
        let at = |percent: usize| micros(fault.times[ROUNDS * percent / 100]);
        println!("  {:<66} {:>7.1} us {:>7.1} us {:>7.1} us", fault.name, at(10), at(50), at(90));
        at(50)
    });
    let (least, most) = medians[..alike]
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), time| (least.min(*time), most.max(*time)));
    let apart = most / least - 1.0;
    if alike > 1 {
        println!("  the first {alike} differ by {:.1} %", 100.0 * apart);
    }
    apart <= SAME
}

fn random() -> [u8; 4] {
    let mut bytes = [0; 4];
    rand_bytes(&mut bytes).expect("random bytes");
    bytes
}

fn accepted(value: String, expected: &Expected<'_>) -> bool {
    let decoded = EncodedResponse::new(value).and_then(|encoded| encoded.decode()).expect("base64");
    let unverified = UnverifiedResponse::parse(&decoded).expect("a sound structure");
    unverified.verify(&world().keys, &world().decryption, expected, now()).is_ok()
}

fn message() -> Response {
    let addressing = Addressing {
        acs_url: ACS.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        idp_entity_id: IDP.to_owned(),
    };
    Response::valid(now(), &addressing, &Person::new("kim", "Kim", "kim", ROLE))
}

fn certificate() -> String {
    fs::read_to_string(super::harness::folder("keys").join("sp.pem")).expect("sp.pem")
}

fn encryption(method: &str) -> Encryption {
    Encryption { data_method: method.to_owned(), ..Encryption::usual() }
}

fn sealed(xml: &str, method: &str) -> String {
    encrypt_assertion(xml, &certificate(), &encryption(method)).expect("encrypted")
}

/// A wrapped key that OAEP refuses: RSA of that first byte and random ones.
fn raw(first: u8) -> Vec<u8> {
    let certificate = X509::from_pem(certificate().as_bytes()).expect("a certificate");
    let rsa = certificate.public_key().and_then(|key| key.rsa()).expect("an RSA key");
    let size = usize::try_from(rsa.size()).expect("a size");
    let (mut plain, mut wrapped) = (vec![0; size], vec![0; size]);
    rand_bytes(&mut plain).expect("random bytes");
    plain[0] = first;
    rsa.public_encrypt(&plain, &mut wrapped, Padding::NONE).expect("RSA works");
    wrapped
}

/// The last but so many bytes of the ciphertext, changed by one bit.
fn last(data: &mut [u8], from_end: usize) {
    let index = data.len() - from_end;
    data[index] ^= 0x80;
}

fn with_key(xml: &str, wrapped: &[u8]) -> String {
    replaced(xml, 0, |_| wrapped.to_vec())
}

fn with_data(xml: &str, change: impl Fn(&mut [u8])) -> String {
    replaced(xml, 1, |mut data| {
        change(&mut data);
        data
    })
}

/// Another value in the place of the CipherValue of that index.
fn replaced(xml: &str, index: usize, change: impl Fn(Vec<u8>) -> Vec<u8>) -> String {
    let values: Vec<_> = xml.split("<xenc:CipherValue>").skip(1).collect();
    let value = values[index].split('<').next().expect("a value");
    xml.replace(value, &STANDARD.encode(change(STANDARD.decode(value).expect("base64"))))
}
