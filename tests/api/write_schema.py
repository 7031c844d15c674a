"""python -m tests.api.write_schema: writes docs/openapi.json anew, as the code says."""

from pathlib import Path

import django

from tests import environment

if __name__ == "__main__":
    environment.fix()
    django.setup()
    from sessions_admin.api.schema import as_text

    target = Path(__file__).resolve().parent.parent.parent / "docs" / "openapi.json"
    target.write_text(as_text(), encoding="utf-8")
    print(f"{target.name}: {target.stat().st_size:,} bytes")
