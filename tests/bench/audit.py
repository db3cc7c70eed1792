"""Measures `postern audit` of 41 VPCs with 200 endpoints in three Regions of moto: PROGRAM, a release build.

Prints processor time and peak memory of the program, and how many calls it makes. Needs the Python of .venv.
"""

import json
import multiprocessing
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

REGIONS = ["eu-central-1", "eu-west-1", "us-east-1"]
VPCS, ENDPOINTS, RUNS = 41, 200, 5
SERVICES = ["sts", "kms", "logs", "sqs"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("audit: moto does not start")


def populate():
    """VPCs of two subnets and up to six endpoints each, besides the default VPC of each Region."""
    import boto3

    endpoints = 0
    for number in range(VPCS - len(REGIONS)):
        region = REGIONS[number % len(REGIONS)]
        ec2 = boto3.client("ec2", region_name=region)
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.{third}.0/24", AvailabilityZone=region + zone)
            for third, zone in enumerate("ab")
        ]
        subnets = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        for service in SERVICES + ["s3", "dynamodb"]:
            if endpoints == ENDPOINTS:
                break
            endpoints += 1
            gateway = service in ("s3", "dynamodb")
            ec2.create_vpc_endpoint(
                VpcId=vpc,
                ServiceName=f"com.amazonaws.{region}.{service}",
                VpcEndpointType="Gateway" if gateway else "Interface",
                **({"RouteTableIds": [tables[0]["RouteTableId"]]} if gateway else {"SubnetIds": subnets[:1]}),
            )


def audit(program, directory):
    regions = [argument for region in REGIONS for argument in ("--region", region)]
    command = [program, "audit", *regions, "--fail-on", "never", "--format", "json"]
    with open(os.path.join(directory, "audit.json"), "wb") as output:
        child = subprocess.Popen(command, cwd=directory, stdout=output, stderr=subprocess.PIPE)
        said = child.stderr.read().decode()
        _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"audit: {' '.join(command)} failed:\n{said}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main(program):
    program = str(pathlib.Path(program).resolve())
    port = free_port()
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION=REGIONS[0],
        AWS_REGION=REGIONS[0],
        AWS_EC2_METADATA_DISABLED="true",
    )
    with tempfile.TemporaryDirectory() as directory:
        log = pathlib.Path(directory, "moto.log")
        moto = pathlib.Path(sys.executable).parent / "moto_server"
        with log.open("wb") as output:
            server = subprocess.Popen([moto, "-H", "127.0.0.1", "-p", str(port)], stdout=output, stderr=output)
        try:
            wait_for(port)
            # In a process of its own: the peak memory of a program counts that of the process that starts it.
            person = multiprocessing.get_context("spawn").Process(target=populate)
            person.start()
            person.join()
            if person.exitcode:
                sys.exit("audit: moto refuses what is to be audited")
            before = len(log.read_bytes().splitlines())
            used = [audit(program, directory) for _ in range(RUNS)]
            answers = re.findall(rb'HTTP/1.1" \d+', b"\n".join(log.read_bytes().splitlines()[before:]))
            report = json.loads(pathlib.Path(directory, "audit.json").read_text(encoding="utf-8"))
        finally:
            server.terminate()
            server.wait()
    print("| Audit | Processor time | Peak memory | Calls | Target |\n| --- | ---: | ---: | ---: | ---: |")
    seconds, memory = (max(figures) for figures in zip(*used))
    vpcs = len(report["scopes"])
    print(
        f"| {vpcs} VPCs, {ENDPOINTS} endpoints, {len(REGIONS)} Regions | {seconds:.3f} s | {memory:.0f} MiB "
        f"| {len(answers) // RUNS} | 0.2 s, 64 MiB |"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
