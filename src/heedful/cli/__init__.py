"""The command line: thin words around `heedful.loops`; everything heavy is imported when a command needs it."""
