//! The SAML verifier from outside: what it has to accept, with the values read, and what it has to refuse, with the
//! exact rule. Every message is made and signed here; nothing is mocked, and the time is fixed.

mod fixture;
mod legal;
mod rules;
