"""Files as answers."""

from typing import IO

from django.http import FileResponse


def file_response(file: IO[bytes], *, filename: str, content_type: str = "application/pdf") -> FileResponse:
    """Stream a file as a download that no cache keeps; the file name may hold anything."""
    return FileResponse(
        file,
        as_attachment=True,
        filename=filename.replace("/", "-"),
        content_type=content_type,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )
