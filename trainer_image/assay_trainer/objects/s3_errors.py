"""The meaning of S3's errors, and what to do about each."""

from __future__ import annotations

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)

from assay_trainer.objects.errors import ObjectNotFound, StoreError
from assay_trainer.objects.s3_retries import code_of, http_status_of, may_pass

_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the process another source of boto3's, such as a "
    "service account with AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE"
)
_REMEDIES = {
    "NoSuchBucket": "there is no such bucket: create it, or correct the URI",
    "AccessDenied": "the credentials do not allow it: s3:GetObject and s3:PutObject are needed on the prefix, and "
    "s3:ListBucket on the bucket, without which a missing object is denied as well; s3:DeleteObject on checkpoints/",
    "InvalidAccessKeyId": f"the server does not know the access key: {_CREDENTIALS}",
    "SignatureDoesNotMatch": "the secret key is wrong: correct AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired: renew them",
    "InvalidToken": "the session token is wrong: correct AWS_SESSION_TOKEN, or unset it",
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it",
    "PermanentRedirect": "the bucket is in another region: set AWS_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set AWS_REGION",
    "EntityTooLarge": "the object is larger than the server takes at once (5 GiB)",
}
_REMEDIES["403"] = _REMEDIES["Forbidden"] = _REMEDIES["AccessDenied"]  # of a HEAD request, whose response has no body
_MISSING = frozenset({"NoSuchKey", "404"})


def store_error(error: Exception, uri: str, endpoint: str | None) -> StoreError:
    """Return the StoreError for an error: the URI, the cause, what to do. It is ObjectNotFound if the key is
    missing."""
    if code_of(error) in _MISSING:
        return ObjectNotFound(uri)
    said = _said(error, uri, endpoint)
    said.may_pass = may_pass(error)
    return said


def _said(error: Exception, uri: str, endpoint: str | None) -> StoreError:
    server = f"the S3 server at {endpoint}" if endpoint else "S3"
    if isinstance(error, ClientError):
        code, status = code_of(error), str(http_status_of(error))
        if error.operation_name.startswith("AssumeRole"):  # boto3's own call, to STS
            return StoreError(f"{uri}: no credentials for {server}: {error}")
        remedy = _REMEDIES.get(code) or error.response["Error"].get("Message") or "it did not say why"
        return StoreError(f"{uri}: {server} answered {code if code == status else f'{status} {code}'}: {remedy}")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StoreError(f"{uri}: no credentials for {server}: {_CREDENTIALS}")
    if isinstance(error, SSLError):
        return StoreError(f"{uri}: no trusted connection to {server} ({_cause(error)}): AWS_CA_BUNDLE names a bundle")
    if isinstance(error, ConnectionError | HTTPClientError):
        return StoreError(
            f"{uri}: {server} can't be reached ({_cause(error)}): check AWS_ENDPOINT_URL_S3, and that it runs"
        )
    return StoreError(f"{uri}: {server}: {error}")


def _cause(error: Exception) -> str:
    """Return the shortest text among the errors that botocore wrapped."""
    inner = getattr(error, "kwargs", {}).get("error")
    return str(inner or error).rpartition(": ")[2]
