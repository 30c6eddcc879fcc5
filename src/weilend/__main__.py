"""In: nothing. Out: the command line. Used: as `python -m weilend`, where a script is not on the path."""

from weilend.app.cli.main import main

if __name__ == "__main__":
    main()
