"""The files that firms of a world would hand over: a few of them, written through the formats of banks, platforms and offices.

`sample.py` chooses firms, `names.py` makes up what they are called, `cast.py` says what each code in their records stands for,
`bills.py` what a wallet's bill tells of each order, `shelf.py` writes the files, `handing.py` all of a world's; `formats.py`
declares what each format cannot say.
"""

from weilend.economy.files.formats import FORMATS, Format, as_read, compared, format_of
from weilend.economy.files.handing import Folder, hand_over
from weilend.economy.files.shelf import Handed

__all__ = ["FORMATS", "Folder", "Format", "Handed", "as_read", "compared", "format_of", "hand_over"]
