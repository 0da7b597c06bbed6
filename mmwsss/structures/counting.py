"""Numbers of things in messages."""


def counted(number: int, noun: str) -> str:
    """Say how many there are of something.

    Args:
        number (int): The number.
        noun (str): What is counted, in the singular; its plural ends in s.

    Returns:
        str: Such as '1 photo' or '3 photos'.
    """
    return f'{number} {noun}' + ('' if number == 1 else 's')
