"""Turn a version's number that somebody sent into one that PostgreSQL compares with an integer column, without an error."""

INTEGER_MAX = 2**31 - 1


def version_key(number: int) -> int:
    """Return `number`; -1, which no row has, if it is below 1 or no integer column can hold it.

    >>> version_key(7), version_key(0), version_key(2**31)
    (7, -1, -1)
    """
    return number if 1 <= number <= INTEGER_MAX else -1
