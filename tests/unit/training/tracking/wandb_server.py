"""A stand-in for wandb's server on this machine: enough of it for a run to arrive."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from typing import Any


class WandbServer(http.server.ThreadingHTTPServer):
    """Answers wandb's program and keeps what it sends.

    rows: the logged rows as they arrived. bodies: everything that was sent, but for log-in headers.
    """

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> WandbServer:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: WandbServer

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.bodies.append(body)
        result: dict[str, Any] = {}
        if self.path.endswith("/graphql"):
            result = {"data": _answer_of(json.loads(body))}
        elif self.path.endswith("/file_stream"):
            history = json.loads(body).get("files", {}).get("wandb-history.jsonl", {})
            self.server.rows += [json.loads(line) for line in history.get("content", [])]
        reply = json.dumps(result).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_POST = do_PUT = answer  # noqa: N815


def _answer_of(question: dict[str, Any]) -> dict[str, Any]:
    kind, values = question.get("operationName"), question.get("variables") or {}
    if kind == "Viewer":
        user = {"id": "v", "entity": "team", "username": "me", "flags": "{}"}
        return {"viewer": user | {"teams": {"edges": []}}}
    if kind == "RunResumeStatus":
        return {"model": None}
    if kind == "CreateRunFiles":
        return {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": []}}
    if kind != "UpsertBucket":
        return {}
    project = {"id": "p", "name": "p", "entity": {"id": "e", "name": "team"}}
    bucket = {"id": "r", "name": values.get("name"), "displayName": "n", "description": None}
    bucket |= {"config": "{}", "sweepName": None, "project": project, "historyLineCount": 0}
    return {"upsertBucket": {"bucket": bucket, "inserted": True}}
