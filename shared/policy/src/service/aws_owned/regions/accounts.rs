//! Accounts of AWS services by Region.

/// Accounts of the layers of the AppConfig Agent.
/// <https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions-versions.html>
pub(in super::super) const APPCONFIG_AGENT: &[(&str, &str)] = &[
    ("af-south-1", "574348263942"),
    ("ap-east-1", "630222743974"),
    ("ap-east-2", "730335625313"),
    ("ap-northeast-1", "980059726660"),
    ("ap-northeast-2", "826293736237"),
    ("ap-northeast-3", "706869817123"),
    ("ap-south-1", "554480029851"),
    ("ap-south-2", "489524808438"),
    ("ap-southeast-1", "421114256042"),
    ("ap-southeast-2", "080788657173"),
    ("ap-southeast-3", "418787028745"),
    ("ap-southeast-4", "307021474294"),
    ("ap-southeast-5", "631746059939"),
    ("ap-southeast-6", "381491832265"),
    ("ap-southeast-7", "851725616657"),
    ("ca-central-1", "039592058896"),
    ("ca-west-1", "436199621743"),
    ("cn-north-1", "615057806174"),
    ("cn-northwest-1", "615084187847"),
    ("eu-central-1", "066940009817"),
    ("eu-central-2", "758369105281"),
    ("eu-north-1", "646970417810"),
    ("eu-south-1", "203683718741"),
    ("eu-south-2", "586093569114"),
    ("eu-west-1", "434848589818"),
    ("eu-west-2", "282860088358"),
    ("eu-west-3", "493207061005"),
    ("il-central-1", "895787185223"),
    ("me-central-1", "662846165436"),
    ("me-south-1", "559955524753"),
    ("mx-central-1", "891376990304"),
    ("sa-east-1", "000010852771"),
    ("us-east-1", "027255383542"),
    ("us-east-2", "728743619870"),
    ("us-gov-east-1", "946561847325"),
    ("us-gov-west-1", "946746059096"),
    ("us-west-1", "958113053741"),
    ("us-west-2", "359756378197"),
];

/// See the head of the file.
pub(in super::super) const SAGEMAKER_REGISTRIES: &str = include_str!("../../../../data/sagemaker-registries.txt");
