"""A core system that sends whatever a test tells it to, over real HTTP in the form of CASSE."""

import base64
import hashlib

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Insurer:
    def __init__(self):
        self.policies = []
        self.documents = {}
        self.served = []
        self.is_away = False
        self.app = Starlette(
            routes=[
                Route("/oauth/token", self._token, methods=["POST"]),
                Route("/v1/policies", self._policies),
                Route("/v1/policies/{policy}/documents", self._list),
                Route("/v1/policies/{policy}/documents/{document}", self._document),
            ]
        )

    def offer(self, reference, content, *, name="poliza.pdf", content_type="application/pdf", announced=None):
        """Offer a document; `announced` replaces the content of which the list gives the sha-256."""
        listed = {
            "reference": reference,
            "name": name,
            "content_type": content_type,
            "sha256": hashlib.sha256(content if announced is None else announced).hexdigest(),
            "issued_on": "2026-01-01",
        }
        self.documents[reference] = (listed, content)

    async def _token(self, request):
        return JSONResponse({"access_token": "t", "expires_in": 3600})

    async def _policies(self, request):
        if self.is_away:
            return Response(status_code=500)
        rows = sorted(self.policies, key=lambda row: (row["updated_at"], row["reference"]))
        return JSONResponse({"results": rows, "snapshot": "s1", "total": len(rows), "next_cursor": None})

    async def _list(self, request):
        if self.is_away:
            return Response(status_code=500)
        return JSONResponse({"results": [listed for listed, _ in self.documents.values()]})

    async def _document(self, request):
        reference = request.path_params["document"]
        self.served.append(reference)
        listed, content = self.documents[reference]
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return Response(content, media_type=listed["content_type"], headers={"Digest": f"sha-256={digest}"})
