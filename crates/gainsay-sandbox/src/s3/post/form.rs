//! A form as it arrives: `multipart/form-data` (RFC 7578), read strictly, since anything two
//! readers could read differently is a way past a policy.

use s3s::{S3Error, S3Result};

use super::super::{error, error_detail::WithDetail as _, not_modelled};

/// Everything before the file, in bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>).
const MAX_BEFORE_FILE: usize = 20 * 1024;
const MAX_FIELDS: usize = 100;
/// Headers of one part.
const MAX_HEADERS: usize = 4096;

/// What a form holds: its fields in lower case, and the file, which is the last of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form<'a> {
    pub fields: Vec<(String, &'a str)>,
    pub file: &'a [u8],
    /// The name of the file without its folders, where the form says it.
    pub filename: Option<&'a str>,
}

/// What stands in a field for the name of the file
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>).
const FILENAME: &str = "${filename}";

impl Form<'_> {
    /// The values of the fields with the name of the file in place of its variable, which all
    /// fields know. Conditions are on what results.
    pub(crate) fn expanded(&self) -> Vec<String> {
        let filename = self.filename.unwrap_or(FILENAME);
        self.fields.iter().map(|(_, value)| value.replace(FILENAME, filename)).collect()
    }

    /// The form with other values, in the order of its fields.
    pub(crate) fn with_values<'b>(&'b self, values: &'b [String]) -> Form<'b> {
        let names = self.fields.iter().map(|(name, _)| name.clone());
        Form {
            fields: names.zip(values.iter().map(String::as_str)).collect(),
            file: self.file,
            filename: self.filename,
        }
    }

    /// A field by its name in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

fn malformed() -> S3Error {
    error(
        400,
        "MalformedPOSTRequest",
        "The body of your POST request is not well-formed multipart/form-data.",
    )
}

/// Reads a form.
pub(crate) fn parse<'a>(content_type: Option<&str>, body: &'a [u8]) -> S3Result<Form<'a>> {
    let boundary = boundary(content_type.unwrap_or_default())?;
    let first = format!("--{boundary}\r\n");
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(first.as_bytes()).ok_or_else(malformed)?;
    let mut fields: Vec<(String, &str)> = Vec::new();
    let mut size = 0;
    loop {
        let (part, after) = cut(rest, delimiter.as_bytes()).ok_or_else(malformed)?;
        let (headers, value) = cut(part, b"\r\n\r\n")
            .filter(|(headers, _)| headers.len() <= MAX_HEADERS)
            .ok_or_else(malformed)?;
        let (name, filename) = name(str::from_utf8(headers).map_err(|_| malformed())?)?;
        let last = matches!(after, b"--" | b"--\r\n");
        if name == "file" {
            // AWS passes over what stands behind the file; here nothing may.
            return if last {
                Ok(Form { fields, file: value, filename })
            } else {
                Err(not_modelled("fields after the file"))
            };
        }
        size += name.len() + value.len();
        if size > MAX_BEFORE_FILE || fields.len() >= MAX_FIELDS {
            return Err(error(
                400,
                "MaxPostPreDataLengthExceededError",
                "Your POST request fields preceding the upload file were too large.",
            ));
        }
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(not_modelled("a repeated field of a form"));
        }
        fields.push((name, str::from_utf8(value).map_err(|_| malformed())?));
        if last {
            return Err(error(
                400,
                "IncorrectNumberOfFilesInPostRequest",
                "POST requires exactly one file upload per request.",
            ));
        }
        rest = after.strip_prefix(b"\r\n").ok_or_else(malformed)?;
    }
}

fn boundary(content_type: &str) -> S3Result<&str> {
    let wrong = || {
        error(
            412,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
        )
        // Recorded by LocalStack, `test_post_object_with_wrong_content_type`, 2024-02-23.
        .with_detail("Condition", "Bucket POST must be of the enclosure-type multipart/form-data")
    };
    let (kind, parameters) = content_type.split_once(';').ok_or_else(wrong)?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(wrong());
    }
    let (name, value) = parameters.trim().split_once('=').ok_or_else(malformed)?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    if name.eq_ignore_ascii_case("boundary")
        && (1..=70).contains(&value.len())
        && value.bytes().all(known)
    {
        Ok(value)
    } else {
        Err(malformed())
    }
}

/// The text before a mark, and that after it.
fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    let (before, after) = bytes.split_at_checked(at)?;
    Some((before, after.get(mark.len()..)?))
}

/// The name of a part, in lower case, and that of its file. Of its headers only these two are
/// known; the content type of a part says nothing of the object.
fn name(headers: &str) -> S3Result<(String, Option<&str>)> {
    let mut found = None;
    for line in headers.split("\r\n") {
        let (header, value) = line.split_once(':').ok_or_else(malformed)?;
        if header.eq_ignore_ascii_case("content-disposition") && found.is_none() {
            found = Some(disposition(value).ok_or_else(malformed)?);
        } else if !header.eq_ignore_ascii_case("content-type") {
            return Err(malformed());
        }
    }
    found.ok_or_else(malformed)
}

