"""Fixtures that every room's tests share."""

import pytest


@pytest.fixture(scope="session")
def real_data() -> None:
    """Skip where the public benchmark files are neither cached nor mirrored."""
    from nasutils.data.fetch import locate
    from nasutils.data.tables import get_table, table_names

    needed = {source for table in table_names() for source in get_table(table).sources}
    missing = [name for name in sorted(needed) if locate(name) is None]
    if missing:
        pytest.skip(
            f"benchmark files not here (set NASUTILS_MIRROR): {', '.join(missing[:3])}, ..."
        )
