"""`python -m engine.simulate`: the simulators without the rest of the command line."""

from engine.simulate.server import main

raise SystemExit(main())