/// What stands between quotes, where it has none itself.
fn quoted(text: &str) -> Option<&str> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('"') && !text.chars().any(char::is_control)).then_some(text)
}

/// `form-data; name="key"`, with perhaps a file name: some browsers send the whole path, of which
/// only what follows the last slash or backslash is the name (the page on the fields of a form).
fn disposition(value: &str) -> Option<(String, Option<&str>)> {
    let mut parameters = value.split(';').map(str::trim);
    if parameters.next() != Some("form-data") {
        return None;
    }
    let (mut name, mut filename) = (None, None);
    for parameter in parameters {
        match parameter.split_once('=')? {
            ("name", text) if name.is_none() => {
                let text = quoted(text).filter(|text| !text.contains('\\'))?;
                name = Some(text.to_ascii_lowercase());
            }
            ("filename", text) if filename.is_none() => {
                filename = quoted(text)?.rsplit(['/', '\\']).next();
            }
            _ => return None,
        }
    }
    let filename = filename.filter(|name| !name.is_empty());
    Some((name.filter(|name| !name.is_empty())?, filename))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const TYPE: Option<&str> = Some("multipart/form-data; boundary=B");

    fn part(name: &str, value: &str) -> String {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    fn code(content_type: Option<&str>, body: &str) -> String {
        match parse(content_type, body.as_bytes()) {
            Ok(form) => format!("{} fields, {} bytes", form.fields.len(), form.file.len()),
            Err(error) => error.code().as_str().to_owned(),
        }
    }

    #[test]
    fn a_form_is_read_whole() {
        let body = format!(
            "{}{}--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\nContent-Type: text/plain\r\n\r\na\r\n--Bx\r\n--B--\r\n",
            part("Key", "a\r\nb"),
            part("policy", "")
        );
        // A line that begins as the boundary does is the boundary, and this one goes on wrongly.
        assert_eq!(code(TYPE, &body), "NotImplemented");
        let body = body.replace("--Bx", "-Bx");
        let form = parse(TYPE, body.as_bytes()).unwrap();
        assert_eq!(form.fields, [("key".to_owned(), "a\r\nb"), ("policy".to_owned(), "")]);
        assert_eq!((form.field("key"), form.file), (Some("a\r\nb"), b"a\r\n-Bx".as_slice()));
        assert_eq!(code(Some("Multipart/Form-Data; boundary=\"B\""), &body), "2 fields, 6 bytes");
    }

    #[test]
    fn what_is_not_a_form_is_refused() {
        let file = part("file", "x") + "--B--";
        assert_eq!(code(TYPE, &file), "0 fields, 1 bytes");
        for (content_type, body, expected) in [
            (None, file.clone(), "PreconditionFailed"),
            (Some("text/plain; boundary=B"), file.clone(), "PreconditionFailed"),
            (Some("multipart/form-data"), file.clone(), "PreconditionFailed"),
            (Some("multipart/form-data; boundary="), file.clone(), "MalformedPOSTRequest"),
            (Some("multipart/form-data; boundary=C"), file.clone(), "MalformedPOSTRequest"),
            (
                Some("multipart/form-data; boundary=B; boundary=C"),
                file.clone(),
                "MalformedPOSTRequest",
            ),
            (TYPE, String::new(), "MalformedPOSTRequest"),
            (TYPE, format!("preamble\r\n{file}"), "MalformedPOSTRequest"),
            (TYPE, part("file", "x"), "MalformedPOSTRequest"),
            (TYPE, part("key", "x") + "--B--", "IncorrectNumberOfFilesInPostRequest"),
            (TYPE, part("file", "x") + &file, "NotImplemented"),
            (TYPE, part("file", "x") + "--B--more", "NotImplemented"),
            (TYPE, part("key", "x") + &part("KEY", "y") + &file, "NotImplemented"),
            (TYPE, part("", "x") + &file, "MalformedPOSTRequest"),
            (TYPE, part("a\\\"b", "x") + &file, "MalformedPOSTRequest"),
            (TYPE, part("key\"; name=\"acl", "x") + &file, "MalformedPOSTRequest"),
            (
                TYPE,
                part("key", &"x".repeat(MAX_BEFORE_FILE)) + &file,
                "MaxPostPreDataLengthExceededError",
            ),
            (TYPE, part(&"n".repeat(MAX_HEADERS), "x") + &file, "MalformedPOSTRequest"),
            (
                TYPE,
                file.replace("Content-Disposition", "Content-Transfer-Encoding"),
                "MalformedPOSTRequest",
            ),
            (TYPE, file.replace("form-data; name", "attachment; name"), "MalformedPOSTRequest"),
            (TYPE, file.replace("\r\n\r\n", "\n\n"), "MalformedPOSTRequest"),
        ] {
            assert_eq!(
                code(content_type, &body),
                expected,
                "{content_type:?} {}",
                body.get(..80).unwrap_or(&body)
            );
        }
        let many: String = (0..=MAX_FIELDS).map(|index| part(&format!("f{index}"), "")).collect();
        assert_eq!(code(TYPE, &(many + &file)), "MaxPostPreDataLengthExceededError");
    }
}
