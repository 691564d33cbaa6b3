"""The evaluation of the language room: `heedful evaluate language --data FOLDER`. One file a family of tasks."""
