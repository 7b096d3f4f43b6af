//! The Lambda function of the AWS Config rule netPolCheck.

use cluster_access::{RuleName, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(RuleName::NetPolCheck).await
}
