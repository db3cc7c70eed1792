#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    postern_runtime::run(&postern_core::functions::SERVICE_INSPECTOR).await
}
