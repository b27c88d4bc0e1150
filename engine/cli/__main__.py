"""`python -m engine.cli`: the command line without the pages."""

from engine.cli import main

raise SystemExit(main())
