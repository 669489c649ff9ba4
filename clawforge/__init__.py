"""Policy as code for fleets of AI agents: the library that the command line, the server and the agent share."""

__version__ = "0.1.0"
