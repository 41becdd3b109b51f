"""URIs of data sets, with credentials in them and without."""

from __future__ import annotations

WITH_CREDENTIALS = (
    "https://me:secret@host/t.csv",
    "postgres://me:secret@db/t",
    "https://ghp_token@github.com/t.csv",
    "git+https://token@host/t",
    "HTTPS://token@host/t",
    "https://bucket.s3.amazonaws.com/t.csv?X-Amz-Credential=A&X-Amz-Date=1&X-Amz-Signature=b",
    "https://storage.googleapis.com/b/t?X-Goog-Signature=b",
    "https://a.blob.core.windows.net/c/t?sv=1&sig=b",
    "https://bucket/t?AWSAccessKeyId=A&Expires=1&Signature=b",
    "https://host/t?access_token=a",
    "https://host/t?a=1&api-key=a",
    "https://host/t#token=a",
)

WITHOUT_CREDENTIALS = (
    "s3://bucket/folder/a:b@c.csv",
    "abfss://container@account.dfs.core.windows.net/t",
    "postgres://reader@db/t",
    "hf://datasets/someone/name@main/t.parquet",
    "lakefs://repository/main/t?tokenizer=bpe",
    "https://host/t.h5?key=train&design=2",
    "https://host/@user/t.csv",
    "file:///folder/a@b.csv",
    "version:3",
)
