//! Where the code of the repository would be.
