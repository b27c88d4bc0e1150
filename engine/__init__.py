"""The engine of Duijie: what reads, maps and writes documents, without a web page in it.

Floors, from the ground up; a floor imports only what stands below it:

    model                          values: what a scheme, a catalogue, a call is
    mapping, wire                  pure transformation; talking to vendors
    document                       text <-> values: YAML schemes and catalogues, checked
    qeasy                          metadata of 轻易云 into the text of a scheme
    store                          the database, which is the truth
    run                            the loops: pull, push, and who runs them when
    registry, services, health, cli, simulate      the top, which may see all of the above

`tests/test_floors.py` holds this; connectors see `engine.connect` and nothing else.
"""
