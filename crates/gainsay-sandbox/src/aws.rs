//! For the clients of the AWS SDK: their HTTP connector, answered in process; their time source;
//! their credentials.

use std::time::SystemTime;

use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;

use crate::{Answered, Credentials, Sandbox};

impl HttpConnector for Sandbox {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sandbox = self.clone();
        HttpConnectorFuture::new(async move {
            let request =
                request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            response(sandbox.answer(http::Request::from_parts(parts, body.into())).await).await
        })
    }
}

async fn response(answer: Answered) -> Result<HttpResponse, ConnectorError> {
    let rulings = answer.rulings();
    let (parts, body) = answer.response.into_parts();
    let status = StatusCode::try_from(parts.status.as_u16())
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    let body = body.collect().await.map_err(|error| ConnectorError::other(error, None))?.to_bytes();
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in &parts.headers {
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    response.add_extension(rulings);
    Ok(response)
}

impl aws_smithy_async::time::TimeSource for Sandbox {
    fn now(&self) -> SystemTime {
        Sandbox::now(self)
    }
}

impl From<Credentials> for aws_credential_types::Credentials {
    fn from(of: Credentials) -> Self {
        Self::new(of.access_key_id, of.secret_access_key, of.session_token, None, "the sandbox")
    }
}
