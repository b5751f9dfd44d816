//! The SAML verifier from outside: what it has to accept, with the values read, and what it has to refuse, with the
//! exact rule. Every message is made and signed here; nothing is mocked, and the time is fixed.

mod algorithms;
mod encrypted;
mod fixture;
mod floods;
mod hostile;
mod legal;
mod reading;
mod rules;
mod wrapping;
