"""Files as answers."""

from typing import IO

from django.http import FileResponse


def pdf_response(file: IO[bytes], *, filename: str) -> FileResponse:
    """Stream a PDF as a download that no cache keeps; the file name may hold anything."""
    return FileResponse(
        file,
        as_attachment=True,
        filename=filename.replace("/", "-"),
        content_type="application/pdf",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )
