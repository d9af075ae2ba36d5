"""`python -m zd_assets`: the same as the console script `zd-assets`."""

from zd_assets.cli.main import main

if __name__ == "__main__":
    main(prog_name="python -m zd_assets")
