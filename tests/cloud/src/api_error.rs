//! An error that a service of the model answers with.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// As the API has it, without CloudTrail's prefix `Client.`.
    pub code: String,
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}
