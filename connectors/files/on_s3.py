"""Lists in a bucket: Amazon S3, or another maker's that speaks its language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from config.sources import SourceSettings
from connectors.files.remote import Place, RemoteFile, Secret, fits, missing, refused
from overlap.errors import ConfigError, TransientError

_CHUNK: Final = 1_000_000
#: What passes by itself; everything else that S3 says is about keys, names or rights.
_PASSING: Final = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "Throttling"})


@contextmanager
def opened(files: str, source: SourceSettings, secret: Secret) -> Iterator[Place]:
    """Yield the bucket of *files* (``s3://BUCKET/PREFIX*``)."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
    except ImportError as error:
        raise missing("boto3", "s3", "files = 's3://...'") from error
    bucket, _, pattern = files.removeprefix("s3://").partition("/")
    if not bucket or not pattern:
        raise ConfigError(f"files = '{files}': write s3://BUCKET/PREFIX*")
    keys: dict[str, Any] = {}
    if source.access_key and source.secret_key:
        keys = {
            "aws_access_key_id": secret(source.access_key),
            "aws_secret_access_key": secret(source.secret_key),
        }
    try:
        client = boto3.client(
            "s3",
            region_name=source.region or "us-east-1",
            endpoint_url=source.endpoint,
            verify=str(source.ca_file) if source.ca_file else None,
            config=Config(
                connect_timeout=source.timeout_s, read_timeout=source.timeout_s, retries={"total_max_attempts": 1}
            ),
            **keys,
        )
        yield _Bucket(client, bucket, pattern)
    except NoCredentialsError as error:
        raise refused(files, "no keys", "set access_key and secret_key in [partners.X.source]") from error
    except HTTPClientError as error:
        raise TransientError(f"{files}: {error}") from error
    except ClientError as error:
        said = error.response.get("Error", {})
        if said.get("Code") in _PASSING:
            raise TransientError(f"{files}: {said['Code']}") from error
        remedy = "check bucket and keys: they must be allowed to list the bucket and to read its objects"
        raise refused(files, f"S3 says {said.get('Code')}: {said.get('Message')}", remedy) from error
    except BotoCoreError as error:
        raise refused(files, str(error), "check [partners.X.source]") from error
    finally:
        client.close()


class _Bucket:
    def __init__(self, client: Any, bucket: str, pattern: str) -> None:
        self._client = client
        self._bucket = bucket
        self._pattern = pattern

    def listing(self) -> list[RemoteFile]:
        prefix = re.split(r"[*?\[]", self._pattern, maxsplit=1)[0]
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        found = [one for page in pages for one in page.get("Contents", ()) if fits(one["Key"], self._pattern)]
        return [
            RemoteFile(one["Key"].rpartition("/")[2], one["Key"], one["LastModified"], one["Size"])
            for one in found
            if not one["Key"].endswith("/")
        ]

    def read(self, file: RemoteFile) -> Iterator[bytes]:
        body = self._client.get_object(Bucket=self._bucket, Key=file.place)["Body"]
        with body:
            yield from body.iter_chunks(_CHUNK)
